"""Who is given up when not everything fits."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mlview.planning.scheduling.admission import crowded_out, demand


def asked(order, due, costs, **values):
    given_ = {"now": 0.0, "load": 0.0, "slots": 1, "spare": 0.0}
    return demand(order, due=due, costs=costs, **given_ | values)


def test_one_job_is_urgent_once_its_slack_is_used_up():
    assert asked([0], [100.0], [10.0]).urgent == 0
    assert asked([0], [100.0], [10.0]).wake_in == 90
    assert asked([0], [100.0], [10.0], now=90.0).urgent == 1


def test_jobs_that_are_due_together_start_early_together():
    due, costs = [100.0, 100.0, 100.0], [10.0, 10.0, 10.0]
    assert asked([0, 1, 2], due, costs).wake_in == 70
    assert asked([0, 1, 2], due, costs, now=70.0).urgent == 3
    assert asked([0, 1, 2], due, costs, slots=3, now=70.0).urgent == 0


def test_nobody_starts_early_for_what_cannot_be_met():
    found = asked([0, 1, 2, 3], [25.0, 25.0, 25.0, 99.0], [10.0, 10.0, 10.0, 10.0])
    assert (found.urgent, found.wake_in) == (0, None)


def test_who_is_late_in_any_case_keeps_nobody_from_starting_early():
    assert asked([0, 1, 2], [5.0, 40.0, 40.0], [10.0, 10.0, 10.0], now=10.0).urgent == 3


def test_of_equal_worth_the_longest_is_given_up():
    due, costs, worth = [9.0, 9.0, 9.0], [3.0, 5.0, 4.0], {0: 1.0, 1: 1.0, 2: 1.0}
    out = crowded_out([0, 1, 2], due=due, costs=costs, worth=worth, now=0, load=0, slots=1)
    assert out == {1}


jobs = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 12), st.integers(1, 5)), min_size=1, max_size=7
)


def in_time(kept, due, costs):
    clock = 0
    for job in kept:
        clock += costs[job]
        if clock > due[job]:
            return False
    return True


@given(jobs)
def test_what_is_kept_fits_and_with_equal_worth_no_more_could(found):
    found.sort()
    due, costs = [max(d, c) for d, c, _ in found], [c for _, c, _ in found]
    order = sorted(range(len(found)), key=due.__getitem__)
    # Worth falling with the cost is Moore and Hodgson's own rule, which keeps the most jobs.
    worth = {job: 1 / costs[job] for job in order}
    out = crowded_out(order, due=due, costs=costs, worth=worth, now=0, load=0, slots=1)
    kept = [job for job in order if job not in out]
    assert in_time(kept, due, costs)
    best = max(
        size
        for size in range(len(order) + 1)
        for some in combinations(order, size)
        if in_time(some, due, costs)
    )
    assert len(kept) == best


def test_nobody_goes_for_a_job_that_is_late_in_any_case():
    out = crowded_out(
        [0, 1], due=[-5.0, 10.0], costs=[8.0, 9.0], worth={0: 9.0, 1: 1.0}, now=0, load=0, slots=2
    )
    assert out == {1}

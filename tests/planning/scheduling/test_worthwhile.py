"""When a run pays, by what live quality says."""

from hypothesis import given
from hypothesis import strategies as st

from mlview.planning.scheduling import CostAware, Scheduler, SlaPolicy

HOUR = 3600.0


def model(view, **values):
    given_ = {"target_lag": HOUR, "stale_since": 0.0, "read_at": 0.0, "cost": 60.0}
    return view(1, **given_ | {"live_drop": 0.05, "live_n": 10_000} | values)


def starts(*views, now=2 * HOUR, **policy):
    decision = Scheduler(1, 1.0, CostAware(**{"price": 1.0} | policy)).decide(views, now)
    return [[str(step.name) for step in start.steps] for start in decision.starts]


def test_it_runs_once_what_was_lost_is_worth_the_run(view):
    # 0.045 x 7200 s is 324, and a run costs 60; after 1200 s it is 54.
    assert starts(model(view), now=7200.0) == [["v1"]]
    assert starts(model(view, target_lag=600.0), now=1200.0) == []
    assert starts(model(view, cost=400.0)) == []
    assert starts(model(view, cost=400.0), price=2.0) == [["v1"]]


def test_few_rows_prove_no_drop(view):
    assert starts(model(view, live_n=50)) == []
    assert starts(model(view, live_n=50), sureness=0.0) == [["v1"]]


def test_a_model_as_good_as_ever_is_not_refreshed_before_it_is_very_old(view):
    good = model(view, live_drop=0.0)
    assert starts(good, now=29 * HOUR) == []
    assert starts(good, now=30 * HOUR) == [["v1"]]


def test_without_truth_a_target_is_kept(view):
    assert starts(model(view, live_drop=None, live_n=0)) == [["v1"]]


def test_a_predicate_that_is_true_is_obeyed(view):
    assert starts(model(view, live_drop=0.0, predicate_due=True)) == [["v1"]]


def test_a_target_is_a_promise_unless_the_policy_says_otherwise(view):
    assert len(Scheduler(1, 1.0).decide([model(view, live_drop=0.0)], 2 * HOUR).starts) == 1


def test_who_is_not_worth_a_run_waits_with_a_reason_and_is_not_called_late(view):
    decision = Scheduler(1, 1.0, CostAware(price=1.0)).decide(
        [model(view, live_drop=0.0)], 2 * HOUR
    )
    assert (decision.shed, decision.warnings) == ((), ())
    (waiting,) = decision.waiting
    assert "does not pay" in waiting.reason


def test_it_is_refreshed_all_the_same_for_a_reader_who_needs_it(view):
    parent = model(view, live_drop=0.0)
    reader = view(2, parents=(1,), target_lag=HOUR, stale_since=0.0, cost=1.0, gap=9e9)
    assert starts(parent, reader) == [["v1", "v2"]]


@given(st.floats(0.1, 1e4), st.floats(0, 1e6), st.integers(1, 5))
def test_all_else_is_as_the_other_policy_has_it(cost, gap, failures):
    base = SlaPolicy(room=1.1, patience=7.0, longest_pause=9.0)
    policy = CostAware(price=1.0, base=base)
    asked = {"weight": 3.0, "target": 60.0, "cost": cost, "gap": gap}
    assert policy.worth(**asked) == base.worth(**asked)
    assert policy.retry_after(failures, 1.0) == base.retry_after(failures, 1.0)
    assert (policy.room, policy.patience) == (1.1, 7.0)
    assert policy.standing(3.0) == base.standing(3.0)


def test_by_default_two_hundredths_lost_over_a_day_pay_for_half_an_hour(view):
    worse = {"live_drop": 0.02, "live_n": 10**9, "target_lag": 24 * HOUR}
    assert CostAware().pays(model(view, **worse), 1720.0, 24 * HOUR)
    assert not CostAware().pays(model(view, **worse), 1736.0, 24 * HOUR)

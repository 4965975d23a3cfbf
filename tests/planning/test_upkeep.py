"""Which upkeep is worth doing, and when nothing is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Name
from mlview.planning.lakes import TIERS, Files, LakeHealth, TableHealth
from mlview.planning.upkeep import (
    RULES,
    URGENT,
    Health,
    PastUpkeep,
    UpkeepAction,
    plan_upkeep,
    step_key,
    units_left,
)

NOW = datetime(2013, 3, 1, 12, tzinfo=UTC)
T = Name("t")
COLLECTED = step_key(UpkeepAction.COLLECT, "database", None)
MERGED = step_key(UpkeepAction.MERGE, "lake", T)
ENOUGH = RULES[UpkeepAction.MERGE].least


def ago(**length):
    return PastUpkeep(NOW - timedelta(**length), 0.1, 0.1)


def small(count, size=400):
    return TableHealth(T, (Files(count, count * size),) * len(TIERS))


def health(*tables, past=None, **lake):
    return Health(
        (LakeHealth("lake", tables=tables, **lake),), 0, {COLLECTED: ago(hours=2)} | (past or {})
    )


def planned(state, idle=10.0, now=NOW):
    return [(step.action.value, step.table) for step in plan_upkeep(state, now, idle)]


tables = st.builds(
    lambda count, size, inlined: TableHealth(
        T, (Files(count, count * size),) * len(TIERS), inlined
    ),
    st.integers(0, 5000), st.integers(1, 10**7), st.integers(0, 10**6),
)  # fmt: skip
lakes = st.builds(
    LakeHealth,
    st.sampled_from(["lake", "store"]),
    snapshots=st.integers(10**6, 10**7),
    expirable=st.integers(0, 10**6),
    scheduled=st.integers(0, 10**5),
    scheduled_since=st.sampled_from([None, NOW - timedelta(minutes=5), NOW - timedelta(days=2)]),
    tables=st.lists(tables, max_size=1).map(tuple),
)
states = st.builds(Health, lakes.map(lambda lake: (lake,)), st.integers(0, 1000))


def test_nothing_is_done_where_nothing_is_worth_doing():
    assert planned(health(small(ENOUGH - 1))) == []


def test_many_small_files_are_merged():
    (step,) = plan_upkeep(health(small(ENOUGH)), NOW, 10.0)
    assert (step.action, step.table, step.reason) == (
        UpkeepAction.MERGE,
        T,
        "32 files of t below 1 MiB to merge",
    )


def test_files_are_merged_with_those_of_their_size_and_smaller_ones():
    few = Files(3, 3000)
    table = TableHealth(T, (few, Files(ENOUGH + 3, 10**8), Files(ENOUGH + 3, 10**8)))
    (step,) = plan_upkeep(health(table), NOW, 10.0)
    assert (TIERS[step.tier], step.key) == (16 << 20, "merge1:lake:t")


def test_files_that_the_last_merge_had_to_leave_do_not_count():
    left = PastUpkeep(NOW - timedelta(hours=1), 0.1, 0.1, left=100)
    assert planned(health(small(100 + ENOUGH - 1), past={MERGED: left})) == []
    assert planned(health(small(100 + ENOUGH), past={MERGED: left})) == [("MERGE", T)]


def test_it_is_not_done_again_before_a_pause():
    assert planned(health(small(ENOUGH), past={MERGED: ago(seconds=59)})) == []
    assert planned(health(small(ENOUGH), past={MERGED: ago(seconds=60)})) == [("MERGE", T)]


def test_each_failure_in_a_row_doubles_the_pause_up_to_a_day():
    def after(failures, **length):
        past = PastUpkeep(NOW - timedelta(**length), 0.1, 0.1, failures=failures)
        return planned(health(small(ENOUGH), past={MERGED: past}))

    assert after(3, minutes=7) == []
    assert after(3, minutes=8) == [("MERGE", T)]
    assert after(99, hours=23) == []
    assert after(99, hours=24) == [("MERGE", T)]


def test_a_clock_that_was_set_back_delays_nothing():
    future = {MERGED: PastUpkeep(NOW + timedelta(days=900), 0.1, 0.1)}
    assert planned(health(small(ENOUGH), past=future)) == [("MERGE", T)]


def test_files_are_deleted_only_when_no_read_can_still_be_using_them():
    state = {"scheduled": 10_000}
    young = health(**state, scheduled_since=NOW - timedelta(minutes=59))
    old = health(**state, scheduled_since=NOW - timedelta(minutes=61))
    assert (planned(young), planned(old)) == ([], [("CLEAN", None)])


def test_a_few_old_snapshots_wait_for_a_day_and_many_do_not():
    expired = {step_key(UpkeepAction.EXPIRE, "lake", None): ago(hours=23)}
    assert planned(health(snapshots=900, expirable=499, past=expired)) == []
    assert planned(health(snapshots=900, expirable=500, past=expired)) == [("EXPIRE", None)]
    late = NOW + timedelta(hours=1)
    assert planned(health(snapshots=900, expirable=1, past=expired), now=late) == [("EXPIRE", None)]


def test_it_is_predicted_from_how_long_it_took_the_last_time():
    slow = {MERGED: PastUpkeep(NOW - timedelta(hours=1), 0.6, 0.2)}
    (first,) = plan_upkeep(health(small(ENOUGH)), NOW, 10.0)
    (next_time,) = plan_upkeep(health(small(ENOUGH), past=slow), NOW, 10.0)
    assert next_time.predicted_seconds == pytest.approx(3 * first.predicted_seconds)


def test_what_has_become_pressing_does_not_wait_for_an_idle_moment():
    assert planned(health(small(URGENT * ENOUGH - 1)), idle=0.0) == []
    assert planned(health(small(URGENT * ENOUGH)), idle=0.0) == [("MERGE", T)]


@given(state=states, idle=st.floats(0, 100))
def test_what_is_not_pressing_fits_into_the_idle_moment(state, idle):
    steps = plan_upkeep(state, NOW, idle)
    assert len({step.key for step in steps}) == len(steps)
    used = 0.0
    for step in steps:
        used += step.predicted_seconds
        assert step.urgent or used <= idle + 1e-9


@given(state=states)
def test_what_was_done_and_left_something_is_not_done_again_on_the_next_tick(state):
    steps = plan_upkeep(state, NOW, 1e9)
    done = {
        step.key: PastUpkeep(NOW, 0.1, step.prior_seconds, units_left(state, step))
        for step in steps
    }
    again = Health(state.lakes, state.surplus_versions, done)
    assert {step.key for step in plan_upkeep(again, NOW + timedelta(seconds=1), 1e9)} <= {
        step_key(UpkeepAction.MERGE, lake.lake, table.name, tier)
        for lake in state.lakes
        for table in lake.tables
        for tier in range(len(TIERS))
    } - set(done)

"""Staleness: read off what was observed, never under-reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Kind, Name
from mlview.planning import SourceReach, UpstreamMove, judge, judge_all
from mlview.records import State

T = Name("t")
minutes = st.floats(-600, 600).map(lambda m: round(m, 3))


def judged(scene, *views, at=0.0):
    """The staleness of views given parents first, so many minutes after noon, by name."""
    found = judge_all(views, [view.name for view in views], scene.minutes(at))
    return {name.name: stale for name, stale in found.items()}


@given(age=st.floats(0, 1e9))
def test_an_untouched_view_is_never_stale_however_old_it_is(scene, age):
    stale = judge(scene.view("v"), {}, scene.noon + timedelta(seconds=age))
    assert (stale.state, stale.lag_sec, stale.changed_rows) == (State.FRESH, 0.0, 0)


def test_lag_starts_at_the_earliest_commit_the_view_has_not_seen(scene):
    changes = (scene.change("t", 10), scene.change("u", 5))
    stale = judge(scene.view("v", changes=changes), {}, scene.minutes(20))
    assert (stale.state, stale.lag_sec, stale.changed_rows) == (State.STALE, 15 * 60, 6)
    assert stale.stale_reason == "t: +3 -0 rows; u: +3 -0 rows"


@given(commits=st.lists(st.tuples(minutes, minutes), min_size=1, max_size=4), now=minutes)
def test_lag_is_at_least_the_age_of_every_change_or_unknown(scene, commits, now):
    changes = tuple(
        scene.change(f"t{i}", min(pair), last=max(pair)) for i, pair in enumerate(commits)
    )
    stale = judge(scene.view("v", changes=changes), {}, scene.minutes(now))
    if any(change.last_changed_at > scene.minutes(now) for change in changes):
        assert (stale.state, stale.lag_sec) == (State.UNKNOWN, None)
    else:
        oldest = min(change.first_changed_at for change in changes)
        assert stale.lag_sec == (scene.minutes(now) - oldest).total_seconds() >= 0
        assert stale.state is State.STALE


def test_a_commit_from_the_future_is_unknown_and_not_zero(scene):
    view = scene.view("v", changes=(scene.change("t", 60),))
    stale = judge(view, {}, scene.noon)
    assert (stale.state, stale.lag_sec) == (State.UNKNOWN, None)
    assert "a time in the future" in stale.stale_reason


def test_a_commit_from_the_future_hides_no_earlier_one(scene):
    """The clock went back an hour between two commits: the first one may be of any age."""
    view = scene.view("v", changes=(scene.change("t", -5, last=60),))
    assert judge(view, {}, scene.noon).lag_sec is None


def test_a_change_nobody_can_date_or_count_is_unknown(scene):
    change = replace(scene.change("t", 1, rows=None), first_changed_at=None)
    stale = judge(scene.view("v", changes=(change,)), {}, scene.minutes(2))
    assert (stale.state, stale.lag_sec, stale.changed_rows) == (State.STALE, None, None)


def test_a_change_at_this_very_moment_is_a_change(scene):
    view = scene.view("v", changes=(scene.change("t", 0),))
    found = judged(scene, view, scene.view("w", "v"))
    assert (found["v"].state, found["v"].lag_sec) == (State.STALE, 0.0)
    assert (found["w"].state, found["w"].lag_sec) == (State.STALE, 0.0)


def test_changes_are_seen_through_any_number_of_views(scene):
    first = scene.view("v1", changes=(scene.change("t", 1),))
    found = judged(scene, first, scene.view("v2", "v1"), scene.view("v3", "v2"), at=2)
    assert [s.state for s in found.values()] == [State.STALE] * 3
    assert [s.lag_sec for s in found.values()] == [60.0] * 3
    assert [s.changed_rows for s in found.values()] == [3] * 3


def test_rows_of_a_table_that_is_read_twice_are_counted_once_and_as_the_larger(scene):
    parent = scene.view("v", changes=(scene.change("t", 1, rows=8),))
    child = scene.view("w", "v", changes=(scene.change("t", 2, rows=3), scene.change("u", 2)))
    assert judged(scene, parent, child, at=3)["w"].changed_rows == 11


@pytest.mark.parametrize("own_is_unknown", [True, False])
def test_rows_that_one_way_cannot_count_are_unknown(scene, own_is_unknown):
    counts = (None, 3) if own_is_unknown else (3, None)
    parent = scene.view("v", changes=(scene.change("t", 1, rows=counts[0]),))
    child = scene.view("w", "v", changes=(scene.change("t", 1, rows=counts[1]),))
    assert judged(scene, parent, child, at=3)["w"].changed_rows is None


def test_a_moved_pointer_upstream_is_a_change_at_the_move(scene):
    move = UpstreamMove(Name("v"), Kind.MATERIALIZED_VIEW, scene.minutes(4))
    found = judged(scene, scene.view("v"), scene.view("w", "v", moved=(move,)), at=5)
    assert (found["w"].state, found["w"].lag_sec) == (State.STALE, 60.0)
    assert found["w"].changed_rows is None, "what it changed is not known"


def test_a_window_has_not_moved_at_the_moment_it_was_read(scene):
    view = scene.view("v", window_from=scene.noon)
    assert judge(view, {}, scene.noon).state is State.FRESH
    later = judge(view, {}, scene.minutes(1))
    assert (later.state, later.lag_sec, later.changed_rows) == (State.STALE, 60.0, None)
    assert judge(view, {}, scene.minutes(-1)).state is State.UNKNOWN


def test_a_window_moves_when_the_first_row_leaves_it(scene):
    view = scene.view("v", window_from=scene.noon, window_until=scene.minutes(30))
    before = judge(view, {}, scene.minutes(29))
    assert (before.state, before.lag_sec, before.changed_rows) == (State.FRESH, 0.0, 0)
    at_that = judge(view, {}, scene.minutes(30))
    assert (at_that.state, at_that.lag_sec, at_that.changed_rows) == (State.STALE, 0.0, None)
    assert judge(view, {}, scene.minutes(40)).lag_sec == 600
    assert judge(view, {}, scene.minutes(-1)).lag_sec is None, "the clock was set back"


def test_a_commit_before_the_window_moves_counts_first(scene):
    view = scene.view(
        "v",
        window_from=scene.noon,
        window_until=scene.minutes(30),
        changes=(scene.change("t", 10),),
    )
    assert judge(view, {}, scene.minutes(20)).lag_sec == 600
    assert judge(view, {}, scene.minutes(40)).lag_sec == 1800


def test_nothing_live_is_unusable_with_the_reason(scene):
    stale = judge(scene.view("v", live=None, unusable_reason="one class"), {}, scene.noon)
    assert (stale.state, stale.lag_sec) == (State.UNUSABLE, None)
    assert (stale.changed_rows, stale.stale_reason) == (None, "one class")


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ({"missing": (T,)}, State.UNUSABLE),
        ({"lost": (T,)}, State.UNUSABLE),
        ({"broken": ("column t.x was dropped",)}, State.NEEDS_COMPILE),
        ({"recreated": (T,)}, State.STALE),
        ({"redefined": ("its definition was replaced",)}, State.STALE),
    ],
)
def test_what_became_of_the_inputs_decides_the_state(scene, seen, state):
    stale = judge(scene.view("v", **seen), {}, scene.minutes(1))
    assert (stale.state, stale.lag_sec) == (state, 60.0)
    if "broken" not in seen:
        assert stale.changed_rows is None


def test_a_view_over_what_cannot_be_used_cannot_be_used(scene):
    found = judged(scene, scene.view("v", missing=(T,)), scene.view("w", "v"), at=1)
    assert found["w"].state is State.UNUSABLE


def test_unknown_is_inherited(scene):
    parent = scene.view("v", changes=(scene.change("t", 60),))
    found = judged(scene, parent, scene.view("w", "v"))
    assert (found["w"].state, found["w"].lag_sec) == (State.UNKNOWN, None)


def test_a_suspended_view_tells_how_far_behind_it_is(scene):
    view = scene.view("v", suspended=True, changes=(scene.change("t", 1),))
    stale = judge(view, {}, scene.minutes(2))
    assert (stale.state, stale.lag_sec) == (State.SUSPENDED, 60.0)
    assert stale.stale_reason.startswith("suspended; t: +3")


@pytest.mark.parametrize(
    ("commit", "state"), [(None, State.FRESH), (0, State.STALE), (60, State.UNKNOWN)]
)
def test_a_view_over_a_suspended_one_is_as_stale_as_its_data(scene, commit, state):
    changes = () if commit is None else (scene.change("t", commit),)
    parent = scene.view("v", suspended=True, changes=changes)
    assert judged(scene, parent, scene.view("w", "v"))["w"].state is state


def test_target_lag_is_passed_on(scene):
    stale = judge(scene.view("v", target_lag=timedelta(hours=1)), {}, scene.noon)
    assert stale.target_lag_sec == stale.effective_target_lag_sec == 3600.0


@given(data=st.data())
def test_a_view_is_never_fresher_than_anything_it_reads(scene, data):
    views = []
    for i in range(data.draw(st.integers(1, 6))):
        reads = [f"v{j}" for j in range(i) if data.draw(st.booleans())]
        commits = data.draw(st.lists(minutes, max_size=2))
        changes = tuple(scene.change(f"t{n}", at) for n, at in enumerate(commits))
        views.append(scene.view(f"v{i}", *reads, changes=changes))
    found = judged(scene, *views, at=data.draw(minutes))
    for view in views:
        own = found[view.name.name]
        assert own.lag_sec is None or own.lag_sec >= 0
        assert (own.state is State.FRESH) == (own.lag_sec == 0 and own.stale_since is None)
        for read in view.reads:
            parent = found[read.name]
            if parent.lag_sec is None:
                assert own.lag_sec is None
            elif own.lag_sec is not None:
                assert own.lag_sec >= parent.lag_sec
            assert own.changed_rows >= parent.changed_rows


def test_a_suspended_view_says_who_suspended_it_and_why(scene):
    by_hand = judge(scene.view("v", suspended=True), {}, scene.noon)
    assert by_hand.stale_reason.startswith("suspended; ")
    told = scene.view("v", suspended=True, suspended_reason="5 scheduled refreshes failed in a row")
    reason = judge(told, {}, scene.noon).stale_reason
    assert reason.startswith("suspended: 5 scheduled refreshes failed in a row; ")


def test_of_several_sources_the_one_that_breaks_its_promise_most_is_told(scene):
    noon = scene.noon.timestamp()
    sources = (SourceReach(noon - 7200.0, 86_400.0), SourceReach(noon - 600.0, 60.0))
    stale = judge(scene.view("v", sources=sources), {}, scene.noon)
    assert (stale.source_lag_sec, stale.source_within_sec) == (600.0, 60.0)


def test_a_source_that_is_ahead_of_the_clock_does_not_lag(scene):
    sources = (SourceReach(scene.noon.timestamp() + 60.0, 60.0),)
    assert judge(scene.view("v", sources=sources), {}, scene.noon).source_lag_sec == 0.0


def test_without_a_source_nothing_is_known_of_the_world(scene):
    stale = judge(scene.view("v"), {}, scene.noon)
    assert (stale.source_lag_sec, stale.source_within_sec) == (None, None)

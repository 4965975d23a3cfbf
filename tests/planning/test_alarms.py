"""When somebody has to be told how stale a view is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Freshness, Kind, Name
from mlview.planning.alarms import Alarm, alarm, worst
from mlview.records import Staleness, State

HOUR = 3600.0
PROMISE = Freshness(warn_after=timedelta(hours=2), error_after=timedelta(hours=4))
ORDER = [Alarm.OK, Alarm.WARN, Alarm.BROKEN]


def stale(lag, state=State.STALE, target=None, source=None):
    """A view with a source that may be an hour behind the world, where `source` says it is."""
    return Staleness(
        Name("v"),
        Kind.MODEL,
        state,
        "",
        lag_sec=lag,
        target_lag_sec=target,
        source_lag_sec=source,
        source_within_sec=None if source is None else HOUR,
    )


def test_a_view_without_promises_may_be_as_stale_as_it_likes():
    assert alarm(stale(1000 * HOUR)) is Alarm.OK


@pytest.mark.parametrize(
    ("lag", "expected"),
    [
        (2 * HOUR, Alarm.OK),
        (2 * HOUR + 1, Alarm.WARN),
        (4 * HOUR, Alarm.WARN),
        (4 * HOUR + 1, Alarm.BROKEN),
    ],
)
def test_a_limit_that_is_reached_is_kept_and_one_that_is_passed_is_not(lag, expected):
    assert alarm(stale(lag), PROMISE) is expected


def test_a_passed_target_lag_is_a_warning():
    assert alarm(stale(HOUR, target=HOUR)) is Alarm.OK
    assert alarm(stale(HOUR + 1, target=HOUR)) is Alarm.WARN


def test_a_suspended_view_has_no_target_but_keeps_its_promise():
    assert alarm(stale(3 * HOUR, State.SUSPENDED, target=HOUR)) is Alarm.OK
    assert alarm(stale(3 * HOUR, State.SUSPENDED, target=HOUR), PROMISE) is Alarm.WARN


def test_a_view_that_needs_somebody_to_look_at_it_is_a_warning():
    assert alarm(stale(0.0, State.NEEDS_COMPILE)) is Alarm.WARN


@pytest.mark.parametrize("state", [State.UNUSABLE, State.UNKNOWN])
def test_unusable_and_unknown_are_broken(state):
    assert alarm(stale(0.0, state)) is Alarm.BROKEN


@pytest.mark.parametrize("state", list(State))
def test_a_lag_nobody_knows_is_never_well(state):
    assert alarm(stale(None, state)) is Alarm.BROKEN


def test_a_world_that_is_too_far_ahead_is_a_warning():
    assert alarm(stale(0.0, State.FRESH, source=HOUR)) is Alarm.OK
    assert alarm(stale(0.0, State.FRESH, source=HOUR + 1)) is Alarm.WARN
    assert alarm(stale(0.0, State.FRESH)) is Alarm.OK


@given(
    st.floats(0, 10 * HOUR),
    st.floats(0, 10 * HOUR),
    st.sampled_from(State),
    st.none() | st.just(HOUR),
)
def test_more_lag_is_never_less_alarming(one, other, state, target):
    less, more = sorted([one, other])
    first = alarm(stale(less, state, target), PROMISE)
    assert ORDER.index(first) <= ORDER.index(alarm(stale(more, state, target), PROMISE))


def test_the_worst_of_none_is_well():
    assert worst([]) is Alarm.OK

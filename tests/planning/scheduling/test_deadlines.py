"""When a view has to be published again."""

from math import inf

from mlview.planning.scheduling.deadlines import deadlines
from mlview.planning.scheduling.views import cheapest


def due(*views, now=0.0):
    places = {view.object_id: place for place, view in enumerate(views)}
    return deadlines(views, [cheapest(view) for view in views], places, now)


def test_the_clock_of_a_target_starts_with_the_first_change(view):
    assert due(view(1, stale_since=5.0, target_lag=60)) == [65]
    assert due(view(1, stale_since=None, target_lag=60)) == [inf]


def test_a_predicate_is_due_when_it_turns_true_if_that_is_earlier(view):
    assert due(view(1, stale_since=5.0, target_lag=60, predicate_at=30.0)) == [30]
    assert due(view(1, stale_since=5.0, predicate_at=90.0)) == [90]
    assert due(view(1, stale_since=5.0, predicate_due=True), now=7.0) == [7]


def test_a_parent_is_due_before_its_readers_by_what_they_cost(view):
    parent = view(1, stale_since=0.0, target_lag=600)
    child = view(2, parents=(1,), stale_since=0.0, target_lag=60, cost=10)
    grandchild = view(3, parents=(2,), stale_since=0.0, target_lag=40, cost=5)
    assert due(parent, child, grandchild) == [25, 35, 40]


def test_downstream_takes_the_tightest_reader_and_none_without_one(view):
    parent = view(1, stale_since=0.0, downstream=True)
    tight = view(2, parents=(1,), stale_since=0.0, target_lag=60, cost=10)
    loose = view(3, parents=(1,), stale_since=0.0, target_lag=90, cost=10)
    assert due(parent, tight, loose)[0] == 50
    assert due(parent) == [inf]


def test_a_suspended_reader_waits_for_nothing(view):
    parent = view(1, stale_since=0.0, downstream=True)
    assert due(parent, view(2, parents=(1,), stale_since=0.0, target_lag=9, suspended=True)) == [
        inf,
        inf,
    ]

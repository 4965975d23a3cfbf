"""What a look for one refresh counts, and what it only glances at."""

from __future__ import annotations

import pytest

from mlview.definitions import Name
from mlview.observation.closely import Closely
from mlview.planning import Demand

V, W, OTHER = Name("v"), Name("w"), Name("other")


@pytest.fixture
def stale(db, observer):
    """Three views that changes wait for: w over v over t, and one over u."""
    db.sql("CREATE MATERIALIZED VIEW other AS SELECT a FROM u")
    db.sql("INSERT INTO t VALUES (3, 3), (4, 4); INSERT INTO u VALUES (7)")
    return observer


def rows(observed, name):
    return [change.rows for change in observed.views[name].changes]


def test_a_view_that_a_refresh_has_nothing_to_do_with_is_changed_by_an_unknown_number(stale):
    look = stale.look(closely=Demand((W,)))
    assert rows(look, V) == [2]
    assert rows(look, OTHER) == [None]
    assert look.staleness(look.now)[OTHER].changed_rows is None


def test_who_asks_about_everything_after_a_refresh_looked_is_not_answered_from_its_look(stale):
    stale.look(closely=Demand((W,)))
    assert rows(stale.look(), OTHER) == [1]
    assert rows(stale.look(closely=Demand((V,))), V) == [2]


@pytest.mark.parametrize("full", [False, True])
def test_the_rows_of_what_is_asked_for_are_counted_also_after_a_look_for_another(stale, full):
    stale.look(closely=Demand((OTHER,), full=True))
    assert rows(stale.look(closely=Demand((V,), full=full)), V) == [2]


def test_what_is_made_in_full_needs_no_delta_and_what_it_reads_does(stale):
    graph = stale.look().graph
    asked = Closely.of(Demand((W,), full=True), graph)
    assert {V} <= asked.deltas
    assert W not in asked.deltas
    assert W in asked.counted
    assert Closely.of(Demand((W,)), graph).covers(asked)
    assert not asked.covers(Closely.of(Demand((W,)), graph))


def test_a_cascade_looks_at_all_that_reads_what_is_asked_for(stale):
    graph = stale.look().graph
    assert W in Closely.of(Demand((V,), cascade=True), graph).deltas
    assert OTHER not in Closely.of(Demand((V,), cascade=True), graph).counted

"""REFRESH WHEN: True, False, or UNKNOWN with what is missing; asked again when it matters."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from mlview.definitions import Kind, Name
from mlview.engines.predicates import answers
from mlview.engines.turning import turning
from mlview.errors import BindProblem
from mlview.freshness.triggers import MEASURED, Triggers, check_trigger, columns_of
from mlview.records import Staleness, State

LATE, DAY = Name("late"), Name("carrier_day", "raw")


@pytest.fixture
def stale():
    return Staleness(
        LATE,
        Kind.MODEL,
        State.STALE,
        "flights: +3 -0 rows",
        lag_sec=90.0,
        changed_rows=3,
        changed_fraction=0.5,
        live_drop=0.01,
        live={"roc_auc": 0.7},
    )


class Asked(list):
    """How many predicates DuckDB is asked, query by query."""

    def __call__(self, rows, texts):
        self.append(len(texts))
        return answers(rows, texts)


@pytest.fixture
def asked():
    return Asked()


def test_the_columns_a_predicate_mentions_are_known_without_asking_anybody():
    assert columns_of("Live_Drop > 0.03 OR staleness.MAX_PSI > 0.2") == {"live_drop", "max_psi"}
    assert columns_of("\"lag_sec\" > 1 AND state <> 'max_psi'") == {"lag_sec", "state"}
    assert columns_of("live['roc_auc'] < 0.6") & MEASURED == {"live"}
    assert not columns_of("lag_sec > 5 /* max_psi */") & MEASURED


def test_what_is_refused_names_the_clause():
    with pytest.raises(BindProblem, match=r"REFRESH WHEN: mlview\.staleness has no column drift"):
        check_trigger("drift > 1")


def test_all_views_are_answered_in_one_query(stale, asked):
    other = replace(stale, name=DAY, kind=Kind.MATERIALIZED_VIEW, changed_rows=0)
    fired = Triggers(asked).evaluate(
        {LATE: "changed_rows > 0 AND name = 'late'", DAY: "changed_rows > 0"},
        {LATE: stale, DAY: other},
    )
    assert [fired[LATE].due, fired[DAY].due] == [True, False]
    assert fired[DAY].said == "REFRESH WHEN (changed_rows > 0) is FALSE"
    assert asked == [2]


def test_unknown_names_the_columns_that_are_missing(stale):
    triggers = Triggers()
    (fired,) = triggers.evaluate({LATE: "live_drop > 1 OR max_psi > 0.2"}, {LATE: stale}).values()
    assert (fired.due, fired.unknown, fired.missing) == (None, True, ("max_psi",))
    assert fired.said == (
        "REFRESH WHEN (live_drop > 1 OR max_psi > 0.2) is UNKNOWN: max_psi is NULL"
    )
    (known,) = triggers.evaluate({LATE: "live_drop > 0 OR max_psi > 0.2"}, {LATE: stale}).values()
    assert (known.due, known.unknown, known.missing) == (True, False, ())


@pytest.mark.parametrize(
    ("predicate", "why"),
    [
        ("state::INT > 1", "Could not convert string 'STALE'"),
        ("nullif(changed_rows, 3) > 1", "it comes to NULL"),
        ("max_psi > 0.2 OR live_value > 1", "live_value, max_psi are NULL"),
    ],
)
def test_unknown_says_why(stale, predicate, why):
    (fired,) = Triggers().evaluate({LATE: predicate}, {LATE: stale}).values()
    assert fired.due is None
    assert why in fired.said


def test_a_view_is_asked_again_only_when_what_its_predicate_mentions_has_changed(stale, asked):
    triggers = Triggers(asked)
    predicates = {LATE: "changed_rows > 5", DAY: "lag_sec > 100"}
    triggers.evaluate(predicates, {LATE: stale, DAY: stale})
    later = replace(stale, lag_sec=120.0)
    fired = triggers.evaluate(predicates, {LATE: later, DAY: later})
    assert (asked, fired[DAY].due) == ([2, 1], True)
    triggers.evaluate(predicates, {LATE: later, DAY: later})
    assert asked == [2, 1]
    more = replace(later, changed_rows=6)
    assert triggers.evaluate(predicates, {LATE: more, DAY: more})[LATE].due is True
    assert asked == [2, 1, 1]


def test_another_predicate_of_the_same_view_is_asked(stale):
    triggers = Triggers()
    assert triggers.evaluate({LATE: "changed_rows > 5"}, {LATE: stale})[LATE].due is False
    assert triggers.evaluate({LATE: "changed_rows > 2"}, {LATE: stale})[LATE].due is True


def test_when_it_turns_true_is_worked_out_anew_only_if_more_than_the_time_is_another(stale):
    foreseen = []

    def foresee(rows, texts, growing, known):
        foreseen.append(len(texts))
        return turning(rows, texts, growing, known)

    triggers = Triggers(foresee=foresee)
    predicates = {LATE: "lag_sec > 600 OR changed_rows > 5", DAY: "floor(lag_sec) > 600"}
    first = triggers.turns(predicates, dict.fromkeys((LATE, DAY), stale), 1000.0)
    assert first == {LATE: 1510.0, DAY: None}
    later = dict.fromkeys((LATE, DAY), replace(stale, lag_sec=120.0))
    assert triggers.turns(predicates, later, 1030.0) == first
    assert foreseen == [2]
    more = {**later, LATE: replace(later[LATE], changed_rows=6)}
    assert triggers.turns(predicates, more, 1030.0) == {LATE: -inf, DAY: None}
    assert foreseen == [2, 1]
    newer = {**later, LATE: replace(stale, lag_sec=10.0)}
    assert triggers.turns(predicates, newer, 1030.0)[LATE] == 1620.0


def test_views_without_predicates_cost_nothing(asked):
    assert Triggers(asked).evaluate({}, {}) == {}
    assert Triggers(asked).turns({}, {}, 0.0) == {}
    assert asked == []

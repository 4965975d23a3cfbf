"""When a condition turns true by time alone: against its answers at every moment around it."""

from __future__ import annotations

from math import inf

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.engines.predicates import answers
from mlview.engines.turning import turning

COLUMNS = pa.schema(
    [
        ("lag_sec", pa.float64()),
        ("source_lag_sec", pa.float64()),
        ("target_lag_sec", pa.float64()),
        ("live_drop", pa.float64()),
        ("changed_rows", pa.int64()),
        ("state", pa.string()),
    ]
)
LINE = {
    "lag_sec": 100.0,
    "source_lag_sec": 5000.0,
    "target_lag_sec": None,
    "live_drop": 0.01,
    "changed_rows": 3,
    "state": "STALE",
}
GROWING = frozenset(["lag_sec", "source_lag_sec"])
KNOWN = 100.0


def asked(*predicates, known=KNOWN):
    rows = pa.Table.from_pylist([LINE] * len(predicates), COLUMNS)
    return turning(rows, predicates, GROWING, [known] * len(predicates))


def after(predicate, moments):
    """Whether a predicate is true so many seconds from now, moment by moment."""
    lines = [LINE | {name: LINE[name] + seconds for name in GROWING} for seconds in moments]
    found = answers(pa.Table.from_pylist(lines, COLUMNS), [predicate] * len(lines))
    return [answer.value is True for answer in found]


@pytest.mark.parametrize(
    ("predicate", "seconds"),
    [
        ("lag_sec > 600", 500),
        ("lag_sec > 600 OR changed_rows > 1000", 500),
        ("600 <= Lag_Sec AND state = 'STALE'", 500),
        ("NOT (staleness.lag_sec / 60 <= 10)", 500),
        ("lag_sec > '600'", 500),
        ("1000 - lag_sec < 400", 500),
        ("live_drop * mlview.staleness.lag_sec > 6 OR lag_sec > 7 * 86400", 500),
        ("lag_sec + source_lag_sec > 6100", 500),
        ("lag_sec BETWEEN 600 AND 700", 500),
        ("CASE WHEN lag_sec > 150 THEN source_lag_sec > 5500 ELSE false END", 500),
        ("lag_sec > 600 OR target_lag_sec > 5", 500),
        ("lag_sec > 40", -60),
        ("lag_sec > 40 AND lag_sec < 5000", -60),
        ("lag_sec < 40 OR lag_sec > 600", 500),
        ("lag_sec < 40 OR lag_sec > 80", -20),
        ("lag_sec > 600 AND changed_rows > 1000", inf),
        ("lag_sec > 600 AND lag_sec < 500", inf),
        ("lag_sec > 2 * target_lag_sec", inf),
        ("lag_sec > 600 OR state = 'STALE'", -inf),
        ("lag_sec > -1", -inf),
    ],
)
def test_it_turns_where_a_comparison_does(predicate, seconds):
    (turn,) = asked(predicate)
    assert turn == pytest.approx(seconds)


@pytest.mark.parametrize(
    "predicate",
    [
        "lag_sec % 60 > 30",
        "floor(lag_sec) > 600",
        "lag_sec * source_lag_sec > 5",
        "600 / lag_sec < 1",
        "lag_sec IN (600)",
        "(lag_sec > 600) = true",
        "len(list_filter([700], lag_sec -> lag_sec > 600)) > 0",
        "lag_sec > changed_rows % lag_sec",
    ],
)
def test_it_is_not_told_where_a_column_is_in_anything_else(predicate):
    assert asked(predicate) == [None]


def test_each_predicate_has_its_own_row_and_its_own_answer():
    found = asked("lag_sec > 600", "abs(lag_sec) > 5", "lag_sec > 200", "changed_rows > 1")
    assert found == [500, None, 100, -inf]
    assert asked() == []


comparisons = st.builds(
    "{} {} {}".format,
    st.sampled_from(["lag_sec", "source_lag_sec - 4900", "2 * lag_sec", "changed_rows"]),
    st.sampled_from([">", ">=", "<", "<=", "=", "<>"]),
    st.sampled_from(["50", "150", "300.5", "target_lag_sec", "lag_sec - 20", "changed_rows + 400"]),
)
conditions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner)
        | st.builds("NOT ({})".format, inner)
    ),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None)
@given(predicate=conditions)
def test_it_is_never_told_too_late(predicate):
    """Looked at twice every 37 seconds, so that nothing counts that is true for a moment only."""
    (turn,) = asked(predicate)
    looks = [37 * at + soon for at in range(30) for soon in (0.0, 0.01)]
    around = [turn - 0.01, turn + 0.01] if 0 < turn < inf else []
    found = after(predicate, looks + around)
    for first, second, seconds in zip(found[:60:2], found[1:60:2], looks[::2], strict=True):
        assert turn <= seconds or not (first and second)
    assert found[60:] in ([], [False, True])

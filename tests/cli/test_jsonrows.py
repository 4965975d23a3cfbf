"""Rows as JSON: what every value becomes."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.cli.jsonrows import distinct, plain, rows_as_json
from mlview.records import Column


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**53, 2**53),
        (2**53 + 1, "9007199254740993"),
        (-(2**53) - 1, "-9007199254740993"),
        (float("nan"), None),
        (float("-inf"), None),
        (Decimal("1.50"), "1.50"),
        (datetime(2013, 1, 2, 3, 4, 5, tzinfo=UTC), "2013-01-02T03:04:05+00:00"),
        (date(2013, 1, 2), "2013-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(days=1, seconds=1.5), "P1DT1.5S"),
        (timedelta(0), "PT0S"),
        (timedelta(days=10), "P10D"),
        (timedelta(seconds=100), "PT100S"),
        (b"ab", "YWI="),
        ({"k": float("nan"), 1: [2**60]}, {"k": None, "1": [str(2**60)]}),
        ((1, 2), [1, 2]),
        ([(1, 2)], [[1, 2]]),
    ],
)
def test_values(value, expected):
    assert plain(value) == expected


def test_a_map_of_an_arrow_table_is_an_object():
    columns = [Column("m", "map<string, double>")] * 1
    assert json.loads(rows_as_json(columns, [([("a", 1.0)],), ([],), (None,)])) == [
        {"m": {"a": 1.0}},
        {"m": {}},
        {"m": None},
    ]


def test_no_rows_are_an_empty_array():
    assert rows_as_json([Column("x", "BIGINT")], []) == "[]"


def test_a_repeated_name_never_takes_the_name_of_another_column():
    assert distinct(["a", "a", "a_1"]) == ["a", "a_2", "a_1"]


@given(st.lists(st.sampled_from(["a", "a_1", "a_2", "b", ""])))
def test_names_are_distinct_and_first_ones_stay(names):
    made = distinct(names)
    assert len(set(made)) == len(made) == len(names)
    assert all(made[names.index(name)] == name for name in set(names))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
        | st.decimals() | st.datetimes() | st.timedeltas(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
        max_leaves=8,
    )
)  # fmt: skip
def test_every_value_is_strict_json(value):
    json.dumps(plain(value), allow_nan=False)

"""Held-out rows that are kept: the same whatever the order they came in."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.learners.keeping.sampling import SCORED_ROWS, Sample

SCHEMA = pa.schema([("x", pa.float64()), ("c", pa.string()), ("n", pa.float64())])


def table(rows):
    return pa.Table.from_pylist([dict(zip("xcn", row, strict=True)) for row in rows], SCHEMA)


def rows_of(sample):
    return Counter(tuple(row.values()) for row in sample.rows.to_pylist())


def empty(limit=1.0):
    return Sample(limit, SCHEMA.empty_table())


ROWS = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, None]), st.sampled_from(["a", "b", None]),
              st.sampled_from([0.125, 0.25, 0.5])),
    max_size=40,
)  # fmt: skip


@given(ROWS, st.randoms())
def test_rows_that_came_and_went_leave_those_that_stay(rows, random):
    gone = [row for row in rows if random.random() < 0.5]
    weights = np.array([1] * len(rows), np.int64)
    sample = empty().changed(table(rows), weights, "n")
    sample = sample.changed(table(gone), -np.ones(len(gone), np.int64), "n")
    assert rows_of(sample) == Counter(rows) - Counter(gone)


def test_an_equal_row_goes_before_another_of_the_same_bucket():
    sample = empty().changed(table([(1.0, "a", 0.5), (2.0, "b", 0.5)]), None, "n")
    assert rows_of(sample.changed(table([(2.0, "b", 0.5)]), np.array([-1]), "n")) == Counter(
        [(1.0, "a", 0.5)]
    )


def test_a_row_that_is_equal_to_none_takes_another_of_its_bucket_along():
    sample = empty().changed(table([(1.0, "a", 0.5), (2.0, "b", 0.5), (3.0, "c", 0.25)]), None, "n")
    left = sample.changed(table([(float("nan"), "a", 0.5)]), np.array([-1]), "n")
    assert left.rows.num_rows == 2
    assert (3.0, "c", 0.25) in rows_of(left)


def test_a_weight_counts_as_so_many_rows():
    sample = empty().changed(table([(1.0, "a", 0.5)]), np.array([3]), "n")
    assert rows_of(sample) == Counter({(1.0, "a", 0.5): 3})
    assert rows_of(sample.changed(table([(1.0, "a", 0.5)]), np.array([-2]), "n")).total() == 1


def test_an_update_replaces_the_row():
    sample = empty().changed(table([(1.0, "a", 0.5), (2.0, "b", 0.25)]), None, "n")
    changed = table([(1.0, "a", 0.5), (9.0, "a", 0.5)])
    assert rows_of(sample.changed(changed, np.array([-1, 1]), "n")) == Counter(
        [(9.0, "a", 0.5), (2.0, "b", 0.25)]
    )


def test_who_is_kept_does_not_depend_on_the_order():
    random = np.random.default_rng(3)
    numbers = random.random(5 * SCORED_ROWS)
    rows = pa.table({"x": numbers, "c": pa.array(["a"] * len(numbers)), "n": numbers})
    forth, back = empty(), empty()
    for start in range(0, len(numbers), 4_000):
        forth = forth.changed(rows.slice(start, 4_000), None, "n")
    for start in reversed(range(0, len(numbers), 7_000)):
        back = back.changed(rows.slice(start, 7_000), None, "n")
    assert (forth.limit, rows_of(forth)) == (back.limit, rows_of(back))
    assert SCORED_ROWS <= forth.rows.num_rows <= 2 * SCORED_ROWS
    assert max(forth.rows["n"].to_numpy()) < forth.limit


@pytest.mark.parametrize("column", [pa.array([[1], [2]]), pa.array([{"a": 1}, {"a": 2}])])
def test_columns_that_hold_columns_are_told_apart(column):
    rows = pa.table({"x": column, "n": [0.5, 0.5]})
    sample = Sample(1.0, rows.slice(0, 0)).changed(rows, None, "n")
    left = sample.changed(rows.slice(1), np.array([-1]), "n")
    assert left.rows["x"].to_pylist() == column.slice(0, 1).to_pylist()

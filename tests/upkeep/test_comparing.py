"""How two tables differ."""

from __future__ import annotations

from math import inf, nan

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.upkeep.comparing import compare


def table(*values, type_=None):
    return pa.table({"x": pa.array(values, type_)})


@given(values=st.lists(st.one_of(st.none(), st.floats())))
def test_a_table_equals_itself(values):
    column = table(*values, type_=pa.float64())
    assert compare(column, column, tolerance=0.0).equal


@pytest.mark.parametrize("far", [1e-10, -1e-10])
def test_floating_point_numbers_may_differ_by_the_tolerance(far):
    one, other = table(1.0, 2.0), table(1.0, 2.0 * (1 + far))
    assert compare(one, other).equal
    assert compare(one, other).largest == pytest.approx(1e-10, rel=1e-5)
    assert not compare(one, other, tolerance=0.0).equal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1.001), (inf, -inf), (nan, inf), (nan, 1.0), (None, 1.0), (1, 2), ("a", "b"),
        (1, 1.0), (None, nan),
    ],
)  # fmt: skip
def test_anything_else_differs(one, other):
    found = compare(table(one), table(other))
    assert not found.equal
    assert found.said.startswith("x differ")


def test_nan_is_nan_beside_numbers_that_differ_a_little():
    assert compare(table(nan, 1.0), table(nan, 1.0 + 1e-12)).equal


def test_missing_rows_are_counted():
    found = compare(table(1, 2), table(1))
    assert (found.equal, found.said) == (False, "2 rows were stored, 1 come out now")


def test_probabilities_by_class_are_compared_as_numbers():
    kind = pa.map_(pa.string(), pa.float64())

    def table(third, key="c"):
        return pa.table({"p": pa.array([[("a", 0.5), (key, third)]], kind)})

    assert compare(table(0.5), table(0.5 + 1e-13), answers=True).equal
    assert not compare(table(0.5), table(0.51), answers=True).equal
    assert not compare(table(0.5), table(0.5, "d"), answers=True).equal


def test_an_answer_near_zero_is_measured_against_its_column():
    before, after = (pa.table({"x": [1000.0, tiny]}) for tiny in (1e-12, 3e-12))
    assert compare(before, after, answers=True).equal
    assert not compare(before, after).equal


def test_a_component_in_which_nothing_varies_is_measured_against_the_largest():
    before, after = (
        pa.table({"first": [3.0, -2.0], "last": [tiny, -tiny]}) for tiny in (1e-12, -1e-12)
    )
    assert compare(before, after, answers=True, together=True).equal
    assert not compare(before, after, answers=True).equal
    other = pa.table({"first": [3.0, -2.1], "last": [1e-12, -1e-12]})
    assert not compare(before, other, answers=True, together=True).equal

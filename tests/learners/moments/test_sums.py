"""Sums keep the digits that adding in float64 loses."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlview.learners.moments.sums import Sums

PLACE = np.array([0])


def summed(values):
    sums = Sums(1, 1, 0)
    for value in values:
        sums.add(np.array([[value]]), PLACE, PLACE)
    return float(sums.total()[0, 0])


def test_a_large_value_that_comes_and_goes_leaves_the_small_ones():
    assert summed([1.0, 1e16, *[1.0] * 10, -1e16]) == 11.0


@given(st.lists(st.floats(-1e12, 1e12), max_size=50))
def test_the_error_is_that_of_one_addition(values):
    exact = math.fsum(values)
    reach = sum(abs(value) for value in values)
    assert abs(summed(values) - exact) <= 2**-52 * abs(exact) + 50 * 2**-104 * reach


def test_sums_grow_and_stay_where_they_are():
    sums = Sums(1, 1, 0)
    sums.add(np.array([[2.0]]), PLACE, PLACE)
    sums.grow(3, 2)
    sums.add(np.array([[5.0]]), np.array([2]), np.array([1]))
    assert sums.total().tolist() == [[2.0, 0.0], [0.0, 0.0], [0.0, 5.0]]


def test_sums_of_others_are_absorbed_with_what_they_lost():
    one, two = Sums(1, 1, 0), Sums(1, 1, 0)
    two.add(np.array([[1.0]]), PLACE, PLACE)
    two.add(np.array([[1e16]]), PLACE, PLACE)
    one.absorb(two, PLACE, PLACE)
    one.add(np.array([[-1e16]]), PLACE, PLACE)
    assert one.total().tolist() == [[1.0]]

"""Whether a column identifies rows, without counting all of them each time."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mlview.learners.identifying import Levels, identifies

VALUES = st.one_of(st.none(), st.integers(0, 12))


@given(st.lists(VALUES, max_size=30), st.lists(st.lists(VALUES, max_size=8), max_size=6), st.data())
def test_bounds_hold_whatever_comes_and_goes(first, batches, data):
    rows = list(first)
    levels = Levels("id", len(set(rows) - {None}), len(set(rows) - {None}), _known(rows))
    for came in batches:
        went = data.draw(
            st.lists(st.sampled_from(rows), max_size=len(rows)) if rows else st.just([])
        )
        went = [
            value for value in set(went) for _ in range(min(rows.count(value), went.count(value)))
        ]
        for value in went:
            rows.remove(value)
        rows += came
        signs = np.array([-1] * len(went) + [1] * len(came), np.int64)
        levels = levels.changed(pa.chunked_array([pa.array(went + came, pa.int64())]), signs)
        distinct = len(set(rows) - {None})
        assert levels.least <= distinct <= levels.most
        assert levels.known == _known(rows)
        truth = identifies("id", distinct, levels.known, text=False)
        assert levels.identifying(text=False) in (None, truth)


def test_what_no_change_so_far_can_have_turned_is_known_without_counting():
    levels = Levels("id", 1000, 1000, 1000)
    more = levels.changed(pa.chunked_array([pa.array(range(5000, 5050))]), np.ones(50, np.int64))
    assert (more.least, more.most, more.known) == (1000, 1050, 1050)
    assert more.identifying(text=False) is True
    many = more.changed(pa.chunked_array([pa.array(range(9000, 9100))]), np.ones(100, np.int64))
    assert many.identifying(text=False) is None


def test_the_same_values_in_other_rows_leave_the_number_as_it_was():
    values = pa.chunked_array([pa.array(["a", "b", "a", "b"])])
    assert Levels("name", 7, 7, 9).changed(values, np.array([-1, -1, 1, 1])) == Levels(
        "name", 7, 7, 9
    )


def _known(rows):
    return sum(value is not None for value in rows)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from mlview.learners.continuing.design import Design, design_of
from mlview.learners.continuing.rows import training_rows

finite = st.floats(-100, 100, allow_subnormal=False)


@st.composite
def designs(draw):
    rows = draw(st.integers(1, 12))
    levels = tuple(draw(st.lists(st.integers(1, 4), max_size=3)))
    codes = tuple(draw(arrays(np.int64, rows, elements=st.integers(0, n))) for n in levels)
    dense = draw(arrays(float, (rows, draw(st.integers(0, 3))), elements=finite))
    return Design(codes, levels, dense)


def matrix_of(design):
    """The matrix with all of its zeros."""
    hot = [
        (codes[:, None] == np.arange(1, n + 1)).astype(float)
        for codes, n in zip(design.codes, design.levels, strict=True)
    ]
    return np.concatenate([*hot, design.dense], axis=1)


@given(designs(), st.data())
def test_products_are_those_of_the_matrix_with_its_zeros(design, data):
    matrix = matrix_of(design)
    assert (design.rows, design.width) == matrix.shape
    by_column = data.draw(arrays(float, design.width, elements=finite))
    by_row = data.draw(arrays(float, design.rows, elements=finite))
    for found, expected in (
        (design.times(by_column), matrix @ by_column),
        (design.transposed_times(by_row), matrix.T @ by_row),
        (design.squares_times(by_column), matrix**2 @ by_column),
        (design.transposed_squares_times(by_row), (matrix**2).T @ by_row),
        (design.gram(by_row), matrix.T @ (matrix * by_row[:, None])),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)


@given(designs(), st.data())
def test_rows_are_taken_and_joined_as_those_of_the_matrix(design, data):
    mask = data.draw(arrays(bool, design.rows))
    taken = design.take(mask)
    assert np.array_equal(matrix_of(taken), matrix_of(design)[mask])
    joined = np.concatenate([matrix_of(design), matrix_of(taken)])
    assert np.array_equal(matrix_of(taken.under(design)), joined)


@pytest.mark.parametrize("intercept", [True, False])
def test_the_design_of_a_pipeline_is_its_feature_matrix(case, old, make_rows, intercept):
    this = case("LogisticRegression", "late")
    fitted = this.fit(old)
    wider = make_rows(50, seed=3, levels=(12, 7))
    rows = training_rows(fitted, this.cut(wider))
    found = matrix_of(design_of(fitted.pipeline, rows.features, intercept=intercept))
    expected = csr_array(rows.matrix(fitted)).toarray()
    ones = np.ones((50, int(intercept)))
    np.testing.assert_allclose(found, np.concatenate([expected, ones], axis=1), atol=1e-12)
    assert (expected.sum(axis=1) != found.sum(axis=1)).all() == intercept

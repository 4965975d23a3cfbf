"""A state survives as bytes, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.errors import ArtifactRefused
from mlview.learners import solve
from mlview.testing.maintained import assert_same_answers


@pytest.mark.parametrize(
    ("name", "target"),
    [("Ridge", "cost"), ("LinearDiscriminantAnalysis", "size"), ("PCA", None),
     ("QuadraticDiscriminantAnalysis", "size"), ("MultinomialNB", "size"),
     ("DummyRegressor", "cost")],
)  # fmt: skip
def test_a_state_goes_on_from_its_bytes(case, trips, name, target):
    columns = ["far", "near", "flag", "city", *([target] if target else [])]
    data = trips.select(columns)
    model = case(data, target, name)
    state = model.state(data.slice(0, 250))
    again = model.spec.from_bytes(state.to_bytes())
    for one in (state, again):
        one.add(data.slice(250))
    assert again.to_bytes() == state.to_bytes()
    assert_same_answers(solve(again, model.roles), solve(state, model.roles), data, tolerance=0)


def test_an_empty_state_has_bytes_too(case, trips):
    model = case(trips.drop_columns("size"), "cost", "Ridge")
    assert model.spec.from_bytes(model.spec.empty().to_bytes()).rows == 0


def test_another_method_of_the_same_layout_reads_them(case, trips):
    data = trips.drop_columns("size")
    ridge, lasso = case(data, "cost", "Ridge"), case(data, "cost", "Lasso", alpha=0.1)
    state = lasso.spec.from_bytes(ridge.state().to_bytes())
    assert solve(state, lasso.roles).signature.method == "Lasso"


def test_sums_of_other_columns_are_refused(case, trips):
    one = case(trips.drop_columns("size"), "cost", "Ridge")
    two = case(trips.select(["far", "cost"]), "cost", "Ridge")
    with pytest.raises(ArtifactRefused, match="other columns"):
        two.spec.from_bytes(one.state().to_bytes())


@pytest.mark.parametrize("data", [b"", b"ARROW1", b"\x80\x04N.", bytes(1000)])
def test_what_is_no_state_is_refused(case, trips, data):
    with pytest.raises(ArtifactRefused, match="cannot be read"):
        case(trips.drop_columns("size"), "cost", "Ridge").spec.from_bytes(data)


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans())
def test_damaged_bytes_are_refused_or_read_but_never_crash(case, trips, place, byte, cut):
    model = case(trips.select(["far", "city", "cost"]), "cost", "Ridge")
    data = bytearray(model.state(trips.slice(0, 50)).to_bytes())
    at = int(place * len(data))
    data[at] = byte
    try:
        state = model.spec.from_bytes(bytes(data[:at] if cut else data))
    except ArtifactRefused:
        return
    assert isinstance(state.rows, int)


def test_a_header_cannot_ask_for_more_than_the_file_holds(case, trips):
    model = case(trips.select(["far", "cost"]), "cost", "Ridge")
    data = model.state().to_bytes()
    spoiled = data.replace(b", 4, 4, [", b", 9, 9, [")
    assert spoiled != data
    with pytest.raises(ArtifactRefused):
        model.spec.from_bytes(spoiled)
    assert np.isfinite(model.spec.from_bytes(data).error_estimate())

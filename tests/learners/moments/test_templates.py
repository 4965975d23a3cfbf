"""Preprocessing that was fitted on the same levels before is remembered, never shared."""

from __future__ import annotations

import pytest
from sklearn.preprocessing import OneHotEncoder

from mlview.learners import solve
from mlview.learners.moments import templates


def encoder_of(fitted):
    preprocess = fitted.pipeline.named_steps["preprocess"]
    return next(step for _, step, _ in preprocess.transformers_ if isinstance(step, OneHotEncoder))


@pytest.fixture
def ridge(case, trips):
    return case(trips.drop_columns("size"), "cost", "Ridge")


def test_what_one_model_does_to_its_pipeline_no_other_sees(ridge):
    first = solve(ridge.state(), ridge.roles)
    encoder_of(first).categories_[0][:] = "spoilt"
    second = solve(ridge.state(), ridge.roles)
    assert "spoilt" not in encoder_of(second).categories_[0]
    scaler = second.pipeline.named_steps["preprocess"].named_transformers_["numbers"][-1]
    scaler.mean_[:] = 0.0
    third = solve(ridge.state(), ridge.roles)
    assert third.pipeline.named_steps["preprocess"].named_transformers_["numbers"][-1].mean_[0] > 1


def test_levels_that_come_and_go_are_fitted_anew(ridge, taking_away):
    def levels(state):
        return [
            sorted(map(str, found)) for found in encoder_of(solve(state, ridge.roles)).categories_
        ]

    whole = levels(ridge.state())
    plan = ridge.data["plan"].to_numpy()
    without = taking_away(ridge.state(), ridge.data.filter(plan == "c"))
    assert (whole[1], levels(without)[1]) == (["a", "b", "c"], ["a", "b"])
    assert levels(ridge.state()) == whole


def test_parameters_that_shape_the_columns_are_told_apart(case, trips):
    data = trips.drop_columns("size")
    for parameters in ({}, {"solver": "svd"}, {"alpha": 2.0}):
        model = case(data, "cost", "Ridge", **parameters)
        found = solve(model.state(), model.roles)
        expected = model.full(data)
        assert encoder_of(found).sparse_output == encoder_of(expected).sparse_output


def test_few_are_remembered(case, trips):
    for alpha in range(templates.KEPT + 5):
        model = case(trips.select(["near", "plan", "cost"]), "cost", "Ridge", alpha=float(alpha))
        solve(model.state(), model.roles)
    assert len(templates._fitted) == templates.KEPT

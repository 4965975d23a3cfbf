"""Sums over held-out rows give the squared error that scoring the rows gives."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.errors import UsageProblem
from mlview.learners import judge, solve, squared_error


def scores(fitted, rows):
    found = {m.name: m.value for m in judge(fitted, rows).metrics}
    return found["r2"], found["root_mean_squared_error"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("Ridge", {}), ("LinearRegression", {"fit_intercept": False}), ("Lasso", {"alpha": 0.1}),
     ("DummyRegressor", {})],
)  # fmt: skip
def test_it_is_the_error_of_the_answers(case, trips, name, parameters):
    data = trips.drop_columns("size")
    model = case(data, "cost", name, **parameters)
    fitted = solve(model.state(data.slice(0, 300)), model.roles)
    found = squared_error(fitted, model.state(data.slice(300)))
    assert (found.r2, found.rmse) == pytest.approx(scores(fitted, data.slice(300)), rel=1e-9)
    assert found.rows == 100


def test_levels_that_training_had_not_are_ignored(case, trips):
    data = trips.select(["near", "city", "cost"])
    model = case(data, "cost", "Ridge")
    fitted = solve(model.state(data.filter(data["city"].is_valid())), model.roles)
    news = data.slice(0, 50).set_column(1, "city", pa.array(["Oz", None] * 25))
    test = model.state(news)
    found = squared_error(fitted, test)
    assert (found.r2, found.rmse) == pytest.approx(scores(fitted, news), rel=1e-9)


def test_a_fit_and_its_baseline_are_scored_on_one_state(case, trips):
    data = trips.drop_columns("size")
    ridge, dummy = case(data, "cost", "Ridge"), case(data, "cost", "DummyRegressor")
    test = ridge.state(data.slice(300))
    full = ridge.full(data.slice(0, 300))
    assert squared_error(full, test).r2 == pytest.approx(scores(full, data.slice(300))[0])
    base = solve(dummy.state(data.slice(0, 300)), dummy.roles)
    assert squared_error(base, test).r2 == pytest.approx(scores(base, data.slice(300))[0])


def test_no_rows_have_no_score_and_constant_labels_no_r2(case, trips):
    data = trips.drop_columns("size")
    model = case(data, "cost", "Ridge")
    fitted = solve(model.state(), model.roles)
    assert squared_error(fitted, model.spec.empty()) is None
    same = data.slice(0, 5).set_column(6, "cost", pa.array(np.full(5, 42.0)))
    assert squared_error(fitted, model.state(same)).r2 is None


def test_a_classifier_has_no_squared_error(case, trips):
    model = case(trips.drop_columns("cost"), "size", "LinearDiscriminantAnalysis")
    with pytest.raises(UsageProblem, match="does not follow from sums"):
        squared_error(solve(model.state(), model.roles), model.state())

"""A linear model's answers without its Pipeline are the Pipeline's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.learners import predict, solve
from mlview.learners.moments.answering import linear_answers


def asked(data):
    """Rows with levels that training had not, and gaps where it had none."""
    news = pa.array(["Oz", None, "Ulm", ""] * 100)
    plans = pa.array(["a", None, "new", "c"] * 100)
    data = data.set_column(data.column_names.index("city"), "city", news)
    return data.set_column(data.column_names.index("plan"), "plan", plans)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("Ridge", {}), ("LinearRegression", {}), ("LinearRegression", {"fit_intercept": False}),
     ("Lasso", {"alpha": 0.1}), ("ElasticNet", {"alpha": 0.05})],
)  # fmt: skip
@pytest.mark.parametrize("rows", [lambda data: data, asked, lambda data: data.slice(0, 0)])
def test_they_are_those_of_the_pipeline(case, trips, name, parameters, rows):
    data = trips.drop_columns("size")
    model = case(data, "cost", name, **parameters)
    fitted = solve(model.state(), model.roles)
    questions = rows(data)
    expected = predict(fitted, questions).table.column(0).to_numpy()
    assert linear_answers(fitted, questions) == pytest.approx(expected, rel=1e-12)


def test_texts_that_arrow_holds_as_codes_are_read_alike(case, trips):
    data = trips.drop_columns("size")
    model = case(data, "cost", "Ridge")
    fitted = solve(model.state(), model.roles)
    coded = data.set_column(4, "city", data["city"].dictionary_encode())
    assert np.array_equal(linear_answers(fitted, coded), linear_answers(fitted, data))


def test_numbers_alone_and_texts_alone_will_do(case, trips):
    for columns in (["far", "near", "cost"], ["city", "plan", "cost"]):
        data = trips.select(columns)
        model = case(data, "cost", "Ridge")
        fitted = solve(model.state(), model.roles)
        expected = predict(fitted, data).table.column(0).to_numpy()
        assert linear_answers(fitted, data) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("name", "label"), [("DummyRegressor", "cost"), ("GaussianNB", "size"),
                                             ("RidgeClassifier", "size")])  # fmt: skip
def test_another_model_is_asked_through_its_pipeline(case, trips, name, label):
    data = trips.drop_columns("size" if label == "cost" else "cost")
    model = case(data, label, name)
    assert linear_answers(solve(model.state(), model.roles), data) is None

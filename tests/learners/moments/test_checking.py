"""A state that cannot be learned from is refused with the codes of a full fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from mlview.errors import FitFailed, TrainingDataProblem
from mlview.learners import solve

X = np.random.default_rng(0).normal(size=40)
Y = np.random.default_rng(1).normal(size=40)
K = ["a", "b"] * 20


def refusal(case, data, target, name="Ridge", **parameters):
    model = case(data, target, name, **parameters)
    with pytest.raises(TrainingDataProblem) as problem:
        solve(model.state(), model.roles)
    return problem.value


def table(**columns):
    return pa.table(columns)


def spoiled(values, value):
    values = values.copy()
    values[3] = value
    return values


@pytest.mark.parametrize(
    ("columns", "target", "name", "code"),
    [
        ({"x": X[:0], "y": Y[:0]}, "y", "Ridge", "EMPTY_TRAINING_SET"),
        ({"x": X[:1], "y": Y[:1]}, "y", "Ridge", "TOO_FEW_ROWS"),
        ({"x": X[:1]}, None, "PCA", "TOO_FEW_ROWS"),
        ({"x": X, "y": np.full(40, 0.1)}, "y", "Ridge", "CONSTANT_TARGET"),
        ({"x": X, "y": np.full(40, 0.1)}, "y", "DummyRegressor", "CONSTANT_TARGET"),
        ({"x": X, "y": spoiled(Y, np.nan)}, "y", "Ridge", "NAN_LABEL"),
        ({"x": X, "y": spoiled(Y, np.inf)}, "y", "Ridge", "NON_FINITE"),
        ({"x": spoiled(X, -np.inf), "y": Y}, "y", "Ridge", "NON_FINITE"),
        ({"x": spoiled(X, 1e300), "y": Y}, "y", "Ridge", "NON_FINITE"),
        ({"x": np.full(40, np.nan), "y": Y}, "y", "Ridge", "ALL_NULL_COLUMN"),
        ({"x": X, "c": pa.nulls(40, pa.string()), "y": Y}, "y", "Ridge", "ALL_NULL_COLUMN"),
        ({"x": X, "y": 3 * X + 1}, "y", "Ridge", "LEAK"),
        ({"c": ["u", "v"] * 20, "k": K}, "k", "GaussianNB", "LEAK"),
        ({"c": ["u", "v"] * 20, "k": K}, "k", "RidgeClassifier", "LEAK"),
        ({"x": X, "k": ["a"] * 40}, "k", "GaussianNB", "SINGLE_CLASS_TARGET"),
        ({"x": X, "k": ["a"] * 39 + ["b"]}, "k", "GaussianNB", "CLASS_TOO_SMALL"),
        ({"x": X[:3], "k": ["a", "b", "a"]}, "k", "GaussianNB", "TOO_FEW_ROWS"),
        ({"x": X, "k": Y}, "k", "GaussianNB", "LABEL_TYPE"),
        ({"x": X, "k": np.arange(40) % 2 + spoiled(np.zeros(40), np.nan)}, "k", "GaussianNB",
         "NAN_LABEL"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_learned_from_are_refused(case, columns, target, name, code):
    assert refusal(case, table(**columns), target, name).error_code == code


def test_a_refusal_counts_and_names_the_column(case):
    problem = refusal(case, table(x=spoiled(X, np.inf), y=Y), "y")
    assert problem.name == "x"
    assert "infinite in 1 of 40 rows" in problem.message
    assert "IGNORE (x)" in problem.hint


def test_a_feature_that_nearly_is_the_label_is_none(case):
    random = np.random.default_rng(4)
    x = random.normal(1e3, 10, 200)
    data = table(x=x, y=x + random.normal(0, 1e-5, 200))
    model = case(data, "y", "Ridge")
    assert solve(model.state(), model.roles).signature.method == "Ridge"


def test_a_refused_row_that_is_deleted_is_forgotten(case, taking_away):
    data = table(x=spoiled(X, np.inf), y=spoiled(spoiled(Y, 0.5), np.nan))
    model = case(data, "y", "Ridge")
    state = taking_away(model.state(), data.slice(3, 1))
    assert state.rows == 39
    assert solve(state, model.roles).signature.method == "Ridge"


def test_too_many_levels_for_a_column_each_are_refused(case):
    many = [f"v{i}" for i in range(11_000)] * 2
    data = table(c=many, k=["a"] * 11_000 + ["b"] * 11_000)
    assert refusal(case, data, "k", "MultinomialNB").error_code == "CARDINALITY"


@pytest.mark.parametrize(
    ("name", "target", "parameters"),
    [
        ("PCA", None, {"n_components": 9}),
        ("TruncatedSVD", None, {"n_components": 9}),
        ("DummyClassifier", "k", {"strategy": "constant", "constant": "z"}),
        ("DummyRegressor", "y", {"strategy": "constant"}),
        ("GaussianNB", "k", {"priors": (0.2, 0.2)}),
        ("MultinomialNB", "k", {"class_prior": (0.2, 0.3, 0.5)}),
        ("LinearDiscriminantAnalysis", "k", {"n_components": 7}),
        ("QuadraticDiscriminantAnalysis", "k", {}),
    ],
)
def test_parameters_that_do_not_fit_the_rows_are_said(case, name, target, parameters):
    columns = {"x": X, "z": X * 2} | ({"k": K} if target == "k" else {})
    columns |= {"y": Y} if target == "y" else {}
    model = case(table(**columns), target, name, **parameters)
    with pytest.raises(FitFailed) as problem:
        solve(model.state(), model.roles)
    assert problem.value.hint

"""Labels and features of any type, and tables of unusual form, are fitted as rows would be."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from mlview.definitions import Method, Model, Name
from mlview.learners import build_pipeline, derive_roles, fit, maintenance, resolve, solve
from mlview.records import Column
from mlview.testing.maintained import assert_same_answers, assert_same_model

RANDOM = np.random.default_rng(0)
ROWS = 60
X, Z = RANDOM.normal(size=(2, ROWS))
THREE, TWO = RANDOM.integers(0, 3, ROWS), RANDOM.integers(0, 2, ROWS)
FAR = RANDOM.integers(10**15, 2 * 10**15, ROWS)
LABELS = {
    "INTEGER": pa.array(THREE, pa.int32()),
    "UTINYINT": pa.array(TWO, pa.uint8()),
    "BOOLEAN": pa.array(TWO == 1),
    "FLOAT": pa.array(THREE.astype(np.float32)),
    "DECIMAL(10,2)": pa.array([Decimal(int(v)) for v in THREE], pa.decimal128(10, 2)),
    "ENUM('p','q')": pa.array(np.array(["p", "q"])[TWO].tolist()).dictionary_encode(),
    "VARCHAR": pa.array(np.array(["p\0", "q"])[TWO].tolist()),
}
FEATURES = {
    "TIMESTAMP": pa.array(FAR, pa.timestamp("us")),
    "DATE": pa.array((FAR % 20_000).astype(np.int32), pa.date32()),
    "TIME": pa.array(FAR % (86_400 * 10**6), pa.time64("us")),
    "BIGINT": pa.array(FAR * 500),
    "HUGEINT": pa.array([Decimal(int(v)) for v in FAR], pa.decimal128(38, 0)),
    "VARCHAR": pa.array([f"c{v}" for v in THREE], pa.large_string()),
    "BOOLEAN": pa.array(TWO == 1),
}


def check(name, columns, types, target, **parameters):
    data = pa.table(columns)
    method = Method(name, tuple(parameters.items()))
    definition = Model(name=Name("m"), query="", target=target, method=method)
    roles = derive_roles(
        [Column(c, types.get(c, "DOUBLE")) for c in data.column_names], data, definition
    )
    full = fit(build_pipeline(roles, resolve(method), 0), roles, data, seed=0)
    state = maintenance(roles, resolve(method), 0).empty()
    state.add(data)
    solved = solve(state, roles)
    assert_same_model(solved, full)
    assert_same_answers(solved, full, data, tolerance=1e-7)


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize(
    "name", ["LinearDiscriminantAnalysis", "GaussianNB", "MultinomialNB", "RidgeClassifier",
             "DummyClassifier"]
)  # fmt: skip
def test_classes_of_any_type(name, kind):
    check(name, {"x": X, "z": Z, "k": LABELS[kind]}, {"k": kind}, "k")


@pytest.mark.parametrize("name", ["Ridge", "LinearRegression", "DummyRegressor"])
def test_features_of_any_type(name):
    check(name, {**FEATURES, "y": X + TWO}, {k: k for k in FEATURES}, "y")


@pytest.mark.parametrize(
    "name", ["Ridge", "LinearRegression", "GaussianNB", "MultinomialNB",
             "LinearDiscriminantAnalysis"]
)  # fmt: skip
def test_columns_that_do_not_vary(name):
    classes = name not in ("Ridge", "LinearRegression")
    columns = {
        "x": X,
        "large": np.full(ROWS, 1e9),
        "tenth": np.full(ROWS, 0.1),
        "one": ["a"] * ROWS,
    }
    types = {"one": "VARCHAR", "label": "INTEGER" if classes else "DOUBLE"}
    label = pa.array(THREE, pa.int32()) if classes else pa.array(X + Z)
    check(name, {**columns, "label": label}, types, "label")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("Ridge", {}), ("LinearRegression", {}),
     ("Lasso", {"alpha": 0.05, "tol": 1e-14, "max_iter": 10**6}),
     ("TruncatedSVD", {"n_components": 2}), ("PCA", {"n_components": 3})],
)  # fmt: skip
def test_more_columns_than_rows(name, parameters):
    columns = {f"x{j}": RANDOM.normal(size=8) for j in range(20)}
    target = None if name in ("TruncatedSVD", "PCA") else "y"
    label = {} if target is None else {"y": X[:8]}
    check(name, {**columns, **label}, {}, target, **parameters)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("LinearDiscriminantAnalysis", {"n_components": 1}),
     ("LinearDiscriminantAnalysis", {"priors": (0.2, 0.3, 0.5)}),
     ("QuadraticDiscriminantAnalysis", {"priors": (0.2, 0.3, 0.5)}),
     ("GaussianNB", {"priors": (0.2, 0.3, 0.5)}),
     ("MultinomialNB", {"class_prior": (0.2, 0.3, 0.5)})],
)  # fmt: skip
def test_priors_and_fewer_components(name, parameters):
    check(name, {"x": X, "z": Z, "k": LABELS["INTEGER"]}, {"k": "INTEGER"}, "k", **parameters)


def test_zero_is_one_class_whatever_its_sign(case):
    data = pa.table({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "y": [0.0, -0.0, 1.0, 1.0, -0.0, 0.0]})
    assert case(data, "y", "GaussianNB").state().class_counts == {0.0: 4, 1.0: 2}

"""A maintained model is what scikit-learn fits on the rows that are left."""

from __future__ import annotations

import pytest

from mlview.testing import check_maintained

TIGHT = {"tol": 1e-14, "max_iter": 100_000}
TEXTS = ("city", "flag")

CASES = [
    ("LinearRegression", {}),
    ("LinearRegression", {"fit_intercept": False}),
    ("LinearRegression", {"positive": True}),
    ("Ridge", {}),
    ("Ridge", {"alpha": 0.0, "fit_intercept": False}),
    ("Ridge", {"solver": "svd"}),
    ("Ridge", {"solver": "cholesky", "alpha": 10}),
    ("RidgeClassifier", {}),
    ("RidgeClassifier", {"fit_intercept": False}),
    ("Lasso", {"alpha": 0.1, **TIGHT}),
    ("Lasso", {"alpha": 0.1, "fit_intercept": False, **TIGHT}),
    ("Lasso", {"alpha": 0.05, "positive": True, **TIGHT}),
    ("Lasso", {"alpha": 1000.0, **TIGHT}),
    ("ElasticNet", {"alpha": 0.05, "l1_ratio": 0.3, **TIGHT}),
    ("ElasticNet", {"alpha": 0.05, "l1_ratio": 0.0, "selection": "random", **TIGHT}),
    ("PCA", {}),
    ("PCA", {"n_components": 2, "whiten": True}),
    ("PCA", {"n_components": 0.7}),
    ("PCA", {"n_components": "mle"}),
    ("PCA", {"svd_solver": "full"}),
    ("PCA", {"svd_solver": "arpack", "n_components": 2}),
    ("TruncatedSVD", {}),
    ("TruncatedSVD", {"n_components": 3, "algorithm": "arpack"}),
    ("LinearDiscriminantAnalysis", {}),
    ("LinearDiscriminantAnalysis", {"store_covariance": True}),
    ("LinearDiscriminantAnalysis", {"solver": "lsqr", "shrinkage": 0.2}),
    ("LinearDiscriminantAnalysis", {"solver": "eigen", "shrinkage": 0.2}),
    ("QuadraticDiscriminantAnalysis", {}),
    ("QuadraticDiscriminantAnalysis", {"reg_param": 0.1, "store_covariance": True}),
    ("QuadraticDiscriminantAnalysis", {"solver": "eigen", "shrinkage": 0.1}),
    ("GaussianNB", {}),
    ("GaussianNB", {"var_smoothing": 1e-3}),
    ("MultinomialNB", {}),
    ("MultinomialNB", {"alpha": 0.5, "fit_prior": False}),
    ("ComplementNB", {}),
    ("ComplementNB", {"norm": True, "alpha": 0.5}),
    ("DummyClassifier", {}),
    ("DummyClassifier", {"strategy": "stratified"}),
    ("DummyClassifier", {"strategy": "uniform"}),
    ("DummyClassifier", {"strategy": "most_frequent"}),
    ("DummyRegressor", {}),
    ("DummyRegressor", {"strategy": "constant", "constant": 3.0}),
]


@pytest.mark.parametrize(("name", "parameters"), CASES)
def test_it_has_the_attributes_and_gives_the_answers_of_a_fit(name, parameters):
    check_maintained(name, parameters=parameters)


@pytest.mark.parametrize("features", [TEXTS, ("flag",), ("city",)])
@pytest.mark.parametrize("name", ["BernoulliNB", "CategoricalNB"])
def test_it_counts_levels_and_flags_as_a_fit_does(name, features):
    check_maintained(name, features=features)


@pytest.mark.parametrize("features", [("x",), ("city",), ("x", "size"), ("flag", "city")])
@pytest.mark.parametrize("name", ["Ridge", "LinearDiscriminantAnalysis", "GaussianNB"])
def test_any_kinds_of_columns_will_do(name, features):
    check_maintained(name, features=features)

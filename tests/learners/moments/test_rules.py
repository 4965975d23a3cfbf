"""Which methods are functions of sums is decided without data, and said in words."""

from __future__ import annotations

import pytest

from mlview.definitions import Method
from mlview.learners import (
    Feature,
    FeatureKind,
    Maintained,
    NotMaintained,
    Roles,
    known_methods,
    maintenance,
    resolve,
)

X = Feature("x", "DOUBLE", FeatureKind.NUMERIC)
TEXT = Feature("c", "VARCHAR", FeatureKind.CATEGORICAL, 3)
MAINTAINED = {
    "LinearRegression", "Ridge", "RidgeClassifier", "Lasso", "ElasticNet", "PCA", "TruncatedSVD",
    "LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis", "GaussianNB", "MultinomialNB",
    "ComplementNB", "BernoulliNB", "CategoricalNB", "DummyClassifier", "DummyRegressor",
}  # fmt: skip


def decide(name, features=(X,), **parameters):
    method = resolve(Method(name, tuple(parameters.items())))
    target = "y" if method.task.supervised else None
    return maintenance(Roles(target, method.task, tuple(features)), method, 0)


def test_the_families_of_the_documentation_are_maintained():
    names = set(known_methods()) - {"LocalOutlierFactor"}  # it is no model without a parameter
    assert {n for n in names if isinstance(decide(n, (TEXT,)), Maintained)} == MAINTAINED


@pytest.mark.parametrize(
    ("name", "parameters", "reason"),
    [
        ("RandomForestClassifier", {}, "RandomForestClassifier is no function of sums"),
        ("RidgeCV", {}, "leave-one-out"),
        ("LassoCV", {}, "cross-validation"),
        ("Ridge", {"solver": "sag"}, "solver => 'sag' steps towards its answer"),
        ("Ridge", {"solver": "lsqr"}, "stops early"),
        ("Ridge", {"positive": True}, "positive => true"),
        ("Ridge", {"alpha": (1.0, 2.0)}, "several labels"),
        ("RidgeClassifier", {"class_weight": "balanced"}, "class_weight"),
        ("Lasso", {"warm_start": True}, "warm_start"),
        ("PCA", {"svd_solver": "randomized"}, "draws at random"),
        ("LinearDiscriminantAnalysis", {"solver": "lsqr", "shrinkage": "auto"}, "fourth moments"),
        ("QuadraticDiscriminantAnalysis", {"solver": "eigen", "shrinkage": "auto"}, "fourth"),
        ("LinearDiscriminantAnalysis", {"solver": "lsqr", "priors": (0.5, 0.5)}, "priors"),
        ("DummyRegressor", {"strategy": "median"}, "the median of the label"),
        ("BernoulliNB", {}, "above its mean"),
        ("CategoricalNB", {}, "x is cut at its quantiles"),
    ],
)
def test_the_reason_against_a_method_is_said(name, parameters, reason):
    decided = decide(name, **parameters)
    assert isinstance(decided, NotMaintained)
    assert reason in decided.reason


def test_binarizing_outside_of_the_levels_is_no_counting():
    assert isinstance(decide("BernoulliNB", (TEXT,), binarize=None), Maintained)
    assert "binarize => 2.0" in decide("BernoulliNB", (TEXT,), binarize=2.0).reason


def test_pairs_of_very_many_levels_are_not_kept():
    many = Feature("c", "VARCHAR", FeatureKind.CATEGORICAL, 5_000)
    assert "5,001 columns" in decide("Ridge", (many, X)).reason
    assert isinstance(decide("MultinomialNB", (many, X)), Maintained)


def test_models_of_one_layout_can_be_solved_from_one_state():
    assert decide("Ridge").layout == decide("Lasso", alpha=0.5).layout
    assert decide("Ridge").layout != decide("PCA").layout
    assert decide("RidgeClassifier").layout.classes

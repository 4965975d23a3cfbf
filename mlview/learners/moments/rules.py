"""Which methods are functions of sums, and why the others are not."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from mlview.learners.moments.layout import Shape
from mlview.learners.roles import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.roles import Feature

MAX_PAIRED = 2_000
"""Columns beyond which the sums of all pairs are larger than the rows they stand for: 64 MB."""

_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(
        (
            "LinearRegression", "Ridge", "RidgeClassifier", "Lasso", "ElasticNet", "PCA",
            "TruncatedSVD", "LinearDiscriminantAnalysis",
        ),
        Shape.PAIRS,
    ),
    "QuadraticDiscriminantAnalysis": Shape.PAIRS_BY_CLASS,
    **dict.fromkeys(
        (
            "GaussianNB", "MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB",
            "DummyClassifier", "DummyRegressor",
        ),
        Shape.CLASS_TOTALS,
    ),
}  # fmt: skip

_SCALED_BY_EXTREMES = ("MultinomialNB", "ComplementNB")
_WITHOUT_SQUARES = ("MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB")
_REASONS: Mapping[str, str] = {
    "RidgeCV": "RidgeCV chooses alpha by leave-one-out, which sums do not determine",
    "RidgeClassifierCV": "RidgeClassifierCV chooses alpha by leave-one-out, which sums do not "
    "determine",
    **{
        name: f"{name} chooses its parameters by cross-validation over the rows"
        for name in ("LassoCV", "ElasticNetCV", "LarsCV", "LassoLarsCV", "LogisticRegressionCV")
    },
}
_EXACT_SOLVERS = ("auto", "cholesky", "svd")


def shape_of(method: str) -> tuple[Shape, bool, bool]:
    """The products a maintained method needs, and whether it needs squares and extremes."""
    shape = _SHAPES[method]
    squares = shape is Shape.CLASS_TOTALS and method not in _WITHOUT_SQUARES
    return shape, squares, method in _SCALED_BY_EXTREMES


def reason_against(method: ResolvedMethod, features: Sequence[Feature]) -> str | None:
    """Why a method with these parameters on these features is no function of sums, or None."""
    name = method.name
    if name not in _SHAPES:
        return _REASONS.get(name, f"{name} is no function of sums")
    reason = _against_parameters(name, dict(method.parameters))
    return reason or _against_features(name, features)


def _against_parameters(name: str, given: Mapping[str, Any]) -> str | None:
    match name:
        case "Ridge" | "RidgeClassifier":
            return _against_ridge(name, given)
        case "LinearDiscriminantAnalysis" | "QuadraticDiscriminantAnalysis":
            return _against_discriminant(name, given)
        case "Lasso" | "ElasticNet" if given.get("warm_start"):
            return "warm_start => true starts from the fit before, which is no function of rows"
        case "PCA" if given.get("svd_solver") == "randomized":
            return "svd_solver => 'randomized' draws at random, which sums do not determine"
        case "BernoulliNB" if not _within(given.get("binarize", 0.0)):
            return f"binarize => {given['binarize']} is not between 0 and 1, which levels are"
        case "CategoricalNB" if isinstance(given.get("min_categories"), (list, tuple)):
            return "min_categories as a list fixes the levels, which rows may change"
        case "DummyRegressor" if given.get("strategy", "mean") not in ("mean", "constant"):
            return f"the {given['strategy']} of the label is no function of sums"
        case _:
            return None


def _within(edge: float | None) -> bool:
    return edge is None or 0 <= edge < 1


_LEDOIT_WOLF = "shrinkage => 'auto' needs fourth moments of the rows, which are not summed"


def _against_ridge(name: str, given: Mapping[str, Any]) -> str | None:
    solver = given.get("solver", "auto")
    if given.get("positive"):
        return f"positive => true makes {name} step towards its answer and stop early"
    if solver not in _EXACT_SOLVERS:
        return f"solver => '{solver}' steps towards its answer and stops early"
    if not isinstance(given.get("alpha", 1.0), Real):
        return "alpha as a list is for several labels"
    if given.get("class_weight"):
        return "class_weight weighs rows by how many there are of their class"
    return None


def _against_discriminant(name: str, given: Mapping[str, Any]) -> str | None:
    if given.get("shrinkage") == "auto":
        return _LEDOIT_WOLF
    if name == "QuadraticDiscriminantAnalysis":
        return None
    by_covariance = given.get("solver", "svd") != "svd" or given.get("store_covariance")
    if given.get("priors") and by_covariance:
        return "priors weigh the covariance of each class, and only their sum is kept"
    return None


def _against_features(name: str, features: Sequence[Feature]) -> str | None:
    measured = [f.name for f in features if f.kind in (FeatureKind.NUMERIC, FeatureKind.DATETIME)]
    if measured and name == "BernoulliNB":
        return f"BernoulliNB asks whether {measured[0]} is above its mean, which rows may move"
    if measured and name == "CategoricalNB":
        return f"{measured[0]} is cut at its quantiles, which sums do not determine"
    width = sum(1 if f.levels is None else f.levels for f in features)
    if _SHAPES[name] is not Shape.CLASS_TOTALS and width > MAX_PAIRED:
        return (
            f"the features make {width:,} columns, and the sums of all pairs are kept up to "
            f"{MAX_PAIRED:,}"
        )
    return None

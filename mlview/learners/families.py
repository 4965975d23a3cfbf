"""Which methods read columns alike, and so share their preprocessing."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """How a method wants its features."""

    HIST_BOOSTING = "scikit-learn's histogram boosting: NaN and native categories"
    LIGHTGBM = "LightGBM: NaN and native categories"
    XGBOOST = "XGBoost: NaN and native categories"
    TREES = "trees: any scale; few categories as columns, many as order"
    NON_NEGATIVE = "counts or parts: nothing below zero"
    LEVELS = "every feature a small number of levels"
    FLAGS = "every feature a yes or no"
    INDEPENDENT = "one scale for all and no column that follows from the others"
    SCALED = "distances, penalties or gradients: one scale for all"


_TREES = frozenset(
    [
        "AdaBoostClassifier", "AdaBoostRegressor", "BaggingClassifier", "BaggingRegressor",
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
        "ExtraTreeRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
        "GradientBoostingClassifier", "GradientBoostingRegressor", "IsolationForest",
        "RandomForestClassifier", "RandomForestRegressor", "RandomTreesEmbedding",
    ]
)  # fmt: skip
_NON_NEGATIVE = frozenset(
    [
        "AdditiveChi2Sampler", "BernoulliRBM", "ComplementNB", "LatentDirichletAllocation",
        "MiniBatchNMF", "MultinomialNB", "NMF", "SkewedChi2Sampler",
    ]
)  # fmt: skip


def family_of(method: str) -> Family:
    """The family of a method by its class name; SCALED for everything unknown.

    >>> family_of("RandomForestClassifier").name, family_of("Ridge").name
    ('TREES', 'SCALED')
    """
    if method.startswith("HistGradientBoosting"):
        return Family.HIST_BOOSTING
    if method.startswith("LGBM"):
        return Family.LIGHTGBM
    if method.startswith("XGB"):
        return Family.XGBOOST
    if method in _TREES:
        return Family.TREES
    if method in _NON_NEGATIVE:
        return Family.NON_NEGATIVE
    if method == "QuadraticDiscriminantAnalysis":
        return Family.INDEPENDENT
    if method == "BernoulliNB":
        return Family.FLAGS
    return Family.LEVELS if method == "CategoricalNB" else Family.SCALED

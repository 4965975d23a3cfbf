"""DummyClassifier and DummyRegressor from sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlview.errors import FitFailed
from mlview.learners.moments.layout import ONE, Key, Kind

if TYPE_CHECKING:
    from mlview.learners.moments.state import Moments


def solve_dummy_regressor(estimator: Any, moments: Moments, width: int) -> None:
    """DummyRegressor: the mean of the label, or the constant that was asked for."""
    if estimator.strategy == "mean":
        sums = moments.column()
        label = sums[Key(Kind.NUMBER, moments.layout.target or "")]
        value = moments.frame.shifts[-1] + label / sums[ONE]
    else:
        value = estimator.constant
        if value is None:
            raise FitFailed(
                "DummyRegressor needs the value that it is to answer with",
                name="DummyRegressor",
                hint="strategy => 'constant', constant => 0",
            )
    estimator.constant_ = np.reshape(np.asarray(value), (1, -1))
    estimator.n_outputs_ = 1
    estimator.n_features_in_ = width


def solve_dummy_classifier(estimator: Any, labels: Any, shares: Any, width: int) -> None:
    """DummyClassifier: the classes and their shares."""
    estimator._strategy = estimator.strategy  # noqa: SLF001 - scikit-learn's own place for it
    if estimator.strategy == "constant" and estimator.constant not in labels.tolist():
        raise FitFailed(
            f"DummyClassifier is to answer {estimator.constant!r}, which is no class: "
            f"{', '.join(map(repr, labels.tolist()[:10]))}",
            name="DummyClassifier",
            hint="constant => one of the classes",
        )
    estimator.sparse_output_ = False
    estimator.n_outputs_ = 1
    estimator.n_features_in_ = width
    estimator.classes_ = labels
    estimator.n_classes_ = len(labels)
    estimator.class_prior_ = shares

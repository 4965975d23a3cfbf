"""The naive Bayes classifiers from sums: totals of each column for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import unique_labels

from mlview.errors import FitFailed
from mlview.learners.moments.layout import ONE, Key, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.assembling import Assembled
    from mlview.learners.moments.layout import Value
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Classes:
    """The sums of each class, in the order of the classes.

    Attributes:
        values: the classes as they are summed.
        labels: as scikit-learn keeps them.
        sums: one row per class.
        counts: rows of each class.
    """

    values: Sequence[Value]
    labels: NDArray[Any]
    sums: Floats
    counts: Floats


def classes_of(moments: Moments, values: Sequence[Value], labels: NDArray[Any]) -> Classes:
    """The sums of each class that has rows."""
    whole = moments.group()
    target = moments.layout.target or ""
    places = [moments.classes.at(Key(Kind.CLASS, target, value)) for value in values]
    sums = whole[places]
    return Classes(values, labels, sums, sums[:, moments.columns.at(ONE)])


def solve_gaussian(estimator: Any, assembled: Assembled, moments: Moments, classes: Classes
                   ) -> None:  # fmt: skip
    """GaussianNB: the mean and variance of each column in each class."""
    counts = classes.counts[:, None]
    sums = assembled.design.totals(moments, classes.sums)
    squares = assembled.design.squared(moments, classes.sums)
    rows = classes.counts.sum()
    whole = squares.sum(axis=0) / rows - (sums.sum(axis=0) / rows) ** 2
    estimator.epsilon_ = estimator.var_smoothing * whole.max()
    estimator.theta_ = sums / counts
    estimator.var_ = np.maximum(squares / counts - estimator.theta_**2, 0.0) + estimator.epsilon_
    estimator.class_count_ = classes.counts
    estimator.classes_ = unique_labels(classes.labels)
    estimator.n_features_in_ = sums.shape[1]
    if estimator.priors is None:
        estimator.class_prior_ = classes.counts / rows
        return
    priors = np.asarray(estimator.priors, dtype=np.float64)
    if len(priors) != len(counts) or not np.isclose(priors.sum(), 1.0) or (priors < 0).any():
        raise _wrong_priors("GaussianNB", "priors", len(counts))
    estimator.class_prior_ = priors


def solve_counting(estimator: Any, assembled: Assembled, moments: Moments, classes: Classes
                   ) -> None:  # fmt: skip
    """MultinomialNB, ComplementNB and BernoulliNB, whose columns are counts of a kind.

    scikit-learn's own smoothing is applied to them.
    """
    counted = assembled.design.totals(moments, classes.sums)
    estimator.n_features_in_ = counted.shape[1]
    estimator.classes_ = unique_labels(classes.labels)
    estimator.class_count_ = classes.counts
    # Rounding may leave a sum of parts between 0 and 1 just below 0.
    estimator.feature_count_ = np.maximum(counted, 0.0)
    if type(estimator).__name__ == "ComplementNB":
        estimator.feature_all_ = estimator.feature_count_.sum(axis=0)
    _smooth(estimator, len(classes.labels))


def solve_categorical(estimator: Any, assembled: Assembled, moments: Moments, classes: Classes
                      ) -> None:  # fmt: skip
    """CategoricalNB: how often each level and each flag occurs in each class."""
    floor = estimator.min_categories
    counts = [
        _level_counts(moments, classes, name, levels, floor)
        for name, levels in assembled.levels.items()
    ]
    flags = assembled.design.totals(moments, classes.sums)
    counts += [_padded(np.stack([classes.counts - on, on], axis=1), on.any(), floor)
               for on in flags.T]  # fmt: skip
    estimator.n_features_in_ = len(counts)
    estimator.classes_ = unique_labels(classes.labels)
    estimator.class_count_ = classes.counts
    estimator.category_count_ = counts
    estimator.n_categories_ = np.array([table.shape[1] for table in counts], dtype=np.int64)
    _smooth(estimator, len(classes.labels))


def _level_counts(
    moments: Moments, classes: Classes, name: str, levels: Sequence[Value], floor: int
) -> Floats:
    """Classes x codes: the levels in order, and a missing one under the code after all others.

    The floor is what `build_pipeline` gives: the most levels of any text, and 2.
    """
    known = [value for value in levels if value is not None]
    places = [moments.columns.at(Key(Kind.LEVEL, name, value)) for value in known]
    counted = classes.sums[:, places]
    if len(known) == len(levels):
        return _padded(counted, True, floor)
    beyond = max(len(counted.T), _most_levels(moments))
    table = np.zeros((len(counted), beyond + 1))
    table[:, : counted.shape[1]] = counted
    table[:, beyond] = classes.sums[:, moments.columns.at(Key(Kind.LEVEL, name, None))]
    return _padded(table, True, floor)


def _most_levels(moments: Moments) -> int:
    return max(len(moments.levels(name).keys() - {None}) for name in moments.layout.texts)


def _padded(table: Floats, last: bool | np.bool_, floor: int | None) -> Floats:
    """Room for codes that do not occur; without its last code a table is narrower."""
    width = table.shape[1] if last else table.shape[1] - 1
    wanted = max(width, floor or 0)
    result = np.zeros((len(table), wanted))
    result[:, :width] = table[:, :width]
    return result


def _smooth(estimator: Any, classes: int) -> None:
    if estimator.class_prior is not None and len(estimator.class_prior) != classes:
        raise _wrong_priors(type(estimator).__name__, "class_prior", classes)
    try:
        estimator._update_feature_log_prob(estimator._check_alpha())  # noqa: SLF001 - its smoothing
    except ValueError as problem:
        name = type(estimator).__name__
        raise FitFailed(
            f"{name} could not be fitted: {problem}", name=name, hint="change alpha after USING"
        ) from problem
    estimator._update_class_log_prior(class_prior=estimator.class_prior)  # noqa: SLF001 - its prior


def _wrong_priors(name: str, parameter: str, classes: int) -> FitFailed:
    return FitFailed(
        f"expected {classes} shares that add up to 1 as {parameter} of {name}, one per class",
        name=name,
        hint=f"leave {parameter} out to take the shares among the rows",
    )

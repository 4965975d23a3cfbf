"""Metrics of a regression that sums over held-out rows determine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlview.errors import UsageProblem
from mlview.learners.moments.layout import ONE, Key, Kind, Shape
from mlview.learners.preprocessing import METHOD, PREPROCESS
from mlview.learners.roles import FeatureKind

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from mlview.learners.moments.state import Moments
    from mlview.learners.signatures import Fitted

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SquaredError:
    """How far a model's answers are from the labels of held-out rows.

    Attributes:
        r2: None where the labels do not vary.
        rmse: the root of the mean squared error.
        rows: how many there are.
    """

    r2: float | None
    rmse: float
    rows: int


def squared_error(fitted: Fitted, test: Moments) -> SquaredError | None:
    """r2 and the root mean squared error of a linear or constant model on a state's rows.

    An answer is linear in the summed columns, so its squared error is a quadratic form in the
    sums. Levels that training had not count as ignored, as they do in a prediction.

    Args:
        fitted: solved or fitted: LinearRegression, Ridge, Lasso, ElasticNet, or a DummyRegressor
            (its baseline).
        test: a state of the same columns, of the rows held out.

    Returns:
        None if the state has no rows.

    Raises:
        UsageProblem: another model, or sums without squares of the label.
    """
    weights = _residual(fitted, test)
    whole = test.group()
    if test.layout.shape is Shape.CLASS_TOTALS:
        return _of_constant(weights, test)
    rows = whole[0, 0]
    if rows <= 0:
        return None
    label = test.columns.find(Key(Kind.NUMBER, test.layout.target or ""))
    assert label is not None  # noqa: S101 - rows hold a label
    error = max(float(weights @ whole @ weights), 0.0)
    spread = whole[label, label] - whole[label, 0] ** 2 / rows
    return _scored(error, float(spread), round(rows))


def _scored(error: float, spread: float, rows: int) -> SquaredError:
    return SquaredError(1 - error / spread if spread > 0 else None,
                        float(np.sqrt(error / rows)), rows)  # fmt: skip


def _of_constant(weights: Floats, test: Moments) -> SquaredError | None:
    sums = test.column()
    target = test.layout.target or ""
    rows = sums[ONE]
    if rows <= 0:
        return None
    summed, square = sums[Key(Kind.NUMBER, target)], sums.get(Key(Kind.SQUARE, target))
    others = np.delete(weights, [0, test.columns.at(Key(Kind.NUMBER, target))])
    if square is None or others.any():
        raise UsageProblem(
            "expected a constant model for a state without products, found coefficients",
            hint="score it on a state of its own layout",
        )
    error = square + 2 * weights[0] * summed + weights[0] ** 2 * rows
    return _scored(max(error, 0.0), square - summed**2 / rows, round(rows))


def _residual(fitted: Fitted, test: Moments) -> Floats:
    """The label less the answer, as weights of the state's columns."""
    weights = np.zeros(len(test.columns))
    shifts = np.nan_to_num(test.frame.shifts)
    label = test.columns.find(Key(Kind.NUMBER, test.layout.target or ""))
    if label is not None:
        weights[label] = 1.0
    weights[0] = shifts[-1]
    estimator = fitted.pipeline.named_steps[METHOD]
    if hasattr(estimator, "constant_"):
        weights[0] -= float(np.ravel(estimator.constant_)[0])
        return weights
    if test.layout.classes or np.ndim(getattr(estimator, "coef_", 0.0)) != 1:
        raise UsageProblem(
            f"the squared error of {type(estimator).__name__} does not follow from sums",
            hint="score it on the held-out rows",
        )
    weights[0] -= float(estimator.intercept_)
    _subtract(weights, fitted.pipeline, estimator.coef_, fitted, test)
    return weights


def _subtract(
    weights: Floats, pipeline: Pipeline, coefficients: Floats, fitted: Fitted, test: Moments
) -> None:
    """Take away what each column contributes to the answer."""
    place = 0
    shifts = dict(zip(test.frame.names, np.nan_to_num(test.frame.shifts).tolist(), strict=True))
    texts = {f.name for f in fitted.signature.features if f.kind is FeatureKind.CATEGORICAL}
    for _, step, columns in pipeline.named_steps[PREPROCESS].transformers_:
        if texts.issuperset(columns):
            for name, levels in zip(columns, step.categories_, strict=True):
                for level in levels:
                    key = Key(Kind.LEVEL, name, level if isinstance(level, str) else None)
                    at = test.columns.find(key)
                    if at is not None:
                        weights[at] -= coefficients[place]
                    place += 1
            continue
        imputer, scaler = (part for _, part in step.steps)
        for position, name in enumerate(columns):
            slope = coefficients[place] / scaler.scale_[position]
            place += 1
            number = test.columns.find(Key(Kind.NUMBER, name))
            missing = test.columns.find(Key(Kind.MISSING, name))
            if number is not None:
                weights[number] -= slope
            if missing is not None:
                weights[missing] -= slope * (imputer.statistics_[position] - shifts[name])
            weights[0] -= slope * (shifts[name] - scaler.mean_[position])

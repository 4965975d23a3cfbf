"""Metrics of regressions, each with its 95 % interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlview.learners.intervals import of_influence, of_mean, of_median
from mlview.records import Metric

if TYPE_CHECKING:
    from mlview.learners.answers import Floats


def score_numbers(actual: Floats, answers: Floats) -> tuple[tuple[Metric, ...], tuple[str, ...]]:
    """r2, mean_absolute_error, root_mean_squared_error and median_absolute_error, and notices."""
    known = np.isfinite(answers)
    notices: list[str] = []
    if not known.all():
        count = int((~known).sum())
        notices.append(f"{count} held-out rows got no answer and are left out of the metrics")
        actual, answers = actual[known], answers[known]
    if not len(actual):
        return (), tuple(notices)
    metrics = []
    r2 = _r2(actual, answers)
    if r2 is None:
        notices.append("the held-out labels are constant: r2 is not defined")
    else:
        metrics.append(r2)
    distance = np.abs(actual - answers)
    metrics += [_mean_error(distance), _root_error(distance**2), _median_error(distance)]
    return tuple(metrics), tuple(notices)


def _r2(actual: Floats, answers: Floats) -> Metric | None:
    """1 - A / B of the mean squared error A and the variance B, with the delta method."""
    squared = (actual - answers) ** 2
    spread = (actual - actual.mean()) ** 2
    error, variance = float(squared.mean()), float(spread.mean())
    if variance == 0.0:
        return None
    value = 1 - error / variance
    influence = -(squared - error) / variance + error * (spread - variance) / variance**2
    low, high = of_influence(value, influence)
    return Metric("r2", value, low, min(1.0, high))


def _mean_error(distance: Floats) -> Metric:
    low, high = of_mean(distance) or (None, None)
    low = None if low is None else max(0.0, low)
    return Metric("mean_absolute_error", float(distance.mean()), low, high,
                  greater_is_better=False)  # fmt: skip


def _root_error(squared: Floats) -> Metric:
    value = float(np.sqrt(squared.mean()))
    low, high = of_mean(squared) or (None, None)
    if low is not None and high is not None:
        low, high = float(np.sqrt(max(0.0, low))), float(np.sqrt(high))
    return Metric("root_mean_squared_error", value, low, high, greater_is_better=False)


def _median_error(distance: Floats) -> Metric:
    low, high = of_median(distance)
    return Metric("median_absolute_error", float(np.median(distance)), low, high,
                  greater_is_better=False)  # fmt: skip

"""Metrics of classifiers, each with its 95 % interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import average_precision_score

from mlview.learners.intervals import (
    area_under_curve,
    clipped,
    of_average_precision,
    of_influence,
    of_mean,
    wilson,
)
from mlview.records import Metric

if TYPE_CHECKING:
    from mlview.learners.answers import Classified, Codes, Floats
    from mlview.learners.intervals import Interval

MANY_CLASSES = 20
"""Classes beyond which one ROC curve for each would cost more than the fit."""

_SMALLEST = float(np.finfo(np.float64).eps)

Scored = tuple[tuple[Metric, ...], tuple[str, ...]]


def score_binary(answers: Classified) -> Scored:
    """Metrics of two classes, the last in sort order being the positive one, and notices."""
    positive = answers.actual == 1
    chosen = answers.predicted == 1
    both = bool(positive.any() and not positive.all())
    metrics: list[Metric] = []
    notices: list[str] = []
    if not both:
        notices.append("the held-out rows have one class only: roc_auc and others are not defined")
    if both and answers.scores is not None:
        area, influence = area_under_curve(positive, answers.scores)
        metrics.append(_metric("roc_auc", area, clipped(of_influence(area, influence), 0, 1)))
        precision = float(average_precision_score(positive, answers.scores))
        interval = of_average_precision(precision, int(positive.sum()))
        metrics.append(_metric("average_precision", precision, interval))
    metrics.append(_accuracy(positive == chosen))
    hits, found, relevant = (int(x.sum()) for x in (positive & chosen, chosen, positive))
    if both:
        metrics.append(_balanced(answers.actual, answers.predicted, 2))
        metrics.append(_f1(answers.actual, answers.predicted, 2, only=1))
    if found:
        metrics.append(_metric("precision", hits / found, wilson(hits, found)))
    else:
        notices.append("no held-out row is predicted positive: precision is not defined")
    if relevant:
        metrics.append(_metric("recall", hits / relevant, wilson(hits, relevant)))
    if answers.probabilities is not None:
        chances = answers.probabilities[:, 1]
        metrics.append(_log_loss(answers.actual, answers.probabilities))
        metrics.append(_loss("brier_score_loss", (chances - positive) ** 2))
    return tuple(metrics), tuple(notices)


def score_classes(answers: Classified, classes: int) -> Scored:
    """Metrics of three classes or more, and notices."""
    actual, predicted = answers.actual, answers.predicted
    present = len(np.unique(actual))
    metrics = [_accuracy(actual == predicted)]
    notices: list[str] = []
    if present > 1:
        metrics.append(_balanced(actual, predicted, classes))
        metrics.append(_f1(actual, predicted, classes))
    if answers.probabilities is not None:
        metrics.append(_log_loss(actual, answers.probabilities))
        if present < classes:
            notices.append(
                f"the held-out rows have {present} of {classes} classes: roc_auc_ovr is not defined"
            )
        elif classes <= MANY_CLASSES:
            metrics.append(_area_one_against_rest(actual, answers.probabilities))
    return tuple(metrics), tuple(notices)


def _metric(name: str, value: float, interval: Interval | None, *, greater: bool = True) -> Metric:
    low, high = interval or (None, None)
    return Metric(name, value, low, high, greater_is_better=greater)


def _loss(name: str, losses: Floats) -> Metric:
    interval = of_mean(losses)
    if interval is not None:
        interval = max(0.0, interval[0]), interval[1]
    return _metric(name, float(losses.mean()), interval, greater=False)


def _accuracy(right: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Metric:
    return _metric("accuracy", float(right.mean()), wilson(float(right.sum()), len(right)))


def _log_loss(actual: Codes, probabilities: Floats) -> Metric:
    chances = probabilities / probabilities.sum(axis=1, keepdims=True)
    own = chances[np.arange(len(actual)), actual]
    return _loss("log_loss", -np.log(np.clip(own, _SMALLEST, 1 - _SMALLEST)))


def _balanced(actual: Codes, predicted: Codes, classes: int) -> Metric:
    """The mean recall over the classes that occur; their recalls are independent."""
    totals = np.bincount(actual, minlength=classes)
    hits = np.bincount(actual[actual == predicted], minlength=classes)[totals > 0]
    totals = totals[totals > 0]
    recalls = hits / totals
    # Wilson's centre keeps the spread above zero where a recall is 0 or 1.
    centres = (hits + 2) / (totals + 4)
    spread = float(np.sqrt((centres * (1 - centres) / totals).sum())) / len(totals)
    value = float(recalls.mean())
    interval = clipped((value - 1.96 * spread, value + 1.96 * spread), 0, 1)
    return _metric("balanced_accuracy", value, interval)


def _f1(actual: Codes, predicted: Codes, classes: int, only: int | None = None) -> Metric:
    """F1 = 2a / (2a + b) of hits a and errors b, with the delta method over the rows.

    Averaged over the classes that occur in labels or answers, as scikit-learn does.
    """
    rows = len(actual)
    hit = actual == predicted
    hits = np.bincount(actual[hit], minlength=classes) / rows
    errors = (
        np.bincount(actual[~hit], minlength=classes)
        + np.bincount(predicted[~hit], minlength=classes)
    ) / rows
    whole = 2 * hits + errors
    counted = whole > 0
    if only is not None:
        counted = counted & (np.arange(classes) == only)
    if not counted.any():
        return _metric("f1", 0.0, None)
    whole = np.where(counted, whole, 1.0)
    parts = int(counted.sum())
    by_hit = np.where(counted, 2 * errors / whole**2, 0.0) / parts
    by_error = np.where(counted, -2 * hits / whole**2, 0.0) / parts
    influence = np.where(hit, by_hit[actual], by_error[actual] + by_error[predicted])
    value = float((2 * hits / whole)[counted].mean())
    name = "f1_macro" if only is None else "f1"
    return _metric(name, value, clipped(of_influence(value, influence), 0, 1))


def _area_one_against_rest(actual: Codes, probabilities: Floats) -> Metric:
    classes = probabilities.shape[1]
    pairs = [area_under_curve(actual == c, probabilities[:, c]) for c in range(classes)]
    value = float(np.mean([area for area, _ in pairs]))
    influence = np.mean([influence for _, influence in pairs], axis=0)
    return _metric("roc_auc_ovr", value, clipped(of_influence(value, influence), 0, 1))

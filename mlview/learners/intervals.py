"""Intervals that hold a score's true value in 95 % of samples, from closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""

Interval = tuple[float, float]


def wilson(successes: float, trials: float) -> Interval:
    """The score interval of a proportion (Wilson 1927), inside 0..1 even at the ends.

    >>> low, high = wilson(0, 10)
    >>> low, round(high, 3)
    (0.0, 0.278)
    """
    share = successes / trials
    middle = (share + Z * Z / (2 * trials)) / (1 + Z * Z / trials)
    half = np.sqrt(share * (1 - share) / trials + (Z / (2 * trials)) ** 2)
    half *= Z / (1 + Z * Z / trials)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def of_mean(values: Floats) -> Interval | None:
    """The normal interval of a mean; None for a single value."""
    if len(values) < 2:  # noqa: PLR2004 - one value has no spread
        return None
    half = Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    middle = float(values.mean())
    return float(middle - half), float(middle + half)


def of_influence(value: float, influence: Floats) -> Interval:
    """The normal interval of a statistic from the influence of each row on it."""
    half = Z * float(np.sqrt(np.mean(influence**2) / len(influence)))
    return value - half, value + half


def clipped(interval: Interval, low: float, high: float) -> Interval:
    """An interval cut to the range a score can have."""
    return max(low, interval[0]), min(high, interval[1])


def of_median(values: Floats) -> Interval:
    """The interval of a median between two order statistics, whatever the distribution."""
    ordered, half = np.sort(values), Z * np.sqrt(len(values)) / 2
    low = max(0, int(np.floor(len(values) / 2 - half)) - 1)
    high = min(len(values) - 1, int(np.ceil(len(values) / 2 + half)))
    return float(ordered[low]), float(ordered[high])


def of_average_precision(value: float, positives: int) -> Interval:
    """The logit interval of an average precision (Boyd, Eng & Page 2013).

    A value at an end, where a logit has none, is moved in by half a positive row.

    >>> [round(bound, 2) for bound in of_average_precision(1.0, 200)]
    [0.96, 1.0]
    """
    inside = min(max(value, 0.5 / positives), 1 - 0.5 / positives)
    logit = np.log(inside / (1 - inside))
    half = Z / np.sqrt(positives * inside * (1 - inside))
    low, high = (1 / (1 + np.exp(-np.clip(logit + s * half, -700, 700))) for s in (-1, 1))
    return float(low), float(high)


def area_under_curve(positive: NDArray[np.bool_], scores: Floats) -> tuple[float, Floats]:
    """The area under the ROC curve and the influence of each row on it.

    The area is the share of (positive, negative) pairs in the right order, ties counting half;
    the influences are the structural components of DeLong, DeLong & Clarke-Pearson (1988),
    computed from midranks as Sun & Xu (2014) do, in n log n.

    >>> area_under_curve(np.array([False, True, False, True]), np.array([.1, .4, .35, .8]))[0]
    1.0
    """
    ranks = rankdata(scores)
    count = int(positive.sum())
    others = len(scores) - count
    placements = np.empty(len(scores))
    placements[positive] = (ranks[positive] - rankdata(scores[positive])) / others
    placements[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / count
    area = float(placements[positive].mean())
    share = np.where(positive, count, others) / len(scores)
    return area, (placements - area) / share

"""Finding a single feature that alone gives the answer.

Suspicion is raised on a sample and confirmed on all rows, so that honest data costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from mlview.errors import TrainingDataProblem
from mlview.learners.frames import categories, column_of, numbers
from mlview.learners.roles import FeatureKind
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.roles import Feature

SAMPLE_ROWS = 10_000
"""Rows on which a leak is suspected before all rows are read."""

EQUAL_ROWS = 10
"""Rows below which an equal feature may be chance."""

THRESHOLD_ROWS = 100
"""Rows below which a perfectly separating threshold may be chance."""

THRESHOLD_MINORITY = 5
"""Rows of the rarer class below which a perfectly separating threshold may be chance."""

_AFFINE_TOLERANCE = 1e-9

_OUTLYING = 100.0
"""Times the median of the magnitudes beyond which a value says nothing about the others."""


def check_leaks(data: pa.Table, features: Sequence[Feature], target: str, task: Task) -> None:
    """Refuse a feature from which the label can be read off.

    That is: a feature equal to the label up to renaming its values, a number that is a straight
    line of a numeric label, or a number with one threshold that separates two classes.

    Raises:
        TrainingDataProblem: LEAK, naming the feature.
    """
    label = column_of(data, target)
    if len(label) < EQUAL_ROWS:
        return
    step = max(1, len(label) // SAMPLE_ROWS)
    rows = pa.array(np.arange(0, len(label), step))
    few = [column_of(data, f.name).take(rows) for f in features] if step > 1 else None
    sampled = label.take(rows) if step > 1 else label
    answers = _answers(sampled, task)
    whole = None
    for position, feature in enumerate(features):
        column = column_of(data, feature.name)
        reason = _reason(few[position] if few else column, feature, answers, task)
        if reason is not None and few:
            whole = _answers(label, task) if whole is None else whole
            reason = _reason(column, feature, whole, task)
        if reason is not None:
            raise TrainingDataProblem(
                f"the feature '{feature.name}' alone gives the label '{target}': {reason}",
                name=feature.name,
                code="LEAK",
                hint=f"IGNORE ({feature.name})",
            )


def _answers(label: pa.ChunkedArray, task: Task) -> NDArray[np.float64]:
    if task is Task.REGRESSION:
        return numbers(label)
    if pa.types.is_string(label.type) or pa.types.is_dictionary(label.type):
        return np.asarray(categories(label).codes, dtype=np.float64)
    return numbers(label)


def _reason(
    column: pa.ChunkedArray, feature: Feature, answers: NDArray[np.float64], task: Task
) -> str | None:
    if task is Task.REGRESSION:
        if feature.kind is FeatureKind.CATEGORICAL:
            return None
        return "they differ by a straight line" if _affine(numbers(column), answers) else None
    if feature.kind is FeatureKind.CATEGORICAL:
        if feature.levels is not None and feature.levels > len(np.unique(answers)):
            return None
        values = np.asarray(categories(column).codes, dtype=np.float64)
        return "they are equal" if _renamed(values, answers) else None
    values = numbers(column)
    if _renamed(values, answers):
        return "they are equal"
    return _threshold(feature, values, answers)


def _renamed(values: NDArray[np.float64], answers: NDArray[np.float64]) -> bool:
    """Whether two columns are the same up to the names of their values."""
    classes = len(np.unique(answers))
    head = values[:1000]
    if len(np.unique(head)) > classes:
        return False
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    if len(distinct) != classes:
        return False
    pairs = codes.astype(np.int64) * (classes + 1) + pd.factorize(answers)[0]
    return len(np.unique(pairs)) == classes


def _affine(values: NDArray[np.float64], answers: NDArray[np.float64]) -> bool:
    """Whether answers = a + b * values with b != 0, up to rounding."""
    if np.isnan(values).any():
        return False
    x, y = values - values.mean(), answers - answers.mean()
    spread_x, spread_y = np.abs(x).max(), np.abs(y).max()
    if not (spread_x and spread_y and np.isfinite(spread_x) and np.isfinite(spread_y)):
        return False
    x, y = x / spread_x, y / spread_y
    slope = (x @ y) / (x @ x)
    if np.abs(y - slope * x).max() > _AFFINE_TOLERANCE:
        return False
    # Beside a value of another magnitude all others seem to lie on a line.
    usual = np.abs(x) <= _OUTLYING * np.median(np.abs(x))
    few = usual.sum() < EQUAL_ROWS or usual.all()
    return bool(few or _affine(values[usual], answers[usual]))


def _threshold(
    feature: Feature, values: NDArray[np.float64], answers: NDArray[np.float64]
) -> str | None:
    """The threshold that separates two classes perfectly, if there is one."""
    low, high = answers.min(), answers.max()
    first = answers == low
    counts = int(first.sum()), int((answers == high).sum())
    if sum(counts) != len(answers) or len(answers) < THRESHOLD_ROWS:
        return None
    if min(counts) < THRESHOLD_MINORITY or feature.kind is FeatureKind.BOOLEAN:
        return None
    below, above = values[first], values[~first]
    if below.max() < above.min():
        edge = float(below.max())
    elif above.max() < below.min():
        edge = float(above.max())
    else:
        return None
    return f"it is {feature.name} > {edge:g} in every row"

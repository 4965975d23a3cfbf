"""How well a live version answers rows that came after its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlview.definitions import fold
from mlview.errors import ColumnMismatch, did_you_mean
from mlview.learners.answers import actual_codes, labelled
from mlview.learners.evaluation import check_judgeable, judge, primary_metric
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from mlview.learners.signatures import Fitted
    from mlview.records import Metric

MINIMUM_ROWS = 30
"""Labelled rows below which no interval from a normal law can be trusted."""

MINIMUM_PER_CLASS = 5
"""Rows of each of two classes below which an area under the ROC curve has no spread."""

MAX_ROWS = 100_000
"""Rows beyond which only the newest are scored."""


@dataclass(frozen=True, slots=True)
class LiveQuality:
    """A version's score on later rows.

    Attributes:
        metric: the score's name, as at training.
        value: on `n` rows, with a 95 % interval from `low` to `high` where one is defined.
        drop: how much worse than at training, in the metric's units; negative is better, None
            where training recorded no such score.
        said: the same as a sentence, with what was left out.
        all: every metric defined on these rows, by name.
    """

    metric: str
    value: float
    low: float | None
    high: float | None
    n: int
    drop: float | None
    said: str
    all: Mapping[str, float]


def live_quality(
    fitted: Fitted, rows: pa.Table, trained: Metric | None, *, max_rows: int = MAX_ROWS
) -> LiveQuality | None:
    """The score of a fitted model on labelled rows that it was never trained on.

    Args:
        fitted: the live version's model.
        rows: its features and its label, oldest first: beyond `max_rows` the last are scored.
            Rows without a label, or with one that was never taught, are left out.
        trained: the score recorded at training, to compare with.
        max_rows: rows that are scored at most.

    Returns:
        None where nothing can be said: no label is learned, fewer than 30 labelled rows, one
        class only or fewer than 5 rows of a class that a curve needs, or constant numbers.

    Raises:
        ColumnMismatch: a feature or the label is missing, a feature has another type than in
            training, or the label of a regression is no number.
    """
    if not fitted.signature.task.supervised:
        return None
    _check_label(fitted, rows)
    known = labelled(fitted, rows)
    unlabelled, older = rows.num_rows - known.num_rows, max(0, known.num_rows - max_rows)
    known = known.slice(older)
    name = trained.name if trained else primary_metric(fitted.signature.task, _classes(fitted))
    if known.num_rows < MINIMUM_ROWS or not _enough_of_each(fitted, known, name):
        return None
    judged = judge(fitted, known)
    score = next((metric for metric in judged.metrics if metric.name == name), None)
    if score is None or judged.rows < MINIMUM_ROWS:
        return None
    drop = None if trained is None else _drop(score, trained)
    left_out = {
        "without a label": unlabelled,
        f"older than the newest {max_rows:,}": older,
        "with a label that was never taught": known.num_rows - judged.rows,
    }
    return LiveQuality(
        metric=score.name,
        value=score.value,
        low=score.low,
        high=score.high,
        n=judged.rows,
        drop=drop,
        said=_sentence(score, judged.rows, drop, trained, left_out),
        all={metric.name: metric.value for metric in judged.metrics},
    )


def _check_label(fitted: Fitted, rows: pa.Table) -> None:
    target = fitted.signature.target or ""
    if fold(target) not in map(fold, rows.column_names):
        raise ColumnMismatch(
            f"expected the label '{target}', found {', '.join(rows.column_names) or 'no columns'}",
            name=target,
            hint=did_you_mean(target, rows.column_names) or "select it",
        )
    if fitted.signature.task is Task.REGRESSION:
        check_judgeable(fitted, rows)


def _classes(fitted: Fitted) -> int:
    return len(fitted.signature.classes)


def _enough_of_each(fitted: Fitted, data: pa.Table, metric: str | None) -> bool:
    """Whether a curve over two classes has rows of both."""
    if fitted.signature.task is not Task.CLASSIFICATION or metric != "roc_auc":
        return True
    codes = actual_codes(fitted, data)
    counts = np.bincount(codes[codes >= 0], minlength=_classes(fitted))
    return bool(counts.min() >= MINIMUM_PER_CLASS)


def _drop(score: Metric, trained: Metric) -> float:
    return trained.value - score.value if trained.greater_is_better else score.value - trained.value


def _sentence(
    score: Metric,
    rows: int,
    drop: float | None,
    trained: Metric | None,
    left_out: Mapping[str, int],
) -> str:
    said = f"{score.name} {score.value:.4g}"
    if score.low is not None and score.high is not None:
        said += f" ({score.low:.4g} to {score.high:.4g})"
    said += f" on {rows:,} later rows"
    if drop is not None and trained is not None:
        how = "worse" if drop > 0 else "better"
        said += f", {abs(drop):.2g} {how} than {trained.value:.4g} at training"
    parts = [f"{count:,} {why}" for why, count in left_out.items() if count]
    return f"{said}; left out: {', '.join(parts)}" if parts else said

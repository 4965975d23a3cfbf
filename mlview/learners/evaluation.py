"""Judging a fitted model on rows it was not trained on, beside a Dummy baseline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline

from mlview.errors import ColumnMismatch
from mlview.learners.answers import (
    actual_codes,
    classified,
    labelled,
    refuse_unseen_labels,
    regressed,
)
from mlview.learners.classification import score_binary, score_classes
from mlview.learners.fitting import fit
from mlview.learners.frames import column_of
from mlview.learners.preprocessing import METHOD
from mlview.learners.regression import score_numbers
from mlview.learners.tasks import Task
from mlview.learners.unsupervised import score_clusters, score_components

if TYPE_CHECKING:
    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Fitted
    from mlview.records import Metric

_TWO = 2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics on labelled rows, how many rows there were, and what could not be said."""

    metrics: tuple[Metric, ...]
    rows: int
    notices: tuple[str, ...] = ()


def evaluate(fitted: Fitted, data: pa.Table, baseline: Fitted | None = None) -> tuple[Metric, ...]:
    """The metrics that are defined on these rows, the primary one first.

    Names are scikit-learn's scorer names; losses are positive, with `greater_is_better` False.
    `low` and `high` bound a 95 % interval, and `baseline` is the Dummy's score on the same rows.
    """
    return judge(fitted, data, baseline).metrics


def judge(fitted: Fitted, data: pa.Table, baseline: Fitted | None = None) -> Evaluation:
    """As `evaluate`, with the number of rows and the reasons for metrics that are left out."""
    if fitted.signature.task.supervised:
        data = labelled(fitted, data)
    if data.num_rows == 0:
        return Evaluation((), 0, ("no labelled row is held out: nothing is scored",))
    metrics, notices, rows = _score(fitted, data)
    if baseline is not None:
        scores = {m.name: m.value for m in _score(baseline, data)[0]}
        metrics = tuple(replace(m, baseline=scores.get(m.name)) for m in metrics)
    return Evaluation(metrics, rows, notices)


def _score(fitted: Fitted, data: pa.Table) -> tuple[tuple[Metric, ...], tuple[str, ...], int]:
    match fitted.signature.task:
        case Task.CLASSIFICATION:
            return _score_classifier(fitted, data)
        case Task.REGRESSION:
            metrics, notices = score_numbers(*regressed(fitted, data))
        case Task.CLUSTERING:
            metrics, notices = score_clusters(fitted, data)
        case Task.DECOMPOSITION:
            metrics, notices = score_components(fitted, data)
        case Task.OUTLIERS:
            metrics, notices = (), ()
    return metrics, notices, data.num_rows


def _score_classifier(
    fitted: Fitted, data: pa.Table
) -> tuple[tuple[Metric, ...], tuple[str, ...], int]:
    unknown = actual_codes(fitted, data) < 0
    notices: tuple[str, ...] = ()
    if unknown.any():
        count = int(unknown.sum())
        notices = (f"{count} held-out rows have a class that training had not: left out",)
        data = data.filter(pa.array(~unknown))
    if data.num_rows == 0:
        return (), notices, 0
    answers = classified(fitted, data)
    classes = len(fitted.signature.classes)
    metrics, more = score_binary(answers) if classes == _TWO else score_classes(answers, classes)
    return metrics, (*notices, *more), data.num_rows


def check_judgeable(fitted: Fitted, data: pa.Table) -> None:
    """Refuse labels that a model cannot be judged by.

    Raises:
        ColumnMismatch: a label of another type, or with a class that was never taught.
    """
    task, target = fitted.signature.task, fitted.signature.target
    if task is Task.CLASSIFICATION:
        refuse_unseen_labels(fitted, data)
    elif task is Task.REGRESSION and target is not None:
        kind = column_of(data, target).type
        if not (is_number(kind) or pa.types.is_null(kind)):
            raise ColumnMismatch(
                f"the label '{target}' is {kind}, the model was taught numbers",
                hint=f"CAST({target} AS DOUBLE) AS {target}",
            )


def is_number(kind: pa.DataType) -> bool:
    """Whether values of an Arrow type are numbers."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def fit_baseline(roles: Roles, data: pa.Table, *, seed: int = 0) -> Fitted | None:
    """A Dummy fitted on the training rows: class shares, or the mean; None without a label."""
    match roles.task:
        case Task.CLASSIFICATION:
            dummy = DummyClassifier(strategy="prior")
        case Task.REGRESSION:
            dummy = DummyRegressor(strategy="mean")
        case _:
            return None
    # The Dummy counts rows and reads no feature: one column is enough.
    slim = replace(roles, features=roles.features[:1])
    return fit(Pipeline([(METHOD, dummy)]), slim, data, seed=seed)


def primary_metric(task: Task, n_classes: int = 0) -> str | None:
    """The metric that sums a model up; None for outlier scores, which have none.

    >>> primary_metric(Task.CLASSIFICATION, 2), primary_metric(Task.REGRESSION)
    ('roc_auc', 'r2')
    """
    match task:
        case Task.CLASSIFICATION:
            return "roc_auc" if n_classes == _TWO else "accuracy"
        case Task.REGRESSION:
            return "r2"
        case Task.CLUSTERING:
            return "silhouette"
        case Task.DECOMPOSITION:
            return "explained_variance"
        case Task.OUTLIERS:
            return None


def confusion_matrix(fitted: Fitted, data: pa.Table) -> pa.Table:
    """How often each class was answered with which: columns actual, predicted, rows.

    Every pair that occurs, in the order of the classes. A class that training had not is left out.
    """
    data = labelled(fitted, data)
    actual = actual_codes(fitted, data)
    answers = classified(fitted, data)
    known = actual >= 0
    classes = len(fitted.signature.classes)
    pairs = actual[known] * classes + answers.predicted[known]
    counts = np.bincount(pairs, minlength=classes * classes)
    cells = np.flatnonzero(counts)
    label = column_of(data, fitted.signature.target or "").type
    kind = pa.string() if pa.types.is_dictionary(label) else label
    names = pa.array(fitted.signature.classes).cast(kind)
    return pa.table(
        {
            "actual": names.take(pa.array(cells // classes)),
            "predicted": names.take(pa.array(cells % classes)),
            "rows": pa.array(counts[cells], pa.int64()),
        }
    )

"""Scores of a solved model on the held-out rows that were kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlview.learners.baselines import baseline_from, mean_label
from mlview.learners.evaluation import Evaluation, judge
from mlview.learners.frames import column_of, numbers
from mlview.learners.moments.answering import linear_answers
from mlview.learners.regression import score_numbers
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    import pyarrow as pa

    from mlview.learners.moments.state import Moments
    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Fitted


def score_kept(fitted: Fitted, rows: pa.Table, train: Moments, roles: Roles) -> Evaluation:
    """What `judge` says of a model and of its baseline, sooner where the model is linear.

    Args:
        fitted: the model, solved from `train`.
        rows: held-out rows, each with its label.
        train: the sums of the rows it was trained on, from which the baseline follows.
        roles: what every column is for.
    """
    answers = linear_answers(fitted, rows) if roles.task is Task.REGRESSION else None
    if answers is None or not rows.num_rows:
        return judge(fitted, rows, baseline_from(train, roles))
    actual = numbers(column_of(rows, roles.target or ""))
    metrics, notices = score_numbers(actual, answers)
    constant = np.full(len(actual), mean_label(train))
    baseline = {metric.name: metric.value for metric in score_numbers(actual, constant)[0]}
    told = tuple(replace(metric, baseline=baseline.get(metric.name)) for metric in metrics)
    return Evaluation(told, rows.num_rows, notices)

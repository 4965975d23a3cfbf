"""From sums to a model: solved, scored on rows it was not made from, and described."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.errors import TrainingDataProblem
from mlview.learners.keeping.scoring import score_kept
from mlview.learners.tasks import Task
from mlview.observation.identities import BUCKET
from mlview.refresh.splitting import refuse_lost
from mlview.refresh.training import described, lines_of

if TYPE_CHECKING:
    from mlview.definitions import Model
    from mlview.learners import Evaluation, Fitted
    from mlview.learners.keeping.sums import Sums
    from mlview.observation.identities import Identity
    from mlview.records import Metric

_FROM_SUMS = ("r2", "root_mean_squared_error")


@dataclass(frozen=True)
class Solved:
    """A model solved from sums, and its scores on the held-out rows."""

    fitted: Fitted
    judged: Evaluation
    details: dict[str, Any]
    notices: tuple[str, ...]
    rows_trained: int
    rows_held_out: int


def solve_sums(sums: Sums, definition: Model, identity: Identity, *, refit: bool) -> Solved:
    """Solve for the model that will be published, and judge one that saw no held-out row.

    Args:
        sums: those of all rows.
        definition: the model.
        identity: what tells its rows apart.
        refit: whether the published model learns from the held-out rows as well.

    Raises:
        TrainingDataProblem: as training on the rows themselves would.
    """
    roles = sums.with_levels()
    _refuse_empty(sums)
    held_out = sums.test.rows
    details: dict[str, Any] = {}
    judged = learners.Evaluation((), 0)
    notices: tuple[str, ...] = ()
    before: Fitted | None = None
    if sums.roles.target is not None and held_out:
        if roles.task is Task.CLASSIFICATION:
            refuse_lost(sums.train.class_counts, sums.test.class_counts, sums.roles.target)
        before = learners.solve(sums.train, roles)
        judged, notices = _judged(before, sums, details)
        details["holdout"] = _holdout(sums, definition, identity, refit=refit)
    elif sums.roles.target is not None:
        details["holdout"] = _holdout(sums, definition, identity, refit=refit)
        notices = (f"no row was held out of {sums.train.rows:,}: the model is not scored",)
    whole = sums.published(refit=refit)
    fitted = before if before is not None and whole is sums.train else learners.solve(whole, roles)
    details |= described(fitted, roles, identity.said, whole.missing)
    return Solved(fitted, judged, details, notices, whole.rows, held_out)


def _refuse_empty(sums: Sums) -> None:
    if sums.test.rows and not sums.train.rows:
        raise TrainingDataProblem(
            f"the hold-out takes all of the {sums.test.rows:,} labelled rows",
            code="TOO_FEW_ROWS",
            hint="HOLDOUT a smaller share",
        )


def _judged(
    fitted: Fitted, sums: Sums, details: dict[str, Any]
) -> tuple[Evaluation, tuple[str, ...]]:
    """Scores on the sample of held-out rows; those that sums give are of all of them."""
    assert sums.sample is not None  # noqa: S101 - held-out rows are sampled
    rows = sums.sample.rows.drop_columns([BUCKET])
    judged = score_kept(fitted, rows, sums.train, sums.roles)
    notices: tuple[str, ...] = judged.notices
    if sums.roles.task is Task.CLASSIFICATION and rows.num_rows:
        details["confusion_matrix"] = lines_of(learners.confusion_matrix(fitted, rows))
    if rows.num_rows < sums.test.rows:
        details["scored_rows"] = rows.num_rows
        if sums.roles.task is Task.REGRESSION:
            judged = replace(judged, metrics=_of_all(fitted, sums, judged.metrics, rows.num_rows))
        notices = (*notices, f"scored on {rows.num_rows:,} of {sums.test.rows:,} held-out rows")
    return judged, notices


def _of_all(
    fitted: Fitted, sums: Sums, metrics: tuple[Metric, ...], sampled: int
) -> tuple[Metric, ...]:
    """Squared errors are known for every held-out row; intervals narrow with the root of rows."""
    found = learners.squared_error(fitted, sums.test)
    if found is None:
        return metrics
    exact = dict(zip(_FROM_SUMS, (found.r2, found.rmse), strict=True))
    narrower = sqrt(sampled / sums.test.rows)
    told = []
    for metric in metrics:
        value = exact.get(metric.name)
        if value is None:
            told.append(metric)
            continue
        low, high = (
            None if bound is None else value + (bound - metric.value) * narrower
            for bound in (metric.low, metric.high)
        )
        told.append(replace(metric, value=value, low=low, high=high))
    return tuple(told)


def _holdout(sums: Sums, definition: Model, identity: Identity, *, refit: bool) -> dict[str, Any]:
    """How it was decided who is held out, as kept with the version."""
    if sums.held_from is not None or (sums.roles.time is not None and definition.holdout is None):
        record: dict[str, Any] = {"by": "time", "column": sums.roles.time, "refit": True}
        if sums.held_from is not None:
            record["from"] = sums.held_from_text()
        return {**record, "hash": identity.rule}
    holdout = definition.holdout
    by = list(getattr(holdout, "by", ())) or "identity"
    return {
        "by": by,
        "identity": identity.said,
        "hash": identity.rule,
        "share": getattr(holdout, "share", 0.2),
        "refit": refit,
    }

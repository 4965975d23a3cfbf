"""A model continued on what changed: asked for by name, and never called exact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview import learners
from mlview.definitions import HoldoutShare
from mlview.engines.sources import WEIGHT
from mlview.errors import NotIncremental, StorageProblem
from mlview.learners.frames import column_of
from mlview.observation.identities import BUCKET, ROW_ID
from mlview.records import Action
from mlview.refresh.changed import changed_rows
from mlview.refresh.jobs import Candidate
from mlview.refresh.models import with_model, with_state
from mlview.refresh.recording import blank_version, kept_operators
from mlview.refresh.splitting import effective_holdout
from mlview.refresh.training import SEED

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.definitions import Model
    from mlview.learners import Evaluation
    from mlview.observation.reads import Reads
    from mlview.records import Version
    from mlview.refresh.jobs import Job
    from mlview.serving.loading import Loader
    from mlview.storage.home import Home

FEWEST_SCORED = 50
"""Rows that came below which a score would say nothing: the one before stands."""

_KEPT = ("maintenance", "operators", "histograms", "holdout", "identity", "ignored", "missing",
         "features", "task", "time", "key", "preprocessing", "confusion_matrix")  # fmt: skip


@dataclass(frozen=True)
class ContinuedModel:
    """An approximate refresh of a model."""

    home: Home
    loader: Loader
    job: Job
    reads: Reads
    definition: Model
    tell: Callable[[str], None]

    def candidate(self) -> Candidate:
        """The candidate.

        Raises:
            NotIncremental: this delta needs a full fit, with the reason.
        """
        job, live = self.job, self.job.live
        with changed_rows(self.home, job, lossless=False) as changed:
            inserted, deleted, unlabelled = self._parts(changed.rows.read_all())
        fitted = self.loader.stored(live, job.row.name.plain)
        judged = learners.Evaluation((), 0)
        if inserted.num_rows >= FEWEST_SCORED and self.definition.target is not None:
            self.tell("scoring")
            judged = learners.judge(fitted, inserted)
        self.tell("continuing")
        steps = live.details.get("continued", 0) + 1
        learned, forgotten = self._learned(inserted), self._learned(deleted)
        try:
            continued = learners.continue_fit(
                fitted, self._state(), learned, forgotten, seed=SEED, steps=steps
            )
        except learners.CannotContinue as problem:
            raise NotIncremental(problem.reason) from problem
        self.tell("storing")
        version = self._version(changed.operators, judged, steps)
        version = replace(
            version,
            rows=(live.rows or 0) + changed.size.inserted - changed.size.deleted,
            rows_trained=(live.rows_trained or 0) + learned.num_rows - forgotten.num_rows,
            rows_unlabelled=(live.rows_unlabelled or 0) + unlabelled,
        )
        version = with_model(self.home, version, continued.fitted)
        version = with_state(self.home, version, continued.state)
        said = (continued.said, *self._said(judged))
        details = {**version.details, "notices": list(said), "error": continued.error_estimate}
        version = replace(version, details=details)
        return Candidate(version, continued.fitted, said, job.step, changed.size)

    def _parts(self, rows: pa.Table) -> tuple[pa.Table, pa.Table, int]:
        """The labelled rows that came and that went, and how many more questions there are."""
        weights = np.asarray(rows[WEIGHT].to_numpy(), np.int64)
        rows = rows.drop_columns([c for c in (WEIGHT, ROW_ID) if c in rows.column_names])
        unlabelled = 0
        if self.definition.target is not None:
            known = column_of(rows, self.definition.target).is_valid()
            labelled = np.asarray(known.to_numpy())
            unlabelled = int(weights[~labelled].sum())
            rows, weights = rows.filter(known), weights[labelled]
        places = np.arange(len(weights))
        came = rows.take(pa.array(np.repeat(places, np.maximum(weights, 0))))
        went = rows.take(pa.array(np.repeat(places, np.maximum(-weights, 0))))
        return self._ordered(came), went, unlabelled

    def _ordered(self, rows: pa.Table) -> pa.Table:
        """The rows in an order of their own, since what is learned may depend on it."""
        time = self.job.live.details.get("time")
        first = [time] if time is not None else []
        keys = dict.fromkeys([*first, BUCKET, *rows.column_names])
        known = [k for k in keys if k in rows.column_names and not _nested(rows[k].type)]
        return rows.sort_by([(key, "ascending") for key in known])

    def _learned(self, rows: pa.Table) -> pa.Table:
        """The rows that are learned from: all but those that stay held out."""
        time = self.job.live.details.get("time")
        if self.definition.target is None:
            return rows
        holdout = effective_holdout(self.definition, time)
        if isinstance(holdout, HoldoutShare) and not holdout.refit:
            rows = rows.filter(pc.greater_equal(rows[BUCKET], holdout.share))
        return rows.drop_columns([BUCKET])

    def _state(self) -> bytes | None:
        digest = self.job.live.details.get("state")
        if digest is None:
            return None
        try:
            _, payload = self.home.artifacts.get(digest)
        except StorageProblem as problem:
            raise NotIncremental(f"its state cannot be read: {problem.message}") from problem
        return payload

    def _version(self, operators: Any, judged: Evaluation, steps: int) -> Version:
        live, blank = self.job.live, blank_version(self.job, self.reads)
        kept = {name: live.details[name] for name in _KEPT if name in live.details}
        scored = any(m.name == live.score_name for m in judged.metrics)
        return replace(
            blank,
            action=Action.INCREMENTAL,
            exact=False,
            schema=live.schema,
            method=live.method,
            parameters=live.parameters,
            seed=SEED,
            rows_held_out=live.rows_held_out,
            score_name=live.score_name,
            metrics=judged.metrics if scored else live.metrics,
            details={
                **blank.details,
                **kept,
                "delta": kept_operators(operators),
                "continued": steps,
            },
        )

    def _said(self, judged: Evaluation) -> tuple[str, ...]:
        if judged.metrics:
            return (f"scored on {judged.rows:,} rows that came, before they were learned from",)
        return ("too few rows came to be scored on: the score is that of the version before",)


def _nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind) or pa.types.is_dictionary(kind))

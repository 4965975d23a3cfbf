"""One step of a plan: the version it makes, before anyone can see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlview import learners
from mlview.definitions import Model, always_quote
from mlview.engines import DEFINITION_SETTINGS
from mlview.errors import BindProblem, UnknownName
from mlview.observation.observer import text_digest
from mlview.observation.reads import resolve
from mlview.observation.stored import definition_of
from mlview.records import UpstreamVersion, Version, VersionStatus
from mlview.refresh.columns import keep_columns
from mlview.refresh.libraries import library_versions
from mlview.refresh.reading import read_training_rows
from mlview.refresh.training import SEED, train
from mlview.serving.lookup import schema_changed
from mlview.serving.scopes import Scope
from mlview.serving.targets import OnReader
from mlview.storage.payloads import dump

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mlview.definitions import Definition
    from mlview.learners import Fitted
    from mlview.observation.reads import Reads
    from mlview.records import Column, RefreshStep, Snapshot
    from mlview.serving.binding import Binder
    from mlview.serving.lookup import VersionChoice
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

MANIFEST_FORMAT = 1


@dataclass(frozen=True)
class Job:
    """One view to materialize: what, at which snapshot, over which upstream versions.

    `before` is the live version; its columns are kept where the definition is still the same and
    was not declared `anew`, which a user does to have the columns of today.
    """

    row: ObjectRow
    step: RefreshStep
    snapshot: Snapshot
    data_timestamp: datetime
    choice: VersionChoice
    before: Version | None
    refresh_id: int
    number: int
    anew: bool = False

    @property
    def definition(self) -> Definition:
        """What is to be materialized."""
        return definition_of(self.row.create_text)

    @property
    def columns_before(self) -> tuple[Column, ...] | None:
        """The columns to keep, or None where the definition is new."""
        if self.before is None or self.anew or self.before.fingerprint != self.row.fingerprint:
            return None
        return self.before.schema or None


@dataclass(frozen=True)
class Candidate:
    """A version that nothing points at yet, and what the user should be told of it."""

    version: Version
    fitted: Fitted | None
    notices: tuple[str, ...]


def materialize(home: Home, binder: Binder, job: Job, *, tell: Callable[[str], None]) -> Candidate:
    """Compute a step's version at its snapshot and keep its result where no pointer names it.

    Raises:
        SchemaChanged: the query no longer binds, and did for the version before.
        TrainingDataProblem, FitFailed: as `mlview.refresh.training.train` says.
    """
    started = home.clock.monotonic()
    tell("reading")
    try:
        reads = resolve(home, job.definition.query, job.snapshot.id, what=str(job.row.name))
        with home.engine.reader(job.snapshot.id, refresh_time=job.data_timestamp) as reader:
            target = OnReader(reader, threads=1 if reads.order_matters else None)
            scope = Scope(target, job.choice, job.data_timestamp)
            try:
                candidate = _Work(home, binder, scope, job, reads, tell).done()
            finally:
                scope.release()
    except (BindProblem, UnknownName) as problem:
        if job.before is None:
            raise
        raise schema_changed(problem, job.row.name, job.row.kind, job.row.live_version) from problem
    seconds = home.clock.monotonic() - started
    return replace(candidate, version=replace(candidate.version, fit_seconds=seconds))


@dataclass(frozen=True)
class _Work:
    """A job, and everything that is open while it is done."""

    home: Home
    binder: Binder
    scope: Scope
    job: Job
    reads: Reads
    tell: Callable[[str], None]

    def done(self) -> Candidate:
        """The candidate."""
        definition = self.job.definition
        return self._model(definition) if isinstance(definition, Model) else self._view(definition)

    def _view(self, definition: Definition) -> Candidate:
        job, target = self.job, self.scope.target
        query = self.binder.define(definition.query, self.scope)
        columns, notices = keep_columns(target.describe(query), job.columns_before)
        self.tell("storing")
        picked = ", ".join(always_quote(c.name) for c in columns)
        batches = target.batches(f"SELECT {picked} FROM ({query}\n)")
        stored = self.home.engine.write_materialization(
            job.row.id, batches, refresh_id=job.refresh_id
        )
        version = replace(
            self._blank(),
            schema=columns,
            stored_snapshot=stored.stored_snapshot,
            rows=stored.rows,
        )
        return Candidate(version, None, notices)

    def _model(self, definition: Model) -> Candidate:
        artifacts, blank = self.home.artifacts, self._blank()
        rows = read_training_rows(
            self.binder, self.scope, definition, self.reads, self.job.columns_before
        )
        trained = train(rows, definition, artifacts, tell=self.tell)
        self.tell("storing")
        libraries = library_versions(trained.method)
        manifest = {
            "format": MANIFEST_FORMAT,
            "kind": "fitted",
            "signature": trained.fitted.signature.to_json(),
            "libraries": libraries,
        }
        payload = dump(trained.fitted.pipeline, modules=learners.registered_modules())
        notices = (*rows.notices, *trained.notices)
        version = replace(
            blank,
            schema=rows.columns,
            row_order=rows.order,
            artifact_sha256=artifacts.put(manifest, payload),
            method=trained.method,
            parameters=trained.parameters,
            library_versions=libraries,
            seed=SEED,
            rows=trained.rows,
            rows_trained=trained.trained,
            rows_held_out=trained.held_out,
            rows_unlabelled=trained.unlabelled,
            score_name=trained.score_name,
            metrics=trained.metrics,
            details={**blank.details, **trained.details, "notices": list(notices)},
        )
        return Candidate(version, trained.fitted, notices)

    def _blank(self) -> Version:
        """All of a version that is known before anything was computed."""
        job, reads = self.job, self.reads
        views = {name.qualified: text_digest(text) for name, text in reads.lake_views.items()}
        kept = reads.kept_views.values()
        views |= {row.name.qualified: text_digest(row.create_text) for row in kept}
        upstream = [
            UpstreamVersion(row.id, row.name.plain, job.choice.version(row).number)
            for row in reads.upstream.values()
        ]
        return Version(
            object_id=job.row.id,
            number=job.number,
            status=VersionStatus.CANDIDATE,
            fingerprint=job.row.fingerprint,
            definition_text=job.row.create_text,
            snapshot_id=job.snapshot.id,
            data_timestamp=job.data_timestamp,
            created_at=job.data_timestamp,
            action=job.step.action,
            upstream=tuple(upstream),
            base_tables={n.qualified: state.table_id for n, state in reads.base_tables.items()},
            settings=dict(DEFINITION_SETTINGS),
            library_versions=library_versions(),
            details={
                "reads": {name.qualified: str(kind) for name, kind in reads.direct.items()},
                "views": views,
                "refresh_time": reads.refresh_time,
            },
        )

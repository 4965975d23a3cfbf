"""One step of a plan: the version it makes, before anyone can see it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlview.definitions import MaterializedView, Model
from mlview.errors import BindProblem, DatabaseDamaged, NotIncremental, UnknownName
from mlview.observation.reads import resolve
from mlview.records import Action
from mlview.refresh.continuing import ContinuedModel
from mlview.refresh.maintaining import ChangedModel, insists
from mlview.refresh.models import FullModel
from mlview.refresh.resync import Resync
from mlview.refresh.views import changed_view, full_view
from mlview.serving.lookup import schema_changed
from mlview.serving.scopes import Scope
from mlview.serving.targets import OnReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.observation.reads import Reads
    from mlview.refresh.jobs import Candidate, Job
    from mlview.serving.binding import Binder
    from mlview.storage.home import Home


def materialize(home: Home, binder: Binder, job: Job, *, tell: Callable[[str], None]) -> Candidate:
    """Compute a step's version at its snapshot and keep its result where no pointer names it.

    An incremental step that turns out to be impossible is done in full, unless nothing but an
    incremental refresh was asked for.

    Raises:
        SchemaChanged: the query no longer binds, and did for the version before.
        TrainingDataProblem, FitFailed: as `mlview.refresh.training.train` says.
        NotIncremental: it was asked for, and cannot be had.
    """
    started = home.clock.monotonic()
    tell("reading")
    try:
        reads = resolve(home, job.definition.query, job.snapshot.id, what=str(job.row.name))
        candidate = _candidate(home, binder, job, reads, tell)
    except (BindProblem, UnknownName) as problem:
        if job.before is None:
            raise
        raise schema_changed(problem, job.row.name, job.row.kind, job.row.live_version) from problem
    seconds = home.clock.monotonic() - started
    return replace(candidate, version=replace(candidate.version, fit_seconds=seconds))


def _candidate(
    home: Home, binder: Binder, job: Job, reads: Reads, tell: Callable[[str], None]
) -> Candidate:
    if job.step.action is Action.INCREMENTAL:
        try:
            return _changed(home, binder, job, reads, tell)
        except NotIncremental as problem:
            resync = isinstance(problem, Resync)
            if not resync and insists(job.definition, job):
                raise
            job = job.in_full(problem.message)
    return _full(home, binder, job, reads, tell)


def _changed(
    home: Home, binder: Binder, job: Job, reads: Reads, tell: Callable[[str], None]
) -> Candidate:
    definition = job.definition
    if not isinstance(definition, Model):
        return changed_view(home, job, reads, tell)
    if job.step.exact:
        return ChangedModel(home, job, reads, definition, tell).candidate()
    return ContinuedModel(home, binder.loader, job, reads, definition, tell).candidate()


def _full(
    home: Home, binder: Binder, job: Job, reads: Reads, tell: Callable[[str], None]
) -> Candidate:
    definition = job.definition
    with home.engine.reader(job.snapshot.id, refresh_time=job.data_timestamp) as reader:
        target = OnReader(reader, threads=1 if reads.order_matters else None)
        scope = Scope(target, job.choice, job.data_timestamp)
        try:
            match definition:
                case Model():
                    return FullModel(
                        home, binder, scope, target, job, reads, definition, tell
                    ).candidate()
                case MaterializedView():
                    return full_view(home, binder, scope, target, job, reads, definition, tell)
                case _:
                    raise DatabaseDamaged(f"{job.row.name} is no view that is materialized")
        finally:
            scope.release()

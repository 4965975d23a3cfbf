"""Carries out a plan: each step under a lease, published in one transaction, recorded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

from mlview.errors import (
    FitFailed,
    MlviewError,
    NotIncremental,
    RefreshBusy,
    StorageProblem,
    UnknownName,
    UpstreamFailed,
    did_you_mean,
)
from mlview.observation.stored import maintenance_of
from mlview.planning import Costs, plan_refresh, predict_seconds
from mlview.records import Action, RefreshRecord, RefreshState, Trigger
from mlview.refresh.holding import may_publish
from mlview.refresh.jobs import Job
from mlview.refresh.leasing import lease
from mlview.refresh.materializing import materialize
from mlview.refresh.outcomes import Outcome, StepOutcome
from mlview.refresh.progress import silent
from mlview.serving.lookup import not_materialized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mlview.definitions import Name
    from mlview.observation.deltas import ViewDelta
    from mlview.observation.observer import Observed, Observer
    from mlview.planning import Demand
    from mlview.records import Plan, RefreshStep, Staleness, Version
    from mlview.refresh.jobs import Candidate
    from mlview.refresh.progress import Progress
    from mlview.serving.binding import Binder
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

REMEMBERED = 20
"""Refreshes of a view from which the seconds of the next one are predicted."""


@dataclass
class PlannedVersions:
    """Binds views to what this plan made of them, and the others to what was live before it.

    Whatever other processes publish meanwhile, all inputs of a refresh are of one snapshot.
    """

    home: Home
    observed: Observed
    made: dict[int, Version] = field(default_factory=dict)

    def version(self, row: ObjectRow) -> Version:
        """The version of a view that this plan reads.

        Raises:
            NotMaterialized: it has none.
        """
        version = self.made.get(row.id) or self.observed.live.get(row.id)
        if version is None:
            raise not_materialized(row)
        return version


class Refresher:
    """Plans refreshes and carries them out, one after the other."""

    def __init__(self, home: Home, observer: Observer, binder: Binder) -> None:
        self._home = home
        self._observer = observer
        self._binder = binder

    def plan(self, demand: Demand, *, instead: ObjectRow | None = None) -> tuple[Plan, Observed]:
        """What would be done now, and what it was decided from.

        Args:
            demand: what is asked for.
            instead: a row to plan with in place of the stored one (a definition not yet adopted).
        """
        observed = self._observer.look(instead=instead, closely=demand)
        staleness = observed.staleness(self._home.clock.now())
        for name in demand.names:
            if name not in observed.views:
                known = [str(n) for n in observed.views]
                raise UnknownName(
                    f"no model or materialized view named {name}",
                    name=name.plain,
                    hint=did_you_mean(str(name), known),
                )
        plan = plan_refresh(
            demand,
            snapshot=observed.snapshot,
            order=observed.order,
            observations=observed.views,
            staleness=staleness,
            costs=self._costs(observed, staleness),
        )
        return plan, observed

    def refresh(
        self,
        demand: Demand,
        *,
        trigger: Trigger = Trigger.MANUAL,
        progress: Progress = silent,
        instead: ObjectRow | None = None,
    ) -> Outcome:
        """Carry out what was asked for; a failed step fails what depends on it and nothing else."""
        self._home.catalog.abandon_dead(self._home.clock.now())
        plan, observed = self.plan(demand, instead=instead)
        run = _Run(self._home, self._binder, plan, observed, trigger, progress, instead)
        return Outcome(plan, tuple(run.step(step) for step in plan.steps))

    def _costs(self, observed: Observed, staleness: Mapping[Name, Staleness]) -> dict[Name, Costs]:
        """What a refresh of each stale view would take, by what its own refreshes took."""
        stale = {
            name: observed.rows[name].id
            for name, judged in staleness.items()
            if (judged.lag_sec is None or judged.stale_since is not None)
            and observed.rows[name].id in observed.live
        }
        history = self._home.catalog.past(tuple(stale.values()), each=REMEMBERED) if stale else {}
        costs = {}
        for name, object_id in stale.items():
            live, past = observed.live[object_id], history.get(object_id, ())
            rows, changed = live.rows or 0, staleness[name].changed_rows
            full = predict_seconds(Action.FULL, rows, changed or 0, past)
            able = maintenance_of(live).possible
            known = able and changed is not None
            incremental = (
                predict_seconds(Action.INCREMENTAL, rows, changed, past)
                if known and changed is not None
                else None
            )
            costs[name] = Costs(full, incremental)
        return costs


class _Adoption(TypedDict, total=False):
    """A definition that is published together with its first version."""

    create_text: str
    fingerprint: str
    owner: str | None


class _Run:
    """One plan being carried out."""

    def __init__(
        self,
        home: Home,
        binder: Binder,
        plan: Plan,
        observed: Observed,
        trigger: Trigger,
        progress: Progress,
        instead: ObjectRow | None,
    ) -> None:
        self._home = home
        self._binder = binder
        self._plan = plan
        self._observed = observed
        self._trigger = trigger
        self._progress = progress
        self._adopted = instead
        self._choice = PlannedVersions(home, observed)
        self._failed: dict[tuple[str, str], Name] = {}
        self._rebuilt: set[tuple[str, str]] = set()
        # A window's delta is known up to the moment of the look, so that is the data's time.
        self._now: datetime = observed.now if observed.windows else home.clock.now()

    def step(self, step: RefreshStep) -> StepOutcome:
        """Carry out one step and record it."""
        upstream = [name for name in step.reads if name.key in self._failed]
        started = self._home.clock.monotonic()
        if upstream:
            self._failed[step.name.key] = step.name
            return self._upstream_failed(step, upstream)
        try:
            return self._under_lease(step, started)
        except MlviewError as error:
            self._failed[step.name.key] = step.name
            error.name = step.name.plain
            return StepOutcome(step, RefreshState.FAILED, self._since(started), error=error)

    def _under_lease(self, step: RefreshStep, started: float) -> StepOutcome:
        home = self._home
        with lease(home, step.object_id) as token:
            self._refuse_moved(step)
            record = self._record(step)
            refresh_id = home.catalog.begin_refresh(record)
            try:
                _refuse(step)
                if step.action is Action.NO_DATA:
                    return self._nothing_to_do(step, token, refresh_id, record, started)
                return self._materialize(step, token, refresh_id, record, started)
            except Exception as error:
                known = error if isinstance(error, MlviewError) else _unexpected(step, error)
                self._broke_off(refresh_id, RefreshState.FAILED, started, error)
                if known is error:
                    raise
                raise known from error
            except BaseException as interruption:
                self._broke_off(refresh_id, RefreshState.CANCELLED, started, interruption)
                raise

    def _refuse_moved(self, step: RefreshStep) -> None:
        """A plan is for the version that was live when it was made."""
        planned, now = self._observed.rows[step.name], self._home.catalog.object(step.object_id)
        redefined = planned.fingerprint != now.fingerprint and planned is not self._adopted
        if now.live_version == planned.live_version and not redefined:
            return
        raise RefreshBusy(
            f"{step.name} was {'declared anew' if redefined else 'published'} by another process "
            "while this refresh was planned",
            name=step.name.plain,
            hint="refresh again if it is still stale",
        )

    def _nothing_to_do(
        self, step: RefreshStep, token: int, refresh_id: int, record: RefreshRecord, started: float
    ) -> StepOutcome:
        home = self._home
        live = self._observed.live[step.object_id]
        if live.artifact_sha256 is not None:
            self._binder.loader.check(live, step.name.plain)
        home.catalog.advance(
            step.object_id,
            through=self._plan.snapshot.id,
            token=token,
            number=live.number,
            now=home.clock.now(),
            refresh_id=refresh_id,
            finish=self._succeeded(record, live, started),
        )
        return StepOutcome(step, RefreshState.SUCCEEDED, self._since(started), live)

    def _materialize(
        self, step: RefreshStep, token: int, refresh_id: int, record: RefreshRecord, started: float
    ) -> StepOutcome:
        home, catalog = self._home, self._home.catalog
        row = self._observed.rows[step.name]
        job = Job(
            row=row,
            step=step,
            snapshot=self._plan.snapshot,
            data_timestamp=self._now,
            choice=self._choice,
            before=self._observed.live.get(step.object_id),
            refresh_id=refresh_id,
            number=catalog.next_version(step.object_id),
            anew=row is self._adopted,
            delta=self._known_delta(step),
        )
        candidate = materialize(home, self._binder, job, tell=self._teller(step))
        version, step = candidate.version, candidate.step
        record = _as_done(record, candidate)
        catalog.add_version(version)
        if candidate.fitted is not None and version.artifact_sha256 is not None:
            self._binder.loader.keep(version.artifact_sha256, candidate.fitted)
        verdict = may_publish(home, catalog.object(row.id), version)
        if not verdict.publish:
            self._kept(refresh_id, record, version, started)
        else:
            if verdict.releases_hold:
                catalog.hold(row.id, False)
            catalog.publish(
                row.id,
                version.number,
                token=token,
                now=home.clock.now(),
                by=self._trigger,
                reason=step.reason,
                refresh_id=refresh_id,
                finish=self._succeeded(record, version, started),
                **self._adoption(row),
            )
            self._choice.made[row.id] = version
        self._rebuilt.add(step.name.key)
        return StepOutcome(
            step=step,
            state=RefreshState.SUCCEEDED,
            seconds=self._since(started),
            version=version,
            published=verdict.publish,
            notices=(*candidate.notices, *([verdict.reason] if verdict.reason else [])),
        )

    def _known_delta(self, step: RefreshStep) -> ViewDelta | None:
        """The delta that planning has computed, if what it reads is what this step will read."""
        if any(name.key in self._rebuilt for name in step.reads):
            return None
        return self._observed.deltas.get(step.object_id)

    def _kept(
        self, refresh_id: int, record: RefreshRecord, version: Version, started: float
    ) -> None:
        """Record a refresh whose version is kept and not published."""
        self._home.catalog.finish_refresh(
            refresh_id,
            state=RefreshState.SUCCEEDED,
            now=self._home.clock.now(),
            actual_seconds=self._since(started),
            version=version.number,
            action=record.action,
            reason=record.reason,
            rows_inserted=record.rows_inserted,
            rows_deleted=record.rows_deleted,
            exact=version.exact,
        )

    def _adoption(self, row: ObjectRow) -> _Adoption:
        """What publishing replaces: the definition, where a new one was planned with."""
        if row is not self._adopted:
            return {}
        return {
            "create_text": row.create_text,
            "fingerprint": row.fingerprint,
            "owner": row.owner,
        }

    def _upstream_failed(self, step: RefreshStep, upstream: list[Name]) -> StepOutcome:
        names = ", ".join(map(str, upstream))
        error = UpstreamFailed(
            f"{step.name} was not refreshed, because {names} could not be",
            name=step.name.plain,
            hint=f"FROM mlview.refresh_history WHERE name = '{upstream[0].plain}'",
        )
        refresh_id = self._home.catalog.begin_refresh(self._record(step))
        self._finish(refresh_id, RefreshState.UPSTREAM_FAILED, self._home.clock.monotonic(), error)
        return StepOutcome(step, RefreshState.UPSTREAM_FAILED, 0.0, error=error)

    def _broke_off(
        self, refresh_id: int, state: RefreshState, started: float, error: BaseException
    ) -> None:
        """Record how a refresh failed; a catalog that cannot be written hides no other error."""
        with suppress(StorageProblem):
            self._finish(refresh_id, state, started, error)

    def _finish(
        self,
        refresh_id: int,
        state: RefreshState,
        started: float,
        error: BaseException | None = None,
        version: Version | None = None,
    ) -> None:
        self._home.catalog.finish_refresh(
            refresh_id,
            state=state,
            now=self._home.clock.now(),
            actual_seconds=self._since(started),
            version=version.number if version else None,
            error_code=getattr(error, "error_code", type(error).__name__ if error else None),
            error=getattr(error, "message", str(error)) if error else None,
        )

    def _record(self, step: RefreshStep) -> RefreshRecord:
        """The row of a refresh that begins now."""
        known = [c for c in step.changes if c.inserted is not None and c.deleted is not None]
        complete = len(known) == len(step.changes) and (
            bool(known) or step.action is Action.NO_DATA
        )
        return RefreshRecord(
            refresh_id=0,
            object_id=step.object_id,
            name=step.name.plain,
            state=RefreshState.EXECUTING,
            action=step.action,
            trigger=self._trigger,
            reason=step.reason,
            data_timestamp=self._now,
            snapshot_id=self._plan.snapshot.id,
            started_at=self._home.clock.now(),
            inputs_with_changed_data=tuple(c.name.plain for c in step.changes),
            rows_inserted=sum(c.inserted or 0 for c in known) if complete else None,
            rows_deleted=sum(c.deleted or 0 for c in known) if complete else None,
            predicted_seconds=step.predicted_seconds,
        )

    def _succeeded(self, record: RefreshRecord, version: Version, started: float) -> RefreshRecord:
        """The same row, of a refresh that is over."""
        return replace(
            record,
            state=RefreshState.SUCCEEDED,
            finished_at=self._home.clock.now(),
            version=version.number,
            exact=version.exact,
            actual_seconds=self._since(started),
        )

    def _teller(self, step: RefreshStep) -> Callable[[str], None]:
        done, total = step.position - 1, len(self._plan.steps)

        def tell(phase: str) -> None:
            self._progress(step.name.plain, phase, done, total)

        return tell

    def _since(self, started: float) -> float:
        return self._home.clock.monotonic() - started


def _refuse(step: RefreshStep) -> None:
    """Fail a step that was asked to be incremental and cannot be."""
    if step.refusal is not None:
        raise NotIncremental(
            f"{step.name} was not refreshed: {step.refusal}",
            name=step.name.plain,
            hint=f"REFRESH {step.kind} {step.name} FULL;",
        )


def _as_done(record: RefreshRecord, candidate: Candidate) -> RefreshRecord:
    """The row of a refresh with what was done, which may differ from what was planned."""
    step, delta = candidate.step, candidate.delta
    done = replace(record, action=step.action, reason=step.reason)
    if delta is None:
        return done
    return replace(done, rows_inserted=delta.inserted, rows_deleted=delta.deleted)


def _unexpected(step: RefreshStep, error: Exception) -> FitFailed:
    """An error nobody foresaw, told as one of ours: the view, the cause, the next step."""
    cause = f"{type(error).__name__}: {error}"
    return FitFailed(
        f"refreshing {step.name} failed: {cause}",
        name=step.name.plain,
        hint="what was live before serves on, if anything was; mlview doctor checks the database",
    )

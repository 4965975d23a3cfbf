"""Carries out one plan: each step under a lease, published in one transaction, recorded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from mlview.errors import (
    DroppedMeanwhile,
    FitFailed,
    MlviewError,
    NotIncremental,
    RefreshBusy,
    UpstreamFailed,
)
from mlview.records import Action, RefreshState
from mlview.refresh.holding import may_publish
from mlview.refresh.jobs import Job
from mlview.refresh.leasing import lease
from mlview.refresh.ledger import Ledger, as_done
from mlview.refresh.materializing import materialize
from mlview.refresh.outcomes import StepOutcome
from mlview.serving.lookup import not_materialized

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mlview.definitions import Name
    from mlview.observation.deltas import ViewDelta
    from mlview.observation.observer import Observed
    from mlview.records import Plan, RefreshRecord, RefreshStep, Trigger, Version
    from mlview.refresh.progress import Progress
    from mlview.serving.binding import Binder
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


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


class _Adoption(TypedDict, total=False):
    """A definition that is published together with its first version."""

    create_text: str
    fingerprint: str
    owner: str | None


class Run:
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
        self._ledger = Ledger(home, trigger, plan.snapshot, self._now)

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
            return StepOutcome(step, _ended_by(error), self._ledger.since(started), error=error)

    def _under_lease(self, step: RefreshStep, started: float) -> StepOutcome:
        home = self._home
        with lease(home, step.object_id) as token:
            self._refuse_moved(step)
            record = self._ledger.begun(step)
            refresh_id = home.catalog.begin_refresh(record)
            try:
                _refuse(step)
                if step.action is Action.NO_DATA:
                    return self._nothing_to_do(step, token, refresh_id, record, started)
                return self._materialize(step, token, refresh_id, record, started)
            except Exception as error:
                dropped = self._dropped_meanwhile(step)
                self._ledger.broke_off(refresh_id, _ended_by(dropped), started, dropped or error)
                if dropped is None and isinstance(error, MlviewError):
                    raise
                raise dropped or _unexpected(step, error) from error
            except BaseException as interruption:
                self._ledger.broke_off(refresh_id, RefreshState.CANCELLED, started, interruption)
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

    def _dropped_meanwhile(self, step: RefreshStep) -> DroppedMeanwhile | None:
        """That nobody wants it any more, whatever the refresh noticed of that."""
        with suppress(MlviewError):
            row = self._home.catalog.object(step.object_id)
            if row.dropped_at is not None:
                return DroppedMeanwhile(
                    f"{step.name} was dropped while it was refreshed; nothing was published",
                    name=step.name.plain,
                    hint=f"UNDROP {step.kind} {step.name};",
                )
        return None

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
            finish=self._ledger.succeeded(record, live, started),
        )
        return StepOutcome(step, RefreshState.SUCCEEDED, self._ledger.since(started), live)

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
        record = as_done(record, candidate)
        catalog.add_version(version)
        if candidate.fitted is not None and version.artifact_sha256 is not None:
            self._binder.loader.keep(version.artifact_sha256, candidate.fitted)
        verdict = may_publish(home, catalog.object(row.id), version)
        if not verdict.publish:
            self._ledger.kept(refresh_id, record, version, started)
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
                finish=self._ledger.succeeded(record, version, started),
                **self._adoption(row),
            )
            self._choice.made[row.id] = version
        self._rebuilt.add(step.name.key)
        return StepOutcome(
            step=step,
            state=RefreshState.SUCCEEDED,
            seconds=self._ledger.since(started),
            version=version,
            published=verdict.publish,
            notices=(*candidate.notices, *([verdict.reason] if verdict.reason else [])),
        )

    def _known_delta(self, step: RefreshStep) -> ViewDelta | None:
        """The delta that planning has computed, if what it reads is what this step will read."""
        if any(name.key in self._rebuilt for name in step.reads):
            return None
        return self._observed.deltas.get(step.object_id)

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
        refresh_id = self._home.catalog.begin_refresh(self._ledger.begun(step))
        self._ledger.finish(
            refresh_id, RefreshState.UPSTREAM_FAILED, self._home.clock.monotonic(), error
        )
        return StepOutcome(step, RefreshState.UPSTREAM_FAILED, 0.0, error=error)

    def _teller(self, step: RefreshStep) -> Callable[[str], None]:
        done, total = step.position - 1, len(self._plan.steps)

        def tell(phase: str) -> None:
            self._progress(step.name.plain, phase, done, total)

        return tell


def _ended_by(error: MlviewError | None) -> RefreshState:
    return RefreshState.CANCELLED if isinstance(error, DroppedMeanwhile) else RefreshState.FAILED


def _refuse(step: RefreshStep) -> None:
    """Fail a step that was asked to be incremental and cannot be."""
    if step.refusal is not None:
        raise NotIncremental(
            f"{step.name} was not refreshed: {step.refusal}",
            name=step.name.plain,
            hint=f"REFRESH {step.kind} {step.name} FULL;",
        )


def _unexpected(step: RefreshStep, error: Exception) -> FitFailed:
    """An error nobody foresaw, told as one of ours: the view, the cause, the next step."""
    cause = f"{type(error).__name__}: {error}"
    return FitFailed(
        f"refreshing {step.name} failed: {cause}",
        name=step.name.plain,
        hint="what was live before serves on, if anything was; mlview doctor checks the database",
    )

"""The history of refreshes: a row when one begins, and how it ended."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlview.errors import StorageProblem
from mlview.records import Action, RefreshRecord, RefreshState

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.records import RefreshStep, Snapshot, Trigger, Version
    from mlview.refresh.jobs import Candidate
    from mlview.storage.home import Home


@dataclass(frozen=True, slots=True)
class Ledger:
    """Writes the history of one plan.

    Attributes:
        home: the database.
        trigger: why the plan was made.
        snapshot: what all its steps read.
        data_timestamp: what refresh_time() answers in them.
    """

    home: Home
    trigger: Trigger
    snapshot: Snapshot
    data_timestamp: datetime

    def begun(self, step: RefreshStep) -> RefreshRecord:
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
            trigger=self.trigger,
            reason=step.reason,
            data_timestamp=self.data_timestamp,
            snapshot_id=self.snapshot.id,
            started_at=self.home.clock.now(),
            inputs_with_changed_data=tuple(c.name.plain for c in step.changes),
            rows_inserted=sum(c.inserted or 0 for c in known) if complete else None,
            rows_deleted=sum(c.deleted or 0 for c in known) if complete else None,
            predicted_seconds=step.predicted_seconds,
            stale_since=step.stale_since,
            target_lag_sec=step.target_lag_sec,
        )

    def succeeded(self, record: RefreshRecord, version: Version, started: float) -> RefreshRecord:
        """The same row, of a refresh that is over."""
        return replace(
            record,
            state=RefreshState.SUCCEEDED,
            finished_at=self.home.clock.now(),
            version=version.number,
            exact=version.exact,
            actual_seconds=self.since(started),
        )

    def kept(
        self, refresh_id: int, record: RefreshRecord, version: Version, started: float
    ) -> None:
        """Record a refresh whose version is kept and not published."""
        self.home.catalog.finish_refresh(
            refresh_id,
            state=RefreshState.SUCCEEDED,
            now=self.home.clock.now(),
            actual_seconds=self.since(started),
            version=version.number,
            action=record.action,
            reason=record.reason,
            rows_inserted=record.rows_inserted,
            rows_deleted=record.rows_deleted,
            exact=version.exact,
            published=False,
        )

    def broke_off(
        self, refresh_id: int, state: RefreshState, started: float, error: BaseException
    ) -> None:
        """Record how a refresh failed; a catalog that cannot be written hides no other error."""
        with suppress(StorageProblem):
            self.finish(refresh_id, state, started, error)

    def finish(
        self,
        refresh_id: int,
        state: RefreshState,
        started: float,
        error: BaseException | None = None,
        version: Version | None = None,
    ) -> None:
        """Record how a refresh ended."""
        self.home.catalog.finish_refresh(
            refresh_id,
            state=state,
            now=self.home.clock.now(),
            actual_seconds=self.since(started),
            version=version.number if version else None,
            error_code=_code_of(error),
            error=getattr(error, "message", str(error)) if error else None,
        )

    def since(self, started: float) -> float:
        """Seconds of the monotonic clock."""
        return self.home.clock.monotonic() - started


def _code_of(error: BaseException | None) -> str | None:
    if error is None:
        return None
    other = "INTERRUPTED" if isinstance(error, KeyboardInterrupt) else type(error).__name__
    return getattr(error, "error_code", other)


def as_done(record: RefreshRecord, candidate: Candidate) -> RefreshRecord:
    """The row of a refresh with what was done, which may differ from what was planned."""
    step, delta = candidate.step, candidate.delta
    done = replace(record, action=step.action, reason=step.reason)
    if delta is None:
        return done
    return replace(done, rows_inserted=delta.inserted, rows_deleted=delta.deleted)

"""What a refresh is going to do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlview.definitions import Kind, Name
    from mlview.records.snapshots import RowDelta, Snapshot, TableChange
    from mlview.records.versions import Action


class Trigger(StrEnum):
    """Who asked for a refresh."""

    MANUAL = "MANUAL"
    SCHEDULED = "SCHEDULED"
    CREATION = "CREATION"


class RefreshState(StrEnum):
    """How a refresh stands."""

    EXECUTING = "EXECUTING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class RefreshStep:
    """One view's part of a plan, with its reason.

    `delta` is the change of the view's own query where it is known already. A step with a
    `refusal` was asked to be incremental and cannot be: it fails with these words.
    """

    position: int
    name: Name
    kind: Kind
    object_id: int
    action: Action
    reason: str
    reads: tuple[Name, ...] = ()
    changes: tuple[TableChange, ...] = ()
    delta: RowDelta | None = None
    exact: bool = True
    refusal: str | None = None
    incremental_only: bool = False
    predicted_seconds: float | None = None
    predicted_full_seconds: float | None = None
    predicted_incremental_seconds: float | None = None
    due_at: datetime | None = None
    start_at: datetime | None = None
    sheds: str | None = None
    stale_since: datetime | None = None
    target_lag_sec: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps, all at one snapshot: parents before children."""

    snapshot: Snapshot
    steps: tuple[RefreshStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRecord:
    """One row of `mlview.refresh_history`, and what the promise to readers is judged by.

    `stale_since` and `target_lag_sec` are the view's when the refresh was planned. `published` says
    that it moved or confirmed what serves, and is False where a candidate was kept back.
    """

    refresh_id: int
    object_id: int
    name: str
    state: RefreshState
    action: Action
    trigger: Trigger
    reason: str
    data_timestamp: datetime
    snapshot_id: int
    started_at: datetime
    version: int | None = None
    finished_at: datetime | None = None
    inputs_with_changed_data: tuple[str, ...] = ()
    rows_inserted: int | None = None
    rows_deleted: int | None = None
    exact: bool | None = None
    predicted_seconds: float | None = None
    actual_seconds: float | None = None
    gate_results: Mapping[str, Any] = field(default_factory=dict)
    error_code: str | None = None
    error: str | None = None
    stale_since: datetime | None = None
    target_lag_sec: float | None = None
    published: bool | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A refresh that is being carried out: of which view, by whom, and since when."""

    object_id: int
    holder: str
    started_at: datetime
    predicted_seconds: float | None


@dataclass(frozen=True, slots=True)
class Failures:
    """Scheduled refreshes of one view that failed in a row, and how the last of them did.

    Attributes:
        count: how many.
        last_at: when the last of them ended.
        error: what it said.
        elsewhere: so many of them had their cause in the machine, such as a full disk.
        killed: in so many the process was killed, whoever is to blame for it.
    """

    count: int
    last_at: datetime
    error: str
    elsewhere: int = 0
    killed: int = 0


@dataclass(frozen=True, slots=True)
class Deployment:
    """One move of a live pointer; the log only grows."""

    object_id: int
    name: str
    version: int | None
    stage: str
    at: datetime
    by: str
    reason: str

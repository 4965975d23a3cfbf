"""How far a view is behind its base tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mlview.records.snapshots import DeltaSummary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlview.definitions import Kind, Name


class State(StrEnum):
    """Where a view stands."""

    FRESH = "FRESH"
    STALE = "STALE"
    NEEDS_COMPILE = "NEEDS_COMPILE"
    UNUSABLE = "UNUSABLE"
    UNKNOWN = "UNKNOWN"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True)
class Staleness:
    """One row of `mlview.staleness`. Seconds are >= 0; None means unknown or not scored.

    Of several SOURCEs, `source_lag_sec` is of the one that is beyond its WITHIN, which is
    `source_within_sec`, by most.
    """

    name: Name
    kind: Kind
    state: State
    stale_reason: str
    lag_sec: float | None = None
    source_lag_sec: float | None = None
    source_within_sec: float | None = None
    target_lag_sec: float | None = None
    effective_target_lag_sec: float | None = None
    changed_rows: int | None = None
    changed_fraction: float | None = None
    max_psi: float | None = None
    max_psi_column: str | None = None
    live_metric: str | None = None
    live_value: float | None = None
    live_drop: float | None = None
    live_n: int | None = None
    live: Mapping[str, float] = field(default_factory=dict)
    stale_since: datetime | None = None
    delta: DeltaSummary = field(default_factory=DeltaSummary)
    suspended_reason: str | None = None

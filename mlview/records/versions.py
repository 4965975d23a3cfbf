"""One materialization: what it was made from, how, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlview.records.snapshots import Column


class VersionStatus(StrEnum):
    """How far a version has come."""

    CANDIDATE = "CANDIDATE"
    REJECTED = "REJECTED"
    SHADOW = "SHADOW"
    CANARY = "CANARY"
    LIVE = "LIVE"
    RETIRED = "RETIRED"


class Action(StrEnum):
    """What a refresh does."""

    NO_DATA = "NO_DATA"
    INCREMENTAL = "INCREMENTAL"
    FULL = "FULL"
    REINITIALIZE = "REINITIALIZE"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Whether a view can be brought up to date from what changed alone.

    `reason` says how, or why not; `exact` is False for what only continues a model.
    """

    possible: bool
    reason: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class UpstreamVersion:
    """A materialized view or model that a version read, and which version of it."""

    object_id: int
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A score on the held-out rows, with a 95 % interval and the Dummy baseline's score."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    greater_is_better: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Definition + data snapshot + upstream versions + method, seed, order, settings -> result.

    A model's result is an artifact (`artifact_sha256`), a materialized view's a stored snapshot
    (`stored_snapshot`) of its table in the store. `number` counts from 1 per view.
    """

    object_id: int
    number: int
    status: VersionStatus
    fingerprint: str
    definition_text: str
    snapshot_id: int
    data_timestamp: datetime
    created_at: datetime
    published_at: datetime | None = None
    action: Action = Action.FULL
    exact: bool = True
    upstream: tuple[UpstreamVersion, ...] = ()
    base_tables: Mapping[str, int] = field(default_factory=dict)
    schema: tuple[Column, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    library_versions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    row_order: tuple[str, ...] = ()
    stored_snapshot: int | None = None
    artifact_sha256: str | None = None
    method: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: int | None = None
    rows_trained: int | None = None
    rows_held_out: int | None = None
    rows_unlabelled: int | None = None
    score_name: str | None = None
    metrics: tuple[Metric, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    fit_seconds: float | None = None

    @property
    def score(self) -> Metric | None:
        """The metric that sums the version up."""
        return next((m for m in self.metrics if m.name == self.score_name), None)

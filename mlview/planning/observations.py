"""What is known of one view at one moment: everything staleness and plans are decided from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlview.definitions import RefreshMode
from mlview.records import Maintenance

if TYPE_CHECKING:
    from mlview.definitions import Kind, Name, TargetLag
    from mlview.records import RowDelta, TableChange, Version

NEVER = datetime.max.replace(tzinfo=UTC)
"""The moment at which a window moves that no row will ever leave or enter."""

_UNKNOWN = Maintenance(possible=False, reason="its live version does not say how it is maintained")


@dataclass(frozen=True, slots=True)
class UpstreamMove:
    """A live pointer upstream that names another version than the one that was read."""

    name: Name
    kind: Kind
    at: datetime


@dataclass(frozen=True, slots=True)
class SourceReach:
    """How far a SOURCE's data reaches, in seconds since 1970, and by how many it may lag."""

    newest: float
    within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One view, its live version, and what became of everything that version read.

    `changes` holds only base tables that changed since the version was last known to be right.
    `missing` are base tables that are gone, `lost` views and models. `broken` says in words which
    columns that the query names were dropped or retyped, `recreated` are relations whose name now
    belongs to another one, `redefined` what else of the definition is another now. `reads` are the
    views and models that the next version will read, `below` changes, since this version, of base
    tables under those that moved. `window_from` is the version's data timestamp
    where the query reads refresh_time(), and `window_until` the first moment after it at which time
    alone moves a row into its window or out of it (NEVER, perhaps); while that is not known it
    counts as moved at once.

    `delta` is how many rows of the view's own query came and went, where that is known: it has the
    last word on whether the view is stale. `sources` are those of FRESHNESS that could be read, and
    `maintenance` says whether its next version can be made
    from what changed, `mode` what was declared.
    """

    name: Name
    kind: Kind
    object_id: int
    live: Version | None
    suspended: bool = False
    suspended_reason: str | None = None
    unusable_reason: str | None = None
    target_lag: TargetLag | None = None
    reads: tuple[Name, ...] = ()
    changes: tuple[TableChange, ...] = ()
    missing: tuple[Name, ...] = ()
    lost: tuple[Name, ...] = ()
    broken: tuple[str, ...] = ()
    broken_at: datetime | None = None
    recreated: tuple[Name, ...] = ()
    redefined: tuple[str, ...] = ()
    moved: tuple[UpstreamMove, ...] = ()
    below: tuple[TableChange, ...] = ()
    window_from: datetime | None = None
    window_until: datetime | None = None
    delta: RowDelta | None = None
    maintenance: Maintenance = _UNKNOWN
    mode: RefreshMode = RefreshMode.AUTO
    sources: tuple[SourceReach, ...] = ()

    def window_moved(self, now: datetime) -> bool:
        """Whether its window of refresh_time() may have other rows at a moment."""
        if self.window_from is None or now == self.window_from:
            return False
        until = self.window_until
        return until is None or now >= until or now < self.window_from

    @property
    def window_moved_at(self) -> datetime | None:
        """Since when that is so at the earliest."""
        return self.window_until or self.window_from

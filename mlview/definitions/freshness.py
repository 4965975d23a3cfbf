"""How fresh a view is meant to be, and how it is kept so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Downstream(StrEnum):
    """The target lag of a view that is refreshed only when its readers need it."""

    DOWNSTREAM = "DOWNSTREAM"


DOWNSTREAM = Downstream.DOWNSTREAM
TargetLag = timedelta | Downstream


class RefreshMode(StrEnum):
    """Which refresh actions a view allows."""

    AUTO = "AUTO"
    FULL = "FULL"
    INCREMENTAL = "INCREMENTAL"
    APPROXIMATE = "APPROXIMATE"


@dataclass(frozen=True, slots=True)
class SourceFreshness:
    """How far a base table's own clock may be behind the world."""

    column: tuple[str, ...]
    within: timedelta


@dataclass(frozen=True, slots=True)
class Freshness:
    """The promise to people; breaking it is an incident."""

    warn_after: timedelta | None = None
    error_after: timedelta | None = None
    sources: tuple[SourceFreshness, ...] = ()

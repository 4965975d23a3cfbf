"""What a daemon tells whoever listens: its log, its metrics, its status line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlview.daemon.executors import Done, Work
    from mlview.definitions import Name
    from mlview.planning.scheduling import Decision, Shed
    from mlview.records import RefreshRecord


@dataclass(frozen=True, slots=True)
class Began:
    """The daemon runs; `abandoned` are refreshes that others had left unfinished."""

    slots: int
    tick: float
    abandoned: tuple[RefreshRecord, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """A look at everything and what came of it."""

    decision: Decision
    views: int


@dataclass(frozen=True, slots=True)
class Started:
    """A refresh was given to a worker."""

    work: Work


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker is free again; `records` are the history of what it did."""

    done: Done
    records: tuple[RefreshRecord, ...]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Nothing changed these views, which is on record now."""

    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Suspended:
    """A view failed so often that it is left alone until somebody resumes it."""

    name: Name
    reason: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something people should know; said once until it changes."""

    text: str


@dataclass(frozen=True, slots=True)
class Overloaded:
    """There is more work than workers: these views will be late, so that others are not."""

    late: tuple[Shed, ...]


@dataclass(frozen=True, slots=True)
class Recovered:
    """Nobody is late any more."""


@dataclass(frozen=True, slots=True)
class Orphaned:
    """The process that starts workers was gone, and its `workers` with it; another one is there."""

    pid: int
    status: int | None
    workers: int


@dataclass(frozen=True, slots=True)
class Tended:
    """A step of the lake's upkeep was carried out."""

    action: str
    reason: str
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Troubled:
    """A pass failed; the daemon goes on after a pause, or ends in spite of it."""

    error: Exception
    pause: float | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The daemon has ended; `abandoned` refreshes were broken off."""

    reason: str
    abandoned: tuple[Work, ...]


Event = (
    Began
    | Decided
    | Started
    | Finished
    | Confirmed
    | Suspended
    | Warned
    | Overloaded
    | Recovered
    | Orphaned
    | Tended
    | Troubled
    | Stopped
)
Listener = Callable[[Event], None]

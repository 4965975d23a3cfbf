"""What the scheduler knows of a view, in float seconds of one clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Name


class Mode(StrEnum):
    """How a view is brought up to date, spelled as the refresh action it becomes."""

    NO_DATA = "NO_DATA"
    INCREMENTAL = "INCREMENTAL"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class ScheduledView:
    """One view as it stands. Moments and durations are seconds; None means none or not known.

    A view that was never materialized is stale since it was created, and read nothing: `read_at`
    is minus infinity.

    Attributes:
        object_id: who it is, whatever it is called.
        name: what it is called.
        parents: the scheduled views that it reads.
        target_lag: how old it may become; None is never for its own sake.
        downstream: it is only as fresh as its readers need it.
        weight: its PRIORITY, > 0.
        stale_since: commit time of the earliest later change that changes it.
        changed_at: the latest change below it; without `stale_since` its delta is empty.
        read_at: the moment of the data that its live version read.
        predicted: seconds each possible mode would take.
        running: it is being refreshed.
        failures: scheduled refreshes failed in a row.
        elsewhere: of these, so many for reasons outside the view, such as a full disk.
        killed: of these, so many with a process that was killed.
        last_failed_at: when the last of them failed.
        suspended: it is not to be refreshed.
        predicate_due: its REFRESH WHEN is true.
        predicate_at: when it became true, or is predicted to. Give it where it is known: a view
            that is due by a predicate of unknown age is late only by how seldom it changes.
        gap: seconds expected from a refresh to the next change that makes it stale.
        live_drop: how much worse it does on rows it has not seen than when it was published, in
            units of its metric; None where the truth of no such row is known.
        live_n: how many such rows that rests on.
    """

    object_id: int
    name: Name
    parents: tuple[int, ...] = ()
    target_lag: float | None = None
    downstream: bool = False
    weight: float = 1.0
    stale_since: float | None = None
    changed_at: float | None = None
    read_at: float = -inf
    predicted: Mapping[Mode, float] = field(default_factory=dict)
    running: bool = False
    failures: int = 0
    elsewhere: int = 0
    killed: int = 0
    last_failed_at: float | None = None
    suspended: bool = False
    predicate_due: bool = False
    predicate_at: float | None = None
    gap: float = 0.0
    live_drop: float | None = None
    live_n: int = 0


def cheapest(view: ScheduledView) -> float:
    """Seconds of its cheapest mode; 0 while none is known.

    >>> from mlview.definitions import Name
    >>> cheapest(ScheduledView(1, Name("v"), predicted={Mode.FULL: 9.0, Mode.INCREMENTAL: 2.0}))
    2.0
    """
    return min(view.predicted.values(), default=0.0)

"""What the scheduler decided, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlview.definitions import Name
    from mlview.planning.scheduling.views import Mode


class Step(NamedTuple):
    """One view's part in a start, and the seconds it is expected to take."""

    object_id: int
    name: Name
    mode: Mode
    seconds: float


@dataclass(frozen=True, slots=True)
class Start:
    """Views to refresh now in one slot, one after the other, all at one snapshot.

    Attributes:
        steps: parents first; the last one is what the start is for.
        snapshot_before: the newest snapshot committed before this moment is read; None is the
            newest there is.
        reason: why now.
        predicted_seconds: of all steps together.
        deadline: when the last view has to be published; None for a free NO_DATA.
    """

    steps: tuple[Step, ...]
    snapshot_before: float | None
    reason: str
    predicted_seconds: float
    deadline: float | None

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The views, parents first."""
        return tuple(step.object_id for step in self.steps)


class Waiting(NamedTuple):
    """A view that has something to do, not yet; `wake_at` is None if only an event can free it."""

    object_id: int
    name: Name
    reason: str
    wake_at: float | None


class Shed(NamedTuple):
    """A view that will be late, so that others are not, and the age it will reach instead."""

    object_id: int
    name: Name
    reason: str
    effective_target_lag: float


@dataclass(frozen=True, slots=True)
class Idle:
    """Slots nothing is known for, and until when (None: until something changes)."""

    slots: int
    until: float | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything decided at one moment.

    Attributes:
        starts: in this order.
        waiting: the due views that do not start now, and when to look at them again.
        shed: who will be late, most of all because there is more work than slots.
        warnings: for people, with names.
        suspend: views that have failed so often that somebody has to look at them.
        wake_at: the earliest moment at which time alone changes the decision.
        idle: what upkeep may use.
    """

    starts: tuple[Start, ...] = ()
    waiting: Collection[Waiting] = ()
    shed: tuple[Shed, ...] = ()
    warnings: tuple[str, ...] = ()
    suspend: tuple[Name, ...] = ()
    wake_at: float | None = None
    idle: Idle = Idle(0, None)

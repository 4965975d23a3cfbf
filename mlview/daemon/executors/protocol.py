"""What carries out the refreshes that a daemon starts: the seam, and what passes through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlview.errors import UsageProblem

if TYPE_CHECKING:
    from mlview.definitions import Name


@dataclass(frozen=True, slots=True)
class Work:
    """Views to refresh one after the other in one slot.

    Attributes:
        number: unique in one run of a daemon.
        names: the views, parents first.
        object_ids: their ids in the catalog, in the same order.
        at: the lake snapshot to read; None is the newest.
        reason: why now, which becomes part of the reason of each refresh.
        predicted_seconds: how long all of it is expected to take.
    """

    number: int
    names: tuple[Name, ...]
    object_ids: tuple[int, ...]
    at: int | None
    reason: str
    predicted_seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """Work that is over.

    Without an error it was carried out: single refreshes may still have failed, which the
    catalog's history tells. With one, whatever the history does not show was not done.

    Attributes:
        work: what was started.
        seconds: how long it took, by a clock that never goes back.
        error_code: a stable word: an error's code, or one of `mlview.daemon.executors.causes`.
        error: what happened, with the views' names.
    """

    work: Work
    seconds: float
    error_code: str | None = None
    error: str | None = None


class Executor(Protocol):
    """Carries out work in a number of slots; where, is its own affair.

    What was started counts as running until `finished` or `stop` has handed it out. All methods
    are called from one thread, and none of them raises because of what became of the work.
    """

    @property
    def slots(self) -> int:
        """How much may run at the same time."""

    @property
    def running(self) -> tuple[Work, ...]:
        """What was started and not yet handed out, in the order of its start."""

    def start(self, work: Work) -> None:
        """Begin with some work.

        Raises:
            UsageProblem: all slots are taken, the number is, or the executor was stopped.
        """

    def finished(self, timeout: float) -> tuple[Done, ...]:
        """What is over; waits at most `timeout` seconds for the first, and for nothing if idle."""

    def stop(self, *, grace: float) -> tuple[Done, ...]:
        """Accept no more work, wait up to `grace` seconds, end the rest without a trace of it.

        Everything that was running is handed out. Calling it again does nothing.
        """


def check_startable(executor: Executor, work: Work, *, stopped: bool) -> None:
    """Refuse what an executor cannot begin with.

    Raises:
        UsageProblem: all slots are taken, the number is, or the executor was stopped.
    """
    if stopped:
        raise UsageProblem("this executor was stopped", hint="make another one")
    if len(executor.running) >= executor.slots:
        raise UsageProblem(
            f"expected a free slot, found {len(executor.running)} of {executor.slots} taken",
            hint="call finished() first",
        )
    if any(other.number == work.number for other in executor.running):
        raise UsageProblem(
            f"work {work.number} is running already", hint="number each piece of work once"
        )

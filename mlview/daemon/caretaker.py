"""The lake's upkeep, a step at a time, beside the loop and never in its way."""

from __future__ import annotations

from math import inf
from threading import Thread
from typing import TYPE_CHECKING

from mlview.daemon.events import Tended

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.clock import Clock
    from mlview.planning.scheduling import Idle
    from mlview.planning.upkeep import UpkeepStep
    from mlview.upkeep.tending import Tending

REST = 60.0
"""Seconds without upkeep after a step that could not be recorded."""
LONGEST = 60.0
"""Seconds that a step may take where nothing is known to come."""


class Caretaker:
    """Carries upkeep out while slots are idle; under a virtual clock in the calling thread."""

    def __init__(self, tending: Tending, clock: Clock) -> None:
        self._tending = tending
        self._clock = clock
        self._thread: Thread | None = None
        self._done: list[Tended] = []
        self._error: Exception | None = None
        self._rest_until = -inf

    def begin(self, idle: Idle) -> bool:
        """Begin the most pressing step, if any fits into the idle time; whether one was begun."""
        if not idle.slots or self._thread is not None:
            return False
        if self._clock.monotonic() < self._rest_until:
            return False
        now = self._clock.now()
        until = inf if idle.until is None else idle.until
        steps = self._tending.plan(now, min(until - now.timestamp(), LONGEST))
        if not steps:
            return False
        if self._clock.virtual:
            self._carry_out(steps[0], now)
            return True
        self._thread = Thread(target=self._carry_out, args=(steps[0], now), name="upkeep")
        self._thread.start()
        return True

    def finished(self) -> tuple[Tended, ...]:
        """What was done since the last call.

        Raises:
            Exception: a step could not be recorded; nothing is begun for a minute then.
        """
        if self._thread is not None and not self._thread.is_alive():
            self._thread.join()
            self._thread = None
        error, self._error = self._error, None
        if error is not None:
            self._rest_until = self._clock.monotonic() + REST
            raise error
        done, self._done = tuple(self._done), []
        return done

    def wait(self) -> None:
        """Let a step that was begun end."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _carry_out(self, step: UpkeepStep, now: datetime) -> None:
        try:
            past = self._tending.carry_out(step, now)
        except Exception as error:  # noqa: BLE001 - it is told by whoever asks what was done
            self._error = error
        else:
            self._done.append(Tended(str(step.action), step.reason, past.said, past.seconds))

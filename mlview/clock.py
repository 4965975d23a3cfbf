"""Where the time comes from: always passed in, never taken."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic seconds for durations."""

    virtual: bool

    def now(self) -> datetime:
        """The moment, timezone-aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class SystemClock:
    """The machine's own clock."""

    virtual = False

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class ManualClock:
    """A clock that moves when it is told to: for tests, replays and simulations.

    >>> from datetime import UTC, datetime, timedelta
    >>> clock = ManualClock(datetime(2013, 1, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(days=1))
    >>> clock.now().day
    2
    """

    virtual = True

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            msg = "a manual clock starts at a timezone-aware moment"
            raise ValueError(msg)
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to, in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Real seconds: a virtual day does not make a training run slower."""
        return time.monotonic()

    def advance(self, by: timedelta) -> None:
        """Move forward (or back, to test a clock that jumps)."""
        self._now += by

    def set(self, moment: datetime) -> None:
        """Jump to a timezone-aware moment."""
        self._now = moment.astimezone(UTC)

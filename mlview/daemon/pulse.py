"""The sign of life that a daemon leaves in the catalog for others to see."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from mlview.records import DaemonState, Heartbeat
from mlview.storage.processes import holder_here
from mlview.version import __version__

if TYPE_CHECKING:
    from mlview.storage.home import Home

EVERY = 10.0
"""Seconds between two signs of life; whoever is silent for a minute is taken for dead."""


class Pulse:
    """Writes heartbeats, seldom enough to cost nothing."""

    def __init__(self, home: Home, *, slots: int, tick: float) -> None:
        now = home.clock.now()
        self._home = home
        self._last = -inf
        self._beat = Heartbeat(
            holder=holder_here(),
            version=__version__,
            started_at=now,
            beat_at=now,
            tick_sec=tick,
            slots=slots,
        )

    def beat(self, running: int, *, force: bool = False) -> None:
        """Say that it lives, and how many refreshes run; too early is nothing."""
        elapsed = self._home.clock.monotonic()
        if not force and elapsed - self._last < EVERY:
            return
        self._last = elapsed
        self._beat = replace(self._beat, beat_at=self._home.clock.now(), running=running)
        self._home.catalog.beat(self._beat)

    def stop(self, reason: str) -> None:
        """Say that it has ended, and why."""
        self._beat = replace(self._beat, state=DaemonState.STOPPED, note=reason)
        self.beat(0, force=True)

"""How worker processes are begun: the seam between a pool and the system."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlview.daemon.executors.orders import News, Order


class Launcher(Protocol):
    """Begins worker processes, holds them to their limits, and tells how they end.

    No method raises because of a worker, and only `hear` waits.
    """

    def launch(self, order: Order) -> None:
        """Begin a worker; that it cannot be begun is heard as its end."""

    def end(self, number: int, *, gently: bool) -> None:
        """Ask a worker to abandon its work, or kill it; nothing if it has ended."""

    def hear(self, timeout: float) -> tuple[News, ...]:
        """What happened; waits at most `timeout` seconds for the first."""

    def close(self) -> None:
        """Kill what still runs, and let go of everything. Safe to call twice."""


def can_fork() -> bool:
    """Whether this system forks safely after numerical libraries were loaded: Linux does."""
    return sys.platform.startswith("linux") and hasattr(os, "fork")

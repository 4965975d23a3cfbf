"""What one worker may take of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

LEAST_SECONDS = 3600.0
TIMES_PREDICTED = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one worker process.

    Attributes:
        threads: of BLAS, OpenMP, Arrow and DuckDB each.
        seconds: until it is ended.
        memory_bytes: of its own, until it is ended; None is no limit.
    """

    threads: int
    seconds: float
    memory_bytes: int | None = None

    @property
    def lake_bytes(self) -> int | None:
        """What DuckDB may take of the memory before it spills to disk: half of it."""
        return None if self.memory_bytes is None else self.memory_bytes // 2


def limits_for(
    predicted_seconds: float,
    *,
    slots: int,
    threads: int | None,
    time_limit: float | None,
    memory_limit_bytes: int | None,
) -> Limits:
    """The limits of a worker: those that were given, else a fair share.

    >>> limits_for(600.0, slots=2, threads=3, time_limit=None, memory_limit_bytes=None)
    Limits(threads=3, seconds=6000.0, memory_bytes=None)
    """
    patience = max(LEAST_SECONDS, TIMES_PREDICTED * predicted_seconds)
    return Limits(
        threads=threads or max(1, available_cores() // slots),
        seconds=patience if time_limit is None else time_limit,
        memory_bytes=memory_limit_bytes,
    )


def available_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

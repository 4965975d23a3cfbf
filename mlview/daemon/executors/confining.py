"""Keeping this process within its limits, and with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlview.engines.allotment import Allotment, allot

if TYPE_CHECKING:
    from mlview.daemon.executors.limits import Limits

_FIRST_TO_GO = "500"  # of 1000: when memory runs out, a worker goes before the daemon
_ROOM = 256 << 20  # for the stacks of threads, which count where they are only reserved
_PR_SET_PDEATHSIG = 1
_DATA = 5  # the field of /proc/PID/statm that RLIMIT_DATA counts
_THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def confine(limits: Limits) -> None:
    """Hold this process and everything it starts to its limits, as far as the system can."""
    _limit_threads(limits.threads)
    allot(Allotment(limits.threads, limits.lake_bytes))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")
    if limits.memory_bytes is not None:
        _limit_data(limits.memory_bytes)


def die_with(parent: int) -> None:
    """Be killed when the process that forked this one ends, on Linux."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before that was set
        os.kill(os.getpid(), signal.SIGKILL)


def _limit_threads(threads: int) -> None:
    import pyarrow as pa  # noqa: PLC0415 - a process that only forks needs none of these
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    for name in _THREAD_SETTINGS:  # for libraries that are loaded later
        os.environ[name] = str(threads)
    threadpool_limits(threads)
    pa.set_cpu_count(threads)


def _limit_data(memory_bytes: int) -> None:
    """Refuse allocations above the limit, for whoever allocates faster than anyone looks.

    It stands half as high again as the limit itself: memory that is reserved counts here even
    if it is never touched.
    """
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[_DATA])
        most = pages * resource.getpagesize() + memory_bytes * 3 // 2 + _ROOM
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))

"""Why a worker is gone, in a stable word and in a sentence."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from mlview.daemon.executors.carrying import in_words
from mlview.daemon.executors.orders import Cause, Said

if TYPE_CHECKING:
    from mlview.daemon.executors.limits import Limits
    from mlview.daemon.executors.orders import Ended
    from mlview.daemon.executors.protocol import Work

KILLED = "WORKER_KILLED"
OUT_OF_MEMORY = "WORKER_OUT_OF_MEMORY"
TIMED_OUT = "WORKER_TIMED_OUT"
CRASHED = "WORKER_CRASHED"
NOT_BEGUN = "WORKER_NOT_BEGUN"
STOPPED = "WORKER_STOPPED"
ORPHANED = "WORKER_ORPHANED"
MACHINE_OUT_OF_MEMORY = "MACHINE_OUT_OF_MEMORY"

_SENT = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"})
"""Signals that somebody sent; others come from what the process itself did."""


def why_ended(work: Work, ended: Ended, limits: Limits) -> tuple[str, str]:
    """The code and the sentence for a worker that ended before it was done."""
    code, what = _why(ended, limits)
    its = "its" if len(work.names) == 1 else "their"
    return code, f"{in_words(work)}: {its} worker {what}"


def stopped(work: Work) -> Said:
    """The last words for work that was broken off because the daemon ends."""
    return Said(STOPPED, f"{in_words(work)}: the daemon stopped before it was done")


def _why(ended: Ended, limits: Limits) -> tuple[str, str]:
    match ended.cause:
        case Cause.MEMORY:
            limit = f"{(limits.memory_bytes or 0) / 1e6:,.0f} MB"
            used = f"{int(ended.detail or 0) / 1e6:,.0f} MB"
            return OUT_OF_MEMORY, f"was ended: it used {used} of memory, and the limit is {limit}"
        case Cause.MACHINE_MEMORY:
            return MACHINE_OUT_OF_MEMORY, "was killed by the system, which had run out of memory"
        case Cause.TIME:
            return TIMED_OUT, f"was ended: it was not done after {limits.seconds:,.3g} seconds"
        case Cause.NOT_BEGUN:
            return NOT_BEGUN, f"could not be started: {ended.detail}"
        case Cause.ORPHANED:
            return ORPHANED, "was ended, because the process that starts workers was killed"
        case None:
            return _by_status(ended.status)


def _by_status(status: int | None) -> tuple[str, str]:
    if status is None or status >= 0:
        before = "" if status is None else " before it was done"
        return CRASHED, f"{ended_how(status)}{before}"
    return (KILLED if signal_name(-status) in _SENT else CRASHED), ended_how(status)


def ended_how(status: int | None) -> str:
    """What an exit code, or a signal's number below zero, says of a process.

    >>> ended_how(3), ended_how(-9), ended_how(None)
    ('ended with exit code 3', 'was killed by SIGKILL', 'is gone, and nothing says why')
    """
    if status is None:
        return "is gone, and nothing says why"
    if status >= 0:
        return f"ended with exit code {status}"
    return f"was killed by {signal_name(-status)}"


def signal_name(number: int) -> str:
    """A signal as people write it.

    >>> signal_name(11), signal_name(99)
    ('SIGSEGV', 'signal 99')
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

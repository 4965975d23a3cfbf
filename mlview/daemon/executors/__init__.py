"""Who carries out what the daemon has decided: this process, or workers of their own."""

from mlview.daemon.executors.causes import (
    CRASHED,
    KILLED,
    MACHINE_OUT_OF_MEMORY,
    ORPHANED,
    OUT_OF_MEMORY,
    STOPPED,
    TIMED_OUT,
)
from mlview.daemon.executors.inline import InlineExecutor
from mlview.daemon.executors.processes import ProcessPool
from mlview.daemon.executors.protocol import Done, Executor, Work

__all__ = [
    "CRASHED",
    "KILLED",
    "MACHINE_OUT_OF_MEMORY",
    "ORPHANED",
    "OUT_OF_MEMORY",
    "STOPPED",
    "TIMED_OUT",
    "Done",
    "Executor",
    "InlineExecutor",
    "ProcessPool",
    "Work",
]

"""Carrying out one piece of work in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.errors import LeaseLost, MlviewError, RefreshBusy, RefreshProblem, StorageProblem
from mlview.planning import Demand
from mlview.records import Trigger

if TYPE_CHECKING:
    from mlview.daemon.executors.protocol import Work
    from mlview.refresh.refresher import Refresher

ELSEWHERE = frozenset({RefreshBusy.code, LeaseLost.code})
"""Another process has the view, and writes its history."""
_UNTOLD = RefreshBusy, LeaseLost, StorageProblem


def refreshing(refresher: Refresher, work: Work) -> tuple[str, str] | None:
    """Refresh the views of some work; what went wrong that the history does not show.

    That is an error from before any refresh began; a disk on which the history may have found no
    room either; or another process that has a view or took it over: it writes the history then.

    Returns:
        A stable word and a sentence with the views' names, or None.
    """
    try:
        outcome = refresher.refresh(
            Demand(work.names), trigger=Trigger.SCHEDULED, at=work.at, because=work.reason
        )
    except Exception as error:  # noqa: BLE001 - a daemon outlives whatever a plan meets
        return told(work, error)
    errors = (step.error for step in outcome.steps)
    untold = (error for error in errors if isinstance(error, _UNTOLD))
    first = next(untold, None)
    return None if first is None else told(work, first)


def told(work: Work, error: Exception) -> tuple[str, str]:
    """An error as a stable word and a sentence with the views' names."""
    if isinstance(error, MlviewError):
        return error.error_code, f"{in_words(work)}: {error.message}"
    return RefreshProblem.code, f"{in_words(work)}: {type(error).__name__}: {error}"


def in_words(work: Work) -> str:
    """The views of some work, to begin a message with."""
    return ", ".join(map(str, work.names))

"""Whether somebody has to be told how stale a view is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from mlview.records import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from mlview.definitions import Freshness
    from mlview.records import Staleness


class Alarm(StrEnum):
    """How urgent it is, in rising order."""

    OK = "OK"
    WARN = "WARN"
    BROKEN = "BROKEN"


_RISING = (Alarm.OK, Alarm.WARN, Alarm.BROKEN)


def alarm(staleness: Staleness, freshness: Freshness | None = None) -> Alarm:
    """How a view stands against what was promised of it.

    BROKEN: it is UNUSABLE or UNKNOWN, its lag is not known, or its lag has passed ERROR AFTER.
    WARN: it was suspended for its failures; its lag has passed WARN AFTER; or it has passed
    TARGET_LAG and the view is not SUSPENDED (then nobody aims for it, while a promise to people
    still holds); or the view is NEEDS_COMPILE (no refresh can bring it up to date before somebody
    looks at it); or a source lags behind the world by more than its WITHIN.
    OK: everything else. A limit that is reached exactly is kept.
    """
    lag = staleness.lag_sec
    if lag is None or staleness.state in (State.UNUSABLE, State.UNKNOWN):
        return Alarm.BROKEN
    promised = freshness.error_after if freshness else None
    if _passed(lag, promised):
        return Alarm.BROKEN
    warned = _passed(lag, freshness.warn_after if freshness else None)
    behind = staleness.state is not State.SUSPENDED and _beyond(lag, staleness.target_lag_sec)
    failing = staleness.suspended_reason is not None
    if warned or behind or failing or staleness.state is State.NEEDS_COMPILE:
        return Alarm.WARN
    late = _beyond(staleness.source_lag_sec, staleness.source_within_sec)
    return Alarm.WARN if late else Alarm.OK


def worst(alarms: Iterable[Alarm]) -> Alarm:
    """The most urgent one; OK if there are none.

    >>> worst([Alarm.OK, Alarm.BROKEN, Alarm.WARN])
    <Alarm.BROKEN: 'BROKEN'>
    """
    return max(alarms, key=_RISING.index, default=Alarm.OK)


def _passed(lag: float | None, limit: timedelta | None) -> bool:
    return limit is not None and _beyond(lag, limit.total_seconds())


def _beyond(lag: float | None, limit: float | None) -> bool:
    return lag is not None and limit is not None and lag > limit

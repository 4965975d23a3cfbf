"""Every view's standing: state, lag against target, pending rows, last action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from mlview.planning.alarms import Alarm, alarm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlview.records import Staleness
    from mlview.session import Database

_LAST = """
    SELECT name, action, state, coalesce(finished_at, started_at), error
    FROM mlview.refresh_history
    QUALIFY row_number() OVER (PARTITION BY name ORDER BY refresh_id DESC) = 1
"""


@dataclass(frozen=True, slots=True)
class LastAction:
    """The newest row of a view's refresh history."""

    action: str
    state: str
    at: datetime
    error: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of `mlview status`."""

    staleness: Staleness
    alarm: Alarm
    last: LastAction | None
    hold: str | None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the columns do not say: why it is not fresh, held, or failed last time."""
        stale = self.staleness
        notes = [] if stale.state == "FRESH" else [stale.stale_reason]
        if self.hold is not None:
            notes.append(self.hold)
        if self.last is not None and self.last.error:
            notes.append(f"last refresh: {self.last.error}")
        return tuple(notes)

    def as_object(self) -> Mapping[str, Any]:
        """The same for programs."""
        stale, last = self.staleness, self.last
        return {
            "name": stale.name.plain,
            "kind": str(stale.kind),
            "state": str(stale.state),
            "alarm": str(self.alarm),
            "lag_sec": stale.lag_sec,
            "target_lag_sec": stale.target_lag_sec,
            "changed_rows": stale.changed_rows,
            "last_action": last.action if last else None,
            "last_state": last.state if last else None,
            "last_at": last.at if last else None,
            "notes": self.notes,
        }


def standings(db: Database) -> tuple[Standing, ...]:
    """Where every view stands, parents before children."""
    handles = {handle.name: handle for handle in (*db.materialized_views, *db.models)}
    history = {
        name: LastAction(action, state, at.astimezone(UTC), error)
        for name, action, state, at, error in db.sql(_LAST).fetchall()
    }
    found = []
    for staleness in db.status():
        handle = handles[staleness.name.plain]
        freshness = getattr(handle.definition, "freshness", None)
        found.append(
            Standing(
                staleness,
                alarm(staleness, freshness),
                history.get(staleness.name.plain),
                handle.hold,
            )
        )
    return tuple(found)


def short_length(seconds: float) -> str:
    """A length of time in at most two units, rounded down.

    >>> [short_length(s) for s in (0.2, 59, 61, 3600, 9000, 100_000)]
    ['0 s', '59 s', '1 min', '1 h', '2 h 30 min', '1 d 3 h']
    """
    minutes, rest = divmod(int(seconds), 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours == 0:
        return f"{minutes} min"
    days, hours = divmod(hours, 24)
    if days == 0:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{days} d {hours} h" if hours else f"{days} d"

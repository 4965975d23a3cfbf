"""Which killed workers speak against the machine, and which against the view."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import exists, select

from mlview.records import Action, RefreshState, Trigger
from mlview.storage.tables import refreshes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

KILLED = ("WORKER_KILLED", "MACHINE_OUT_OF_MEMORY")
"""Somebody killed a worker: because of what it did, or whichever it was."""
_REMEMBERED = 1000
"""Kills that are looked at; older ones are held against nobody."""
TOGETHER = timedelta(hours=2)
"""Kills further apart say nothing of the same trouble; a view is retried once an hour at least."""


class Row(NamedTuple):
    """Failures of one object in a row: the first one's number, and how many workers were killed."""

    first: int
    killed: int


class _Kill(NamedTuple):
    refresh_id: int
    object_id: int
    at: datetime


def excused(connection: Connection, rows: Mapping[int, Row]) -> Mapping[int, int]:
    """How many of the workers that were killed in a row of failures the machine is to blame for.

    It is where it killed somebody else's as well, at about that time, and nobody else was refreshed
    between the two. Who alone is killed, time after time, is to blame: nothing speaks for it.

    Args:
        connection: to read with.
        rows: by object id.
    """
    if not rows:
        return {}
    kills = _kills(connection)
    return {
        object_id: _excused(connection, kills, object_id, row) for object_id, row in rows.items()
    }


def _excused(connection: Connection, kills: Sequence[_Kill], object_id: int, row: Row) -> int:
    own = [
        at
        for at, kill in enumerate(kills)
        if kill.object_id == object_id and kill.refresh_id >= row.first
    ]
    shared = sum(
        any(not _lived(connection, object_id, *span) for span in _spans(kills, at)) for at in own
    )
    return row.killed - len(own) + shared


def _kills(connection: Connection) -> Sequence[_Kill]:
    """The newest of them, oldest first."""
    query = (
        select(refreshes.c.refresh_id, refreshes.c.object_id, refreshes.c.started_at)
        .where(
            refreshes.c.state == RefreshState.FAILED,
            refreshes.c.trigger == Trigger.SCHEDULED,
            refreshes.c.error_code.in_(KILLED),
        )
        .order_by(refreshes.c.refresh_id.desc())
        .limit(_REMEMBERED)
    )
    return [_Kill(*row) for row in connection.execute(query)][::-1]


def _spans(kills: Sequence[_Kill], at: int) -> Iterator[tuple[int, int]]:
    """From a kill to the nearest ones of somebody else, before and after it, if they are near."""
    here = kills[at]
    for places in (range(at - 1, -1, -1), range(at + 1, len(kills))):
        others = (kills[place] for place in places if kills[place].object_id != here.object_id)
        other = next(others, None)
        if other is not None and abs(other.at - here.at) <= TOGETHER:
            first, last = sorted((here.refresh_id, other.refresh_id))
            yield first, last


def _lived(connection: Connection, object_id: int, begin: int, end: int) -> bool:
    """Whether somebody else's worker was let live in between."""
    query = exists().where(
        refreshes.c.refresh_id > begin,
        refreshes.c.refresh_id < end,
        refreshes.c.object_id != object_id,
        refreshes.c.state == RefreshState.SUCCEEDED,
        refreshes.c.trigger == Trigger.SCHEDULED,
        refreshes.c.action != Action.NO_DATA,
    )
    return bool(connection.execute(select(query)).scalar_one())

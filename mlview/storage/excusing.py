"""Which killed workers speak against the machine, and which against the view.

It is the machine, or a view that was refreshed at the same time, where somebody else's worker was
killed as well, at about that time, and nobody else was refreshed between the two. Who is killed by
itself, time after time, is to blame: nothing speaks for it. Nor does one who was refreshed since it
was killed before: that was taken along.

That cannot tell views that die of what they do, and have nobody beside them who lives, from a
machine on which nobody can. So it holds for the first AT_MOST kills of a view in a row only: those
that follow count. An innocent neighbour of a view that takes others along does not come so far,
because two that were killed again and again are not refreshed at the same time
(`mlview.planning.scheduling.suspects`): apart from the other it is refreshed, and its row ends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import exists, select

from mlview.records import Action, RefreshState, Trigger
from mlview.storage.history import ABANDONED
from mlview.storage.tables import refreshes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

KILLED = ("WORKER_KILLED", "MACHINE_OUT_OF_MEMORY", ABANDONED)
"""Somebody killed a worker, or all of the daemon: because of what it did, or whichever it was."""
AT_MOST = 10
"""Kills in a row that the machine is blamed for. By pauses that double, up to an hour, a machine
may kill everybody for about three hours before anybody is suspended for it."""
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
    before = [row.first, *(kills[at].refresh_id for at in own)]
    shared = sum(
        any(_speaks(connection, other, kills[at], since) for other in _near(kills, at))
        for at, since in zip(own, before, strict=False)
    )
    return min(row.killed - len(own) + shared, AT_MOST)


def _kills(connection: Connection) -> Sequence[_Kill]:
    """The newest of them, oldest first."""
    query = (
        select(refreshes.c.refresh_id, refreshes.c.object_id, refreshes.c.started_at)
        .where(
            refreshes.c.trigger == Trigger.SCHEDULED,
            refreshes.c.error_code.in_(KILLED),
        )
        .order_by(refreshes.c.refresh_id.desc())
        .limit(_REMEMBERED)
    )
    return [_Kill(*row) for row in connection.execute(query)][::-1]


def _near(kills: Sequence[_Kill], at: int) -> Iterator[_Kill]:
    """The nearest ones of somebody else, before and after one of them, if they are near."""
    here = kills[at]
    for places in (range(at - 1, -1, -1), range(at + 1, len(kills))):
        others = (kills[place] for place in places if kills[place].object_id != here.object_id)
        other = next(others, None)
        if other is not None and abs(other.at - here.at) <= TOGETHER:
            yield other


def _speaks(connection: Connection, other: _Kill, kill: _Kill, before: int) -> bool:
    """Whether somebody else's kill excuses one, of whom `before` is the refresh killed before."""
    first, last = sorted((kill.refresh_id, other.refresh_id))
    if _lived(connection, first, last, refreshes.c.object_id != kill.object_id):
        return False
    return not _lived(connection, before, kill.refresh_id, refreshes.c.object_id == other.object_id)


def _lived(connection: Connection, begin: int, end: int, whose: ColumnElement[bool]) -> bool:
    """Whether a worker of theirs was let live in between."""
    query = exists().where(
        refreshes.c.refresh_id > begin,
        refreshes.c.refresh_id < end,
        whose,
        refreshes.c.state == RefreshState.SUCCEEDED,
        refreshes.c.trigger == Trigger.SCHEDULED,
        refreshes.c.action != Action.NO_DATA,
    )
    return bool(connection.execute(select(query)).scalar_one())

"""Which killed workers speak against the machine, and which against the view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select

from mlview.records import Action, RefreshState, Trigger
from mlview.storage.tables import refreshes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

KILLED = ("WORKER_KILLED", "MACHINE_OUT_OF_MEMORY")
"""Somebody killed a worker: because of what it did, or whichever it was."""
_REMEMBERED = 1000

Kill = tuple[int, int]
"""The numbers of a refresh and of its object."""


def excused(connection: Connection, rows: Mapping[int, int]) -> Mapping[int, int]:
    """How many of the workers that were killed in a row of failures the machine is to blame for.

    It is where it killed somebody else's as well, and nobody else was refreshed between the two.
    Who alone is killed, time after time, is to blame: nothing speaks for it.

    Args:
        connection: to read with.
        rows: by object id, the number of the first refresh of its row.
    """
    if not rows:
        return {}
    kills = _kills(connection)
    return {
        object_id: sum(
            any(not _lived(connection, object_id, *span) for span in _spans(kills, at))
            for at, (refresh_id, killed) in enumerate(kills)
            if killed == object_id and refresh_id >= first
        )
        for object_id, first in rows.items()
    }


def _kills(connection: Connection) -> Sequence[Kill]:
    """The newest of them, oldest first."""
    query = (
        select(refreshes.c.refresh_id, refreshes.c.object_id)
        .where(
            refreshes.c.state == RefreshState.FAILED,
            refreshes.c.trigger == Trigger.SCHEDULED,
            refreshes.c.error_code.in_(KILLED),
        )
        .order_by(refreshes.c.refresh_id.desc())
        .limit(_REMEMBERED)
    )
    return [(row.refresh_id, row.object_id) for row in connection.execute(query)][::-1]


def _spans(kills: Sequence[Kill], at: int) -> Iterator[tuple[int, int]]:
    """From a kill to the nearest ones of somebody else, before and after it."""
    number, object_id = kills[at]
    before = (other for other, killed in reversed(kills[:at]) if killed != object_id)
    after = (other for other, killed in kills[at + 1 :] if killed != object_id)
    yield from ((other, number) for other in [*before][:1])
    yield from ((number, other) for other in [*after][:1])


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

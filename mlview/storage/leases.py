"""Leases with fencing: who may publish an object, proved by a token that only grows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from mlview.errors import LeaseLost, RefreshBusy
from mlview.storage.parts import Part, not_dropped, object_by_id
from mlview.storage.processes import describe, is_gone
from mlview.storage.tables import leases, objects

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Leases(Part):
    """One holder an object at a time; whoever comes later has the greater token.

    A lease that ran out is still good until somebody else takes it: the token decides, not the
    clock. See "How to do distributed locking" (Kleppmann, 2016).
    """

    def acquire(self, object_id: int, *, holder: str, now: datetime, seconds: float) -> int:
        """Take the lease for `seconds` from `now` on, and return its token.

        `holder` is `host:pid:startmark` (`mlview.storage.processes.holder_here`). A lease is free
        when it was released, has run out, or its holder ran on this host and is gone.

        Raises:
            RefreshBusy: somebody holds it; `facts["holder"]` and `facts["expires_at"]` say who.
        """
        with self._database.write() as connection:
            row = not_dropped(object_by_id(connection, object_id))
            until = now + timedelta(seconds=seconds)
            values = {"holder": holder, "acquired_at": now, "expires_at": until}
            held = connection.execute(
                select(leases).where(leases.c.object_id == object_id)
            ).one_or_none()
            if held is None:
                connection.execute(insert(leases).values(object_id=object_id, token=1, **values))
                return 1
            if held.holder is not None and held.expires_at > now and not is_gone(held.holder):
                raise RefreshBusy(
                    f"'{row.name}' is being refreshed by {describe(held.holder)}",
                    name=str(row.name),
                    hint=f"wait for it; its lease runs until {held.expires_at:%H:%M:%S} UTC",
                    holder=held.holder,
                    expires_at=held.expires_at,
                )
            ours = leases.c.object_id == object_id
            connection.execute(update(leases).where(ours).values(token=held.token + 1, **values))
            return int(held.token) + 1

    def renew(self, object_id: int, token: int, now: datetime, seconds: float) -> None:
        """Make the lease last `seconds` from `now` on; LeaseLost if it is not ours any more."""
        with self._database.write() as connection:
            check_token(connection, object_id, token)
            until = now + timedelta(seconds=seconds)
            ours = leases.c.object_id == object_id
            connection.execute(update(leases).where(ours).values(expires_at=until))

    def release(self, object_id: int, token: int) -> None:
        """Give the lease back; nothing happens if it is not ours any more."""
        with self._database.write() as connection:
            free(connection, object_id, token)


def check_token(connection: Connection, object_id: int, token: int) -> None:
    """Refuse a token that is not the current one, or whose lease was released."""
    query = select(leases.c.token, leases.c.holder).where(leases.c.object_id == object_id)
    held = connection.execute(query).one_or_none()
    if held is not None and held.holder is not None and held.token == token:
        return
    named = connection.execute(
        select(objects.c.name).where(objects.c.id == object_id)
    ).scalar_one_or_none()
    now_with = f"{describe(held.holder)} has it now" if held and held.holder else "it was let go"
    raise LeaseLost(
        f"the lease on '{named or object_id}' (token {token}) is no longer ours: {now_with}; "
        "nothing was published",
        name=named,
        hint="the old version keeps serving; refresh again if it is still stale",
        token=token,
        current=held.token if held else None,
    )


def free(connection: Connection, object_id: int, token: int) -> None:
    """Let go of the lease that this token stands for, and of no later one."""
    ours = (leases.c.object_id == object_id) & (leases.c.token == token)
    connection.execute(update(leases).where(ours).values(holder=None))

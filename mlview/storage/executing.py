"""What is being refreshed now, and what becomes of it when its process dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mlview.records import RefreshRecord, RefreshState, Running
from mlview.storage.history import RECORD, finish, is_dead, same_lease
from mlview.storage.leases import free
from mlview.storage.parts import Part
from mlview.storage.rows import refresh_record
from mlview.storage.tables import leases, refreshes

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


class Executing(Part):
    """Rows of the history that have not ended, by the leases they are carried out under."""

    def running(self, now: datetime) -> tuple[Running, ...]:
        """The refreshes under way whose lease is good, oldest first."""
        query = (
            select(refreshes, leases.c.token, leases.c.holder, leases.c.expires_at)
            .join_from(refreshes, leases, same_lease())
            .where(refreshes.c.state == RefreshState.EXECUTING, leases.c.holder.is_not(None))
            .order_by(refreshes.c.refresh_id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Running(row["object_id"], row["holder"], row["started_at"], row["predicted_seconds"])
            for row in rows
            if not is_dead(row, now)
        )

    def bury(
        self,
        holder: str,
        *,
        now: datetime,
        error_code: str,
        error: str,
        state: RefreshState = RefreshState.FAILED,
    ) -> tuple[RefreshRecord, ...]:
        """End what a dead process was carrying out, and take every lease it held away.

        For whoever knows better than the lease how the process ended. Nothing happens to what
        another process has taken over, and nothing the second time.

        Args:
            holder: the dead process, as in its leases.
            now: when it was found.
            error_code: how it died, for programs.
            error: the same for people.
            state: FAILED, or CANCELLED where somebody wanted it to end.

        Returns:
            The rows that have ended by this, oldest first.
        """
        held = select(leases.c.object_id, leases.c.token).where(leases.c.holder == holder)
        values = {
            "state": state,
            "finished_at": now,
            "error_code": error_code,
            "error": error,
        }
        with self._database.write() as connection:
            ended: list[RefreshRecord] = []
            for object_id, token in connection.execute(held).all():
                begun = _begun(connection, object_id, token)
                for refresh_id in begun:
                    finish(connection, refresh_id, values)
                ended += (_record(connection, refresh_id) for refresh_id in begun)
                free(connection, object_id, token)
            return tuple(sorted(ended, key=lambda record: record.refresh_id))


def _begun(connection: Connection, object_id: int, token: int) -> list[int]:
    query = select(refreshes.c.refresh_id).where(
        refreshes.c.object_id == object_id,
        refreshes.c.lease_token == token,
        refreshes.c.state == RefreshState.EXECUTING,
    )
    return list(connection.execute(query).scalars())


def _record(connection: Connection, refresh_id: int) -> RefreshRecord:
    query = select(*RECORD).where(refreshes.c.refresh_id == refresh_id)
    return refresh_record(connection.execute(query).mappings().one())

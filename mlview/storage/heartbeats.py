"""What daemons say of themselves: a row for each, written again with every beat."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from mlview.records import DaemonState, Heartbeat
from mlview.storage.parts import Part
from mlview.storage.tables import daemons

if TYPE_CHECKING:
    from datetime import datetime


class Heartbeats(Part):
    """None of this counts as a change: what was seen of the database stays right."""

    def beat(self, heartbeat: Heartbeat) -> None:
        """Note what a daemon says, in place of what it said before."""
        values = asdict(heartbeat)
        row = insert(daemons).values(values)
        said = {column: value for column, value in values.items() if column != "holder"}
        with self._database.write() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["holder"], set_=said))

    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """The last beat of each daemon, the newest first."""
        query = select(daemons).order_by(daemons.c.beat_at.desc(), daemons.c.holder)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(Heartbeat(**{**row, "state": DaemonState(row["state"])}) for row in rows)

    def forget_heartbeats(self, before: datetime) -> int:
        """Remove daemons whose last beat is older than a moment; how many there were."""
        with self._database.write() as connection:
            return connection.execute(delete(daemons).where(daemons.c.beat_at < before)).rowcount

"""The history of refreshes: what was begun, how it ended, and what died on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from sqlalchemy import and_, func, insert, or_, select, update

from mlview.errors import LeaseLost, UsageProblem
from mlview.planning import Past
from mlview.records import Action, RefreshRecord, RefreshState
from mlview.storage.leases import free
from mlview.storage.parts import Part
from mlview.storage.processes import describe, is_gone, runs
from mlview.storage.rows import refresh_record, refresh_values
from mlview.storage.tables import leases, refreshes, versions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from typing import Unpack

    from sqlalchemy import Connection, RowMapping


ABANDONED = "ABANDONED"
"""Its process died and nobody who saw it wrote down how, or nobody knows what became of it."""
RECORD = [column for column in refreshes.c if column.name != "lease_token"]


class RefreshFields(TypedDict, total=False):
    """What may become known while a refresh runs; what is left out stays as it was."""

    action: Action
    reason: str
    version: int | None
    inputs_with_changed_data: tuple[str, ...]
    rows_inserted: int | None
    rows_deleted: int | None
    exact: bool | None
    predicted_seconds: float | None
    actual_seconds: float | None
    gate_results: Mapping[str, Any]
    error_code: str | None
    error: str | None
    published: bool | None


class History(Part):
    """Rows are added and finished once, never removed."""

    def begin_refresh(self, record: RefreshRecord) -> int:
        """Add a row and return its id; `record.refresh_id` is ignored."""
        lease = select(leases.c.token).where(
            leases.c.object_id == record.object_id, leases.c.holder.is_not(None)
        )
        with self._database.write() as connection:
            token = connection.execute(lease).scalar_one_or_none()
            row = insert(refreshes).values(**refresh_values(record), lease_token=token)
            (refresh_id,) = connection.execute(row).inserted_primary_key or (0,)
            return int(refresh_id)

    def finish_refresh(
        self,
        refresh_id: int,
        *,
        state: RefreshState,
        now: datetime,
        **fields: Unpack[RefreshFields],
    ) -> bool:
        """Say how a refresh ended. One that has ended already stays as it is: then False."""
        with self._database.write() as connection:
            return finish(connection, refresh_id, {**fields, "state": state, "finished_at": now})

    def refreshes(
        self, *, object_id: int | None = None, limit: int | None = None
    ) -> tuple[RefreshRecord, ...]:
        """Refreshes of one object or of all, the newest first."""
        query = select(*RECORD).order_by(refreshes.c.refresh_id.desc()).limit(limit)
        if object_id is not None:
            query = query.where(refreshes.c.object_id == object_id)
        with self._database.read() as connection:
            return tuple(refresh_record(row) for row in connection.execute(query).mappings())

    def past(self, object_ids: Collection[int], *, each: int) -> Mapping[int, tuple[Past, ...]]:
        """The newest refreshes that computed something, of each object, the newest last."""
        place = func.row_number().over(
            partition_by=refreshes.c.object_id, order_by=refreshes.c.refresh_id.desc()
        )
        done = (
            select(
                refreshes.c.object_id,
                refreshes.c.refresh_id,
                refreshes.c.action,
                refreshes.c.rows_inserted,
                refreshes.c.rows_deleted,
                refreshes.c.actual_seconds,
                versions.c.rows,
                place.label("place"),
            )
            .join_from(refreshes, versions, _same_version(), isouter=True)
            .where(
                refreshes.c.object_id.in_(object_ids),
                refreshes.c.state == RefreshState.SUCCEEDED,
                refreshes.c.action != Action.NO_DATA,
                refreshes.c.actual_seconds.is_not(None),
            )
            .subquery()
        )
        query = select(done).where(done.c.place <= each).order_by(done.c.refresh_id)
        found: dict[int, list[Past]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query).mappings():
                changed = (row["rows_inserted"] or 0) + (row["rows_deleted"] or 0)
                past = Past(Action(row["action"]), row["rows"] or 0, changed, row["actual_seconds"])
                found.setdefault(row["object_id"], []).append(past)
        return {object_id: tuple(known) for object_id, known in found.items()}

    def abandon_dead(self, now: datetime) -> list[RefreshRecord]:
        """Cancel what is EXECUTING under a lease that ran out or is gone; returns those rows.

        Their leases are taken away, so that a process which only slept is refused when it wakes.
        Where it is known to run it is LEASE_LOST, which is nobody's fault; else ABANDONED.
        """
        running = (
            select(*RECORD, leases.c.token, leases.c.holder, leases.c.expires_at)
            .join_from(refreshes, leases, same_lease(), isouter=True)
            .where(refreshes.c.state == RefreshState.EXECUTING)
            .order_by(refreshes.c.refresh_id)
        )
        with self._database.write() as connection:
            dead = [row for row in connection.execute(running).mappings() if is_dead(row, now)]
            return [_abandon(connection, row, now) for row in dead]


def finish(connection: Connection, refresh_id: int, values: Mapping[str, Any]) -> bool:
    """Finish a row that is still EXECUTING; whether it was."""
    ours = refreshes.c.refresh_id == refresh_id
    state = connection.execute(select(refreshes.c.state).where(ours)).scalar_one_or_none()
    if state is None:
        raise UsageProblem(f"there is no refresh {refresh_id}", hint="call begin_refresh first")
    if state != RefreshState.EXECUTING:
        return False
    connection.execute(update(refreshes).where(ours).values(**values))
    return True


def _same_version() -> Any:
    return and_(
        versions.c.object_id == refreshes.c.object_id, versions.c.number == refreshes.c.version
    )


def same_lease() -> Any:
    """That a lease is the one a refresh was begun under."""
    return and_(
        leases.c.object_id == refreshes.c.object_id,
        or_(refreshes.c.lease_token.is_(None), leases.c.token == refreshes.c.lease_token),
    )


def is_dead(row: RowMapping, now: datetime) -> bool:
    """Whether a refresh has lost its lease, as far as can be known."""
    return row["holder"] is None or row["expires_at"] <= now or is_gone(row["holder"])


def _abandon(connection: Connection, row: RowMapping, now: datetime) -> RefreshRecord:
    holder, refresh_id = row["holder"], row["refresh_id"]
    who = f"{describe(holder)}, which ran it," if holder else "the process that ran it"
    ended = "let its lease run out" if holder and not is_gone(holder) else "is gone"
    values = {
        "state": RefreshState.CANCELLED,
        "finished_at": now,
        "error_code": LeaseLost.code if holder and runs(holder) else ABANDONED,
        "error": f"{who} {ended}; nothing was published",
    }
    finish(connection, refresh_id, values)
    if row["token"] is not None:
        free(connection, row["object_id"], row["token"])
    found = select(*RECORD).where(refreshes.c.refresh_id == refresh_id)
    return refresh_record(connection.execute(found).mappings().one())

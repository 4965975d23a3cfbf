"""How often in a row a schedule has failed with each view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal, or_, select

from mlview.errors import (
    DatabaseDamaged,
    DiskFull,
    LeaseLost,
    LockTimeout,
    RefreshBusy,
    StorageProblem,
    WriteConflict,
)
from mlview.records import Failures, RefreshState, Trigger
from mlview.storage.columns import Moment
from mlview.storage.excusing import KILLED, Row, excused
from mlview.storage.history import ABANDONED
from mlview.storage.parts import Part
from mlview.storage.tables import objects, refreshes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement

_NOBODYS_FAULT = (RefreshBusy.code, LeaseLost.code)
_ELSEWHERE = (
    StorageProblem.code,
    DiskFull.code,
    LockTimeout.code,
    WriteConflict.code,
    DatabaseDamaged.code,
    "ARTIFACT_IO",
    "WORKER_NOT_BEGUN",
    "WORKER_ORPHANED",
)
"""What the machine did to a view: nothing about the view can be mended for it."""


class Failing(Part):
    """What backing off and suspending are decided by."""

    def scheduled_failures(
        self, since: Mapping[int, datetime | None] | None = None
    ) -> Mapping[int, Failures]:
        """Scheduled refreshes of each object that failed in a row, the newest of its history.

        A success by any trigger ends the row, and so do RESUME and a new definition: what began
        before them does not count. Two that met, and one whose lease was taken over, failed
        through nobody's fault: they neither count nor end it, nor does what was broken off because
        the daemon stopped. What died with its daemon counts, as a worker does that was killed.
        A full disk counts, but as `elsewhere`, and so does a kill that the machine is to blame
        for (`mlview.storage.excusing`).

        Args:
            since: by object id, a moment before which nothing counts.
        """
        success = refreshes.alias("success")
        last = (
            select(func.max(success.c.refresh_id))
            .where(success.c.object_id == objects.c.id, success.c.state == RefreshState.SUCCEEDED)
            .scalar_subquery()
        )
        counted = (
            select(
                func.count().label("failures"),
                func.min(refreshes.c.refresh_id).label("oldest"),
                func.max(refreshes.c.refresh_id).label("newest"),
                _number_of(_ELSEWHERE).label("elsewhere"),
                _number_of(KILLED).label("killed"),
            )
            .join_from(
                objects,
                refreshes,
                and_(
                    refreshes.c.object_id == objects.c.id,
                    or_(
                        refreshes.c.state == RefreshState.FAILED,
                        refreshes.c.error_code == ABANDONED,
                    ),
                    refreshes.c.refresh_id > func.coalesce(last, 0),
                ),
            )
            .where(
                objects.c.dropped_at.is_(None),
                refreshes.c.trigger == Trigger.SCHEDULED,
                func.coalesce(refreshes.c.error_code, "").not_in(_NOBODYS_FAULT),
                refreshes.c.started_at >= objects.c.altered_at,
                *_not_before(objects.c.resumed_at, since or {}),
            )
            .group_by(objects.c.id)
            .subquery()
        )
        query = select(
            refreshes.c.object_id,
            counted.c.failures,
            counted.c.oldest,
            counted.c.elsewhere,
            counted.c.killed,
            refreshes.c.finished_at,
            refreshes.c.started_at,
            refreshes.c.error,
        ).join_from(counted, refreshes, refreshes.c.refresh_id == counted.c.newest)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            killed = {r.object_id: Row(r.oldest, r.killed) for r in rows if r.killed}
            machines = excused(connection, killed)
            return {
                row.object_id: Failures(
                    row.failures,
                    row.finished_at or row.started_at,
                    row.error or "",
                    row.elsewhere + machines.get(row.object_id, 0),
                    row.killed,
                )
                for row in rows
            }


def _number_of(codes: tuple[str, ...]) -> ColumnElement[int]:
    return func.sum(case((refreshes.c.error_code.in_(codes), 1), else_=0))


def _not_before(
    resumed: ColumnElement[Any], since: Mapping[int, datetime | None]
) -> Iterator[ColumnElement[bool]]:
    began = refreshes.c.started_at
    yield or_(resumed.is_(None), began >= resumed)
    known = {object_id: literal(at, Moment) for object_id, at in since.items() if at is not None}
    if known:
        yield began >= case(known, value=objects.c.id, else_=began)

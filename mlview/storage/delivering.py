"""When what serves was moved or confirmed: what promises to readers are judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, false, func, literal, null, or_, select, true, type_coerce

from mlview.planning.slo import Delivery
from mlview.records import Trigger
from mlview.storage.parts import Part
from mlview.storage.tables import deployments, refreshes, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

_SECOND = 1e-6  # moments are kept in microseconds


class Delivering(Part):
    """Publishes, confirmations and moves by hand, each with what it ended."""

    def deliveries(self, since: datetime) -> Mapping[int, tuple[Delivery, ...]]:
        """Every delivery of each object from a moment on, and its last one before, by time.

        Refreshes that an earlier mlview recorded do not say what they delivered, and are left out.
        """
        query = _published(since).union_all(_moved()).order_by("object_id", "at")
        found: dict[int, list[Delivery]] = {}
        with self._database.read() as connection:
            rows: Iterable[Any] = connection.execute(query)
            for object_id, at, stale_since, target, read_at, by_hand in rows:
                stale = None if stale_since is None else stale_since * _SECOND
                read = at if read_at is None else read_at
                delivery = Delivery(at * _SECOND, stale, target, read * _SECOND, bool(by_hand))
                found.setdefault(object_id, []).append(delivery)
        return {object_id: tuple(each) for object_id, each in found.items()}


def _published(since: datetime) -> Select[Any]:
    """Refreshes that published something, or confirmed what serves."""
    done = refreshes.c.published.is_(true())
    before = (
        select(func.max(refreshes.c.refresh_id))
        .where(done, refreshes.c.finished_at < since)
        .group_by(refreshes.c.object_id)
    )
    return select(
        refreshes.c.object_id,
        _microseconds(refreshes.c.finished_at).label("at"),
        _microseconds(refreshes.c.stale_since),
        refreshes.c.target_lag_sec,
        _microseconds(refreshes.c.data_timestamp),
        false(),
    ).where(done, or_(refreshes.c.finished_at >= since, refreshes.c.refresh_id.in_(before)))


def _moved() -> Select[Any]:
    """Pointers that a person moved: a refresh signs with its trigger."""
    same = and_(
        versions.c.object_id == deployments.c.object_id,
        versions.c.number == deployments.c.version,
    )
    return (
        select(
            deployments.c.object_id,
            _microseconds(deployments.c.at).label("at"),
            null(),
            null(),
            _microseconds(versions.c.data_timestamp),
            literal(True),
        )
        .join_from(deployments, versions, same, isouter=True)
        .where(deployments.c.by.not_in(list(Trigger)))
    )


def _microseconds(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """A moment as it is kept: making a datetime of each costs more than reading it."""
    return type_coerce(moment, BigInteger())

"""How long views stay up to date after a refresh, by what their history tells."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mlview.storage.parts import Part
from mlview.storage.tables import refreshes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime


class Lulls(Part):
    """What a planner may expect of the changes to come."""

    def lulls(self, object_ids: Collection[int], *, each: int) -> Mapping[int, float]:
        """Mean seconds from a refresh to the next change, over the newest refreshes of each object.

        A change that came while the refresh before was still running counts 0. An object that was
        not refreshed twice is left out.
        """
        place = func.row_number().over(
            partition_by=refreshes.c.object_id, order_by=refreshes.c.refresh_id.desc()
        )
        rows = (
            select(
                refreshes.c.object_id,
                refreshes.c.refresh_id,
                refreshes.c.finished_at,
                refreshes.c.stale_since,
                place.label("place"),
            )
            .where(refreshes.c.object_id.in_(object_ids), refreshes.c.published.is_(True))
            .subquery()
        )
        query = select(rows).where(rows.c.place <= each).order_by(rows.c.refresh_id)
        found: dict[int, list[tuple[datetime | None, datetime | None]]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.object_id, []).append((row.finished_at, row.stale_since))
        return {
            object_id: fmean(gaps) for object_id, past in found.items() if (gaps := _gaps(past))
        }


def _gaps(past: list[tuple[datetime | None, datetime | None]]) -> list[float]:
    return [
        max((since - done).total_seconds(), 0.0)
        for (done, _), (_, since) in pairwise(past)
        if done is not None and since is not None
    ]

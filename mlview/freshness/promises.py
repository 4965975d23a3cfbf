"""How well each view has kept its target lag, by what the catalog recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.observation.stored import definition_of
from mlview.planning.slo import WINDOW_SECONDS, Delivery, Present, slo

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.definitions import Name
    from mlview.observation.observer import Observer
    from mlview.planning.slo import Slo
    from mlview.records import Staleness
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

Deliveries = Mapping[int, Sequence[Delivery]]


class Promises:
    """Judges what was promised with TARGET_LAG."""

    def __init__(self, home: Home, observer: Observer) -> None:
        self._home = home
        self._observer = observer
        self._known: tuple[int, datetime, Deliveries] | None = None

    def slos(self) -> dict[Name, Slo]:
        """One account for each view with a target lag, over the last 30 days.

        A DOWNSTREAM view has lag and no target. A view that nothing was delivered of since the
        database began to note it has a target alone.
        """
        seen = self._observer.look()
        now = self._home.clock.now()
        staleness = seen.staleness(now)
        promised = [name for name in staleness if _promises(seen.rows[name])]
        if not promised:
            return {}
        deliveries = self._deliveries(now - timedelta(seconds=WINDOW_SECONDS))
        return {
            name: slo(
                deliveries.get(seen.rows[name].id, ()),
                _present(seen.rows[name], staleness[name], now),
            )
            for name in promised
        }

    def _deliveries(self, since: datetime) -> Deliveries:
        """Every delivery from a moment on, and perhaps earlier ones: read once per change."""
        counter = self._home.catalog.counter()
        if self._known is not None:
            read_at, begins, known = self._known
            if read_at == counter and begins <= since:
                return known
        found = self._home.catalog.deliveries(since)
        self._known = (counter, since, found)
        return found


def _promises(row: ObjectRow) -> bool:
    return getattr(definition_of(row.create_text), "target_lag", None) is not None


def _present(row: ObjectRow, stale: Staleness, now: datetime) -> Present:
    """Since when it is stale, even where somebody has to look before it can be told how much."""
    altered = row.altered_at or row.created_at
    return Present(
        now=now.timestamp(),
        stale_since=stale.stale_since.timestamp() if stale.stale_since else None,
        target=stale.target_lag_sec,
        declared_at=altered.timestamp(),
        known=stale.lag_sec is not None or stale.stale_since is not None,
    )

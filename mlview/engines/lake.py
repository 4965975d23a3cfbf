"""One of the two lakes of a database: its catalog, its tables at snapshots, their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.engines.changes import Changes
from mlview.engines.metadata import Metadata, TableRow
from mlview.engines.remembered import Remembered
from mlview.errors import LakeProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import duckdb

    from mlview.definitions import Name
    from mlview.engines.layout import Layout
    from mlview.records import Snapshot

_CACHED_SNAPSHOTS = 64


class Lake:
    """What is read of a lake; everything of a snapshot that was read is remembered.

    Args:
        name: `lake` or `store`; its catalog is attached as `lake_catalog` or `store_catalog`.
        layout: where it is.
        cursor: gives a connection of the instance that deltas are computed on.
        ordered: whether changes are only asked forwards, and only of one and the same table.
    """

    def __init__(
        self,
        name: str,
        layout: Layout,
        cursor: Callable[[], duckdb.DuckDBPyConnection],
        *,
        ordered: bool,
    ) -> None:
        self.name = name
        self.metadata = Metadata(cursor, f"{name}_catalog")
        self.changes = Changes(
            name, self.metadata, cursor, self.tables, str(layout.data(name)), ordered=ordered
        )
        self._tables: Remembered[dict[Name, TableRow]] = Remembered(_CACHED_SNAPSHOTS)
        self._views: Remembered[dict[Name, str]] = Remembered(_CACHED_SNAPSHOTS)

    def tables(self, snapshot_id: int) -> dict[Name, TableRow]:
        """Its tables at a snapshot; LakeProblem if that expired or was never made."""
        known = self._tables.get(snapshot_id)
        if known is None:
            # An expired snapshot would look like an empty lake.
            self.metadata.snapshot(snapshot_id)
            known = self.metadata.tables(snapshot_id)
            self._tables.put(snapshot_id, known)
        return known

    def views(self, snapshot_id: int) -> dict[Name, str]:
        """Its plain views at a snapshot and their queries; LakeProblem as `tables`."""
        known = self._views.get(snapshot_id)
        if known is None:
            if self._tables.get(snapshot_id) is None:
                self.metadata.snapshot(snapshot_id)
            known = self.metadata.views(snapshot_id)
            self._views.put(snapshot_id, known)
        return known

    def snapshot_at(self, moment: datetime) -> Snapshot:
        """The newest commit at or before a moment; LakeProblem if there is none."""
        left = self.metadata.snapshots()
        found = [snapshot for snapshot in left if snapshot.time <= moment]
        if not found:
            raise LakeProblem(
                f"the lake has no snapshot at or before {moment.isoformat()}; "
                f"the oldest one is of {left[0].time.isoformat()}",
                code="NO_SNAPSHOT",
                hint=f"ask for a moment after {left[0].time.isoformat()}",
            )
        return found[-1]

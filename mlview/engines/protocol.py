"""What the rest of mlview asks of an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from mlview.definitions import Name
    from mlview.engines.connection import LakeConnection
    from mlview.engines.readers import SnapshotReader
    from mlview.engines.sources import Source
    from mlview.engines.values import CommitSpan, Problem, StoredResult, SumsDelta, UpkeepReport
    from mlview.planning.lakes import LakeHealth
    from mlview.records import Column, Snapshot, TableChange, TableState


class Engine(Protocol):
    """Snapshots, changes and reads of base tables; storing of materializations."""

    path: Path

    def close(self) -> None:
        """Close everything."""

    def connection(self) -> LakeConnection:
        """A new connection for a user."""

    def current_snapshot(self) -> Snapshot:
        """The newest commit."""

    def snapshot(self, id: int) -> Snapshot:  # noqa: A002 - the attribute has this name
        """One commit by its number."""

    def snapshot_at(self, moment: datetime) -> Snapshot:
        """The newest commit at or before a moment."""

    def tables(self, snapshot_id: int) -> Mapping[Name, TableState]:
        """Every base table at a snapshot."""

    def views(self, snapshot_id: int) -> Mapping[Name, str]:
        """Every plain view at a snapshot, with its SELECT."""

    def changed_tables(self, since: int, until: int) -> Mapping[int, CommitSpan]:
        """The ids of tables touched in (since, until], and when."""

    def disturbed(self, tables: Collection[int], since: int) -> bool:
        """Whether any of these tables, by their ids, was written to after a snapshot."""

    def change(self, name: Name, since: int, until: int) -> TableChange:
        """The exact net change of a table in (since, until]."""

    def source(self, name: Name, since: int, until: int, *, added_columns: bool = False) -> Source:
        """A table at both snapshots and its signed rows, for a reader opened at `until`."""

    def reader(self, snapshot_id: int, *, refresh_time: datetime) -> SnapshotReader:
        """Read the lake as it was at a snapshot."""

    def workbench(self, snapshot_id: int, *, refresh_time: datetime) -> SnapshotReader:
        """Compute deltas that end at a snapshot, from what `source` and `stored_source` give."""

    def write_materialization(
        self,
        object_id: int,
        data: pa.RecordBatchReader,
        *,
        refresh_id: int,
        order: Sequence[str] = (),
        state: Callable[[], pa.RecordBatchReader] | None = None,
    ) -> StoredResult:
        """Store the rows of a materialized view's next version."""

    def apply_delta(
        self,
        object_id: int,
        base: int,
        signed: pa.RecordBatchReader,
        *,
        columns: Sequence[Column],
        refresh_id: int,
        state: SumsDelta | None = None,
    ) -> StoredResult:
        """Store a materialized view's next version: what it has at `base`, changed."""

    def stored_source(self, object_id: int, since: int, until: int) -> Source:
        """A materialized view at two stored snapshots and its signed rows, for a reader."""

    def materialization(self, object_id: int, stored_snapshot: int) -> str:
        """SQL that reads a stored version."""

    def kept_sums(self, object_id: int, stored_snapshot: int) -> str:
        """SQL that reads the sums which are kept of a stored version's groups."""

    def drop_materialization(self, object_id: int) -> None:
        """Drop a materialized view's rows."""

    def expire(
        self,
        *,
        keep_lake: Iterable[int],
        keep_store: Iterable[int],
        older_than: datetime,
        files_older_than: datetime | None = None,
        dry_run: bool = False,
    ) -> UpkeepReport:
        """Let go of snapshots and files that nobody needs."""

    def commits(self) -> tuple[int, int]:
        """The newest snapshots of the lake and of the store."""

    def capped(self, lake: str, at_most: int) -> datetime | None:
        """When the oldest of the newest so many snapshots was made; None if there are fewer."""

    def health(
        self, *, keep: Mapping[str, Iterable[int]], older_than: Mapping[str, datetime]
    ) -> tuple[LakeHealth, ...]:
        """What there is to do for the lake and the store."""

    def merge(self, lake: str, table: Name, *, below: int, limit: float) -> None:
        """Merge a table's files of fewer bytes than `below`."""

    def flush(self, lake: str, table: Name, *, limit: float) -> bool:
        """Move a table's rows from the catalog to a file; False if somebody is reading."""

    def expire_some(
        self, lake: str, *, keep: Iterable[int], older_than: datetime, most: int
    ) -> int:
        """Let go of the oldest snapshots, at most so many; how many."""

    def clean(self, lake: str, *, older_than: datetime) -> int:
        """Delete files that no snapshot has; how many."""

    def sweep(self, *, older_than: datetime) -> int:
        """Delete files that no catalog names; how many."""

    def compact(self) -> UpkeepReport:
        """Merge small files."""

    def backup(self, target: Path) -> None:
        """Copy the live database."""

    def check(self) -> list[Problem]:
        """What is wrong with the files."""

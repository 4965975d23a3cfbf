"""The engine on DuckLake: the lake, the store, their snapshots, changes and readers."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Self

from mlview.engines import backup, maintenance
from mlview.engines.connection import SYSTEM_SCHEMA, LakeConnection
from mlview.engines.frozen import FrozenCatalog
from mlview.engines.gate import ReadGate
from mlview.engines.health import read_health
from mlview.engines.instances import attach, attach_catalog, open_instance
from mlview.engines.lake import Lake
from mlview.engines.layout import Layout, check_directory, create_directory
from mlview.engines.locks import WriteLock
from mlview.engines.metadata import Metadata
from mlview.engines.pool import ReaderPool, workbench
from mlview.engines.readers import SnapshotReader
from mlview.engines.store import Store, name_of, state_of, table_of
from mlview.engines.translate import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    import duckdb
    import pyarrow as pa

    from mlview.clock import Clock
    from mlview.definitions import Name
    from mlview.engines.gate import Pass
    from mlview.engines.pool import Attached
    from mlview.engines.sources import Source
    from mlview.engines.values import CommitSpan, Problem, StoredResult, SumsDelta, UpkeepReport
    from mlview.planning.lakes import LakeHealth
    from mlview.records import Column, Snapshot, TableChange, TableState

LAKES = ("lake", "store")
PATIENCE = 2.0
"""Seconds that a step of upkeep waits for a writer: it can as well be done later."""
LOCK_TIMEOUT = 60.0


class DuckLakeEngine:
    """A database directory, open. Its methods may be called from several threads.

    Args:
        path: the directory, made by `create` before.
        clock: stamps commits if it is a virtual one, and measures waiting.
        lock_timeout: seconds to wait for another writer.

    Raises:
        DatabaseDamaged: it is not a database, or a part of it is missing.
        StorageProblem: it may not be written.
    """

    def __init__(self, path: Path, *, clock: Clock, lock_timeout: float = LOCK_TIMEOUT) -> None:
        check_directory(path)
        self.path = path
        self.clock = clock
        self.lock_timeout = lock_timeout
        self._layout = Layout(path.absolute())
        self._gate = ReadGate(self._layout.root / "readers.lock")
        self._opening = Lock()
        self._users: duckdb.DuckDBPyConnection | None = None
        self._own = open_instance(self._layout)
        with translated():
            attach(self._own, self._layout, "lake", read_only=True)
            attach(self._own, self._layout, "store", read_only=True)
            attach_catalog(self._own, self._layout.catalog("lake"), "lake_catalog")
            attach_catalog(self._own, self._layout.catalog("store"), "store_catalog")
            self._bench = workbench(self._own)
        self._lake = Lake("lake", self._layout, self._own.cursor, ordered=True)
        self._stored = Lake("store", self._layout, self._own.cursor, ordered=False)
        self._readers = ReaderPool(
            self._layout, FrozenCatalog(self._layout.catalog("lake"), self._layout.spill)
        )
        self._store = Store(
            self._layout,
            clock=clock,
            write_lock=lambda: self._lock_of("store"),
            metadata=self._stored.metadata,
            tables=self._stored.tables,
        )

    @classmethod
    def create(
        cls, path: Path, *, clock: Clock, lock_timeout: float = LOCK_TIMEOUT
    ) -> DuckLakeEngine:
        """Make a new database in an empty or missing directory, and open it."""
        create_directory(path)
        _create_lakes(Layout(path.absolute()), clock)
        return cls(path, clock=clock, lock_timeout=lock_timeout)

    def close(self) -> None:
        """Close everything; connections handed out stop working."""
        self._readers.close()
        self._store.close()
        with self._opening:
            if self._users is not None:
                self._users.close()
                self._users = None
        self._own.close()

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def connection(self) -> LakeConnection:
        """A new connection for a user: `lake` in use, `store` readable, `mlview` for tables."""
        return LakeConnection(self)

    # Snapshots

    def current_snapshot(self) -> Snapshot:
        """The newest commit of the lake."""
        return self._lake.metadata.current_snapshot()

    def snapshot(self, id: int) -> Snapshot:  # noqa: A002 - the attribute has this name
        """One commit by its number; LakeProblem if it expired or was never made."""
        return self._lake.metadata.snapshot(id)

    def snapshot_at(self, moment: datetime) -> Snapshot:
        """The newest commit at or before a moment; LakeProblem if there is none."""
        return self._lake.snapshot_at(moment)

    def tables(self, snapshot_id: int) -> Mapping[Name, TableState]:
        """Every base table at a snapshot."""
        return {name: row.state for name, row in self._lake.tables(snapshot_id).items()}

    def views(self, snapshot_id: int) -> Mapping[Name, str]:
        """Every plain view of the lake at a snapshot, and its SELECT as the lake keeps it."""
        return self._lake.views(snapshot_id)

    def changed_tables(self, since: int, until: int) -> Mapping[int, CommitSpan]:
        """The ids of tables touched after `since`, up to and with `until`, and when.

        It may name a table whose rows are the same again; it never leaves one out.
        """
        return self._lake.metadata.changed_tables(since, until)

    def disturbed(self, tables: Collection[int], since: int) -> bool:
        """Whether any of these tables, by their ids, was written to after a snapshot.

        By upkeep too: who read its states meanwhile cannot rely on what came out.
        """
        return self._lake.metadata.disturbed(tables, since)

    def change(self, name: Name, since: int, until: int) -> TableChange:
        """The exact net change of a table after `since`, up to and with `until`.

        Counts are None where the table was altered, dropped or recreated in between, or a snapshot
        expired.
        """
        with self._gate.reading():
            return self._lake.changes.change(name, since, until)

    def source(self, name: Name, since: int, until: int, *, added_columns: bool = False) -> Source:
        """A table at both snapshots and its signed rows, for a reader opened at `until`.

        Args:
            name: the table.
            since: the snapshot before.
            until: the one after.
            added_columns: give the columns that `since` has where the table gained some since.
                Only for queries in which a new column cannot come to mean something: with `*`,
                NATURAL joins or a name it takes over they would be others.

        Raises:
            LakeProblem: NO_DELTA, if the table was altered, dropped or made anew; NO_SNAPSHOT, if
                one of the snapshots expired.
        """
        with self._gate.reading():
            return self._lake.changes.source(name, since, until, added_columns=added_columns)

    def reader(self, snapshot_id: int, *, refresh_time: datetime) -> SnapshotReader:
        """Read the lake as it was at a snapshot; close the reader after use."""
        self._lake.metadata.snapshot(snapshot_id)
        entered = self._gate.enter()

        def give_back(attached: Attached) -> None:
            self._readers.give_back(attached)
            entered.leave()

        return SnapshotReader(
            self._readers.take(snapshot_id), refresh_time=refresh_time, give_back=give_back
        )

    def workbench(self, snapshot_id: int, *, refresh_time: datetime) -> SnapshotReader:
        """Compute deltas that end at a snapshot: only what `source` gives can be read on it."""
        entered = self._gate.enter()
        return SnapshotReader(
            self._bench,
            refresh_time=refresh_time,
            give_back=lambda _: entered.leave(),
            snapshot_id=snapshot_id,
        )

    # The store

    def write_materialization(
        self,
        object_id: int,
        data: pa.RecordBatchReader,
        *,
        refresh_id: int,
        order: Sequence[str] = (),
        state: Callable[[], pa.RecordBatchReader] | None = None,
    ) -> StoredResult:
        """Store the rows of a materialized view's next version, sorted by the columns of `order`.

        Nobody sees them before a version names the stored snapshot. `state` gives the sums of its
        groups, which are stored beside them.
        """
        return self._store.write(object_id, data, refresh_id=refresh_id, order=order, state=state)

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
        """Store a materialized view's next version: what it has at `base`, changed by signed rows.

        Floats of a row to delete may be 1e-9 apart from the stored ones where no row is the same.

        Args:
            object_id: the view.
            base: the stored snapshot that the delta starts from.
            signed: the view's columns in order and, last, the BIGINT `__mlview_weight`.
            columns: the view's columns.
            refresh_id: noted with the commit.
            state: what changes in the sums of its groups, where they are kept; then at most one
                row of a group goes, and one comes.

        Returns:
            `base` itself if nothing changes.

        Raises:
            LakeProblem: DELTA_MISMATCH, if a row to delete is not there or the columns are others;
                nothing was stored.
        """
        return self._store.apply_delta(
            object_id, base, signed, columns=columns, refresh_id=refresh_id, state=state
        )

    def stored_source(self, object_id: int, since: int, until: int) -> Source:
        """A materialized view at two stored snapshots, in any order, for any reader.

        Raises:
            LakeProblem: NO_DELTA, if it has other columns; NO_SNAPSHOT, if one expired.
        """
        return self._stored.changes.source(name_of(object_id), since, until)

    def materialization(self, object_id: int, stored_snapshot: int) -> str:
        """SQL that reads a stored version, e.g. `store.main.v7 AT (VERSION => 12)`."""
        return f"{table_of(object_id)} AT (VERSION => {int(stored_snapshot)})"

    def kept_sums(self, object_id: int, stored_snapshot: int) -> str:
        """SQL that reads the sums which are kept of a stored version's groups."""
        return f"{state_of(object_id)} AT (VERSION => {int(stored_snapshot)})"

    def drop_materialization(self, object_id: int) -> None:
        """Drop a materialized view's rows; earlier stored snapshots remain until they expire."""
        self._store.drop(object_id)

    # Upkeep

    def expire(
        self,
        *,
        keep_lake: Iterable[int],
        keep_store: Iterable[int],
        older_than: datetime,
        files_older_than: datetime | None = None,
        dry_run: bool = False,
    ) -> UpkeepReport:
        """Let go of snapshots older than a moment, except those to keep, and of their files.

        A kept snapshot s keeps s + 1 as well, since the record of changes after s starts there;
        the one in force at the moment and all newer ones stay. Snapshots are as old as the clock
        of their commit says, files as old as the machine's.

        Args:
            keep_lake: snapshots of the lake that stay.
            keep_store: snapshots of the store that stay.
            older_than: nothing that was in force at this moment or later goes.
            files_older_than: files that were let go before it are deleted; `older_than`, if None.
            dry_run: only say what would go.
        """
        return maintenance.expire(
            self._upkeep(),
            keep={"lake": frozenset(keep_lake), "store": frozenset(keep_store)},
            older_than=older_than,
            files_older_than=files_older_than or older_than,
            dry_run=dry_run,
        )

    def commits(self) -> tuple[int, int]:
        """The newest snapshots of the lake and of the store: they tell whether anything is new."""
        return (
            self._lake.metadata.current_snapshot().id,
            self._stored.metadata.current_snapshot().id,
        )

    def capped(self, lake: str, at_most: int) -> datetime | None:
        """When the oldest of the newest so many snapshots was made; None if there are fewer."""
        found = self._of(lake).newest_but(at_most)
        return None if found is None else found.time

    def health(
        self, *, keep: Mapping[str, Iterable[int]], older_than: Mapping[str, datetime]
    ) -> tuple[LakeHealth, ...]:
        """What there is to do for the lake and the store, read from their catalogs.

        Args:
            keep: by the name of the lake, the snapshots that stay.
            older_than: by the name of the lake, before when others may expire.
        """
        return tuple(
            read_health(
                lake,
                self._of(lake),
                keep=frozenset(keep[lake]),
                expire_before=self._of(lake).in_force(older_than[lake]),
            )
            for lake in LAKES
        )

    def merge(self, lake: str, table: Name, *, below: int, limit: float) -> None:
        """Merge a table's adjacent files that are smaller than `below` bytes.

        Contents, row ids and the record of changes stay as they are, for every snapshot. It is
        given up after `limit` seconds, and so are the next two.
        """
        maintenance.merge(self._upkeep(PATIENCE), lake, table, below=below, limit=limit)

    def flush(self, lake: str, table: Name, *, limit: float) -> bool:
        """Move a table's rows from the catalog to a file; False if somebody is reading.

        A read that is under way would miss these rows without a word, so nobody may read.
        """
        return maintenance.flush(self._upkeep(PATIENCE), lake, table, gate=self._gate, limit=limit)

    def expire_some(
        self, lake: str, *, keep: Iterable[int], older_than: datetime, most: int
    ) -> int:
        """Let go of the oldest snapshots, at most so many; as `expire`, but leaves their files."""
        return maintenance.expire_some(
            self._upkeep(PATIENCE), lake, keep=frozenset(keep), older_than=older_than, most=most
        )

    def clean(self, lake: str, *, older_than: datetime) -> int:
        """Delete files that no snapshot has since before a moment of the machine; how many.

        Some that are up to two days older are left while there are younger ones.
        """
        return maintenance.clean(self._upkeep(PATIENCE), lake, older_than=older_than)

    def sweep(self, *, older_than: datetime) -> int:
        """Delete files that no catalog names, older than a moment of the machine; how many.

        Writers of other kinds may have written files that they have not committed yet.
        """
        return maintenance.sweep(self._upkeep(PATIENCE), older_than=older_than)

    def compact(self) -> UpkeepReport:
        """Write rows kept in the catalogs to files, and merge small files."""
        return maintenance.compact(self._upkeep())

    def checkpoint(self) -> UpkeepReport:
        """The same as `compact`."""
        return self.compact()

    def backup(self, target: Path) -> None:
        """Copy the lake and the store of this live database to a new directory.

        Restoring is copying back; the copy can also be opened as it is.
        """
        with self._lock_of("lake"), self._lock_of("store"):
            backup.copy_database(self._layout, target)

    def check(self) -> list[Problem]:
        """What is wrong with the files of this database; an empty list if nothing is."""
        with self._lock_of("lake"), self._lock_of("store"):
            return backup.check_database(self._layout, {lake: self._of(lake) for lake in LAKES})

    # What connections need

    def user_cursor(self) -> duckdb.DuckDBPyConnection:
        """A new DuckDB connection on which the lake is in use."""
        with self._opening:
            if self._users is None:
                self._users = self._open_users()
            cursor = self._users.cursor()
        with translated():
            cursor.execute("USE lake")
        return cursor

    def write_lock(self) -> WriteLock:
        """A new, free lock object for the lake."""
        return self._lock_of("lake")

    def enter(self) -> Pass:
        """Begin to read what DuckLake keeps in its catalog."""
        return self._gate.enter()

    def known_names(self) -> list[Name]:
        """The lake's tables and views, to suggest from."""
        newest = self.current_snapshot().id
        return [*self.tables(newest), *self.views(newest)]

    def _open_users(self) -> duckdb.DuckDBPyConnection:
        users = open_instance(self._layout)
        with translated():
            attach(users, self._layout, "lake", inline=False)
            attach(users, self._layout, "store", read_only=True)
            users.execute(f"ATTACH ':memory:' AS {SYSTEM_SCHEMA}")
            users.execute("SET GLOBAL arrow_lossless_conversion = true")
        return users

    def _of(self, lake: str) -> Metadata:
        return (self._lake if lake == "lake" else self._stored).metadata

    def _lock_of(self, lake: str, timeout: float | None = None) -> WriteLock:
        timeout = self.lock_timeout if timeout is None else timeout
        return WriteLock(self._layout.lock(lake), clock=self.clock, timeout=timeout)

    def _upkeep(self, patience: float | None = None) -> maintenance.Upkeep:
        return maintenance.Upkeep(
            clock=self.clock,
            cursors={"lake": self.user_cursor, "store": self._store.instance().cursor},
            locks={lake: self._lock_of(lake, patience) for lake in LAKES},
            metadata={lake: self._of(lake) for lake in LAKES},
            spill=self._layout.spill,
        )


def _create_lakes(layout: Layout, clock: Clock) -> None:
    for lake in ("lake", "store"):
        instance = open_instance(layout)
        try:
            with translated():
                attach(instance, layout, lake, create=True)
                instance.execute(f"DETACH {lake}")
                if clock.virtual:
                    attach_catalog(instance, layout.catalog(lake), "raw", read_only=False)
                    Metadata.stamp_first(instance, "raw", clock.now())
        finally:
            instance.close()

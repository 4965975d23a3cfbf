"""mlview's own lake: one table per materialized view, each version a snapshot of the store."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from mlview.definitions import Name, always_quote, quote
from mlview.engines.applying import Applying, mismatch
from mlview.engines.commits import give_up, stamp
from mlview.engines.feeds import Feed
from mlview.engines.instances import attach, open_instance
from mlview.engines.replacing import Replacing
from mlview.engines.storable import is_stored_otherwise, stored_type
from mlview.engines.translate import translated
from mlview.engines.values import StoredResult
from mlview.errors import LakeProblem, StorageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlview.clock import Clock
    from mlview.engines.layout import Layout
    from mlview.engines.locks import WriteLock
    from mlview.engines.metadata import Metadata, TableRow
    from mlview.engines.values import SumsDelta
    from mlview.records import Column, TableState


def name_of(object_id: int) -> Name:
    """The name of a materialized view's table in the store."""
    return Name(f"v{int(object_id)}")


def table_of(object_id: int) -> str:
    """The same, for SQL."""
    return f"store.main.v{int(object_id)}"


def state_name(object_id: int) -> Name:
    """The name of the table in which the sums of a materialized view's groups are kept."""
    return Name(f"s{int(object_id)}")


def state_of(object_id: int) -> str:
    """The same, for SQL."""
    return f"store.main.s{int(object_id)}"


class Store:
    """Writes materializations; readers see one only through the snapshot that a version names.

    Args:
        layout: where it is.
        clock: stamps commits if it is a virtual one.
        write_lock: makes a lock of the store.
        metadata: of the store.
        tables: the store's tables at a snapshot.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        clock: Clock,
        write_lock: Callable[[], WriteLock],
        metadata: Metadata,
        tables: Callable[[int], Mapping[Name, TableRow]],
    ) -> None:
        self._layout = layout
        self._clock = clock
        self._write_lock = write_lock
        self._metadata = metadata
        self._tables = tables
        self._instance: duckdb.DuckDBPyConnection | None = None
        self._opening = Lock()

    def write(
        self,
        object_id: int,
        data: pa.RecordBatchReader,
        *,
        refresh_id: int,
        order: Sequence[str] = (),
        state: Callable[[], pa.RecordBatchReader] | None = None,
    ) -> StoredResult:
        """Store rows as the newest state of a materialized view, in one transaction.

        The rows are read before the lock is taken: a slow or failing query holds nobody up and
        leaves no trace. Earlier snapshots keep their rows and columns.

        Args:
            object_id: the view.
            data: its rows.
            refresh_id: noted with the commit.
            order: columns to sort by.
            state: gives the sums of its groups once the rows are read; they are stored beside them.
        """
        view, sums = table_of(object_id), state_of(object_id)
        with self._cursor() as cursor:
            rows = _stage(cursor, data)
            sort = f" ORDER BY {', '.join(quote(column) for column in order)}" if order else ""
            picked = _storable(cursor)
            statements = [
                f"CREATE OR REPLACE TABLE {view} AS SELECT {picked} FROM temp.main.staged{sort}"
            ]
            if state is not None:
                _stage(cursor, state(), "sums")
                statements.append(f"CREATE OR REPLACE TABLE {sums} AS FROM temp.main.sums")
            else:
                statements.append(f"DROP TABLE IF EXISTS {sums}")
            stored = self._committed(cursor, *statements, refresh_id=refresh_id)
            return StoredResult(stored, rows)

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
        """Store what a materialized view has at the stored snapshot `base`, changed by signed rows.

        If the table was written after `base`, by a refresh that was never published or taken back
        since, it is first given its rows at `base` again, in the same transaction. The rows are
        read before the lock is taken.

        Args:
            object_id: the view.
            base: the stored snapshot that the delta starts from.
            signed: the view's columns in order and, last, the weight: how many more of the row.
            columns: the view's columns, by the names they are stored under.
            refresh_id: noted with the commit.
            state: what changes in the sums of its groups: those at `base` become those of the new
                rows. Then `signed` has at most one row that goes, and one that comes, per group.

        Raises:
            LakeProblem: DELTA_MISMATCH, if a row to delete is not there or the columns are others;
                nothing was stored.
        """
        with self._cursor() as cursor:
            _stage(cursor, signed)
            table = self._state(name_of(object_id), base)
            applying = self._applying(cursor, object_id, base, table, state)
            with translated(cursor):
                applying[0].check(columns)
                wanted = [each.net() for each in applying]
            before = None if state is None else state.before
            with self._write_lock(), translated(cursor):
                head = self._newest()
                changed = self._metadata.changed_tables(base, head)
                touched = [each.state.table_id in changed for each in applying]
                if not any(touched) and not any(map(any, wanted)):
                    return StoredResult(base, applying[0].rows() if before is None else before)
                with self._transaction(cursor, refresh_id=refresh_id):
                    for each, astray, (deleted, inserted) in zip(
                        applying, touched, wanted, strict=True
                    ):
                        if astray:
                            self._put_back(each, base, head)
                        each.apply(deleted, inserted)
                    gone, come = wanted[0]
                    rows = applying[0].rows() if before is None else before - gone + come
                return StoredResult(self._newest(), rows)

    def _applying(
        self,
        cursor: duckdb.DuckDBPyConnection,
        object_id: int,
        base: int,
        table: TableState,
        state: SumsDelta | None,
    ) -> list[Applying]:
        """The tables to change: the view's rows and, where there are any, the sums."""
        view = table_of(object_id)
        if state is None:
            return [Applying(cursor, view, table)]
        _stage(cursor, state.rows, "sums")
        sums = self._state(state_name(object_id), base)
        rows = (
            Applying(cursor, view, table)
            if state.shown is None
            else Replacing(cursor, view, table, keys=state.shown)
        )
        return [rows, Replacing(cursor, state_of(object_id), sums, "sums", state.keys)]

    def _put_back(self, applying: Applying, base: int, head: int) -> None:
        """Give the table its rows at `base` again, and let it be the same table if it still is."""
        state = applying.state
        newest = self._tables(head).get(state.name)
        feed = Feed("store", state, state.columns, base, head)
        if newest is not None and newest.state == state:
            applying.replace_strays(feed.at(base))
        else:
            applying.remake(feed.at(base))

    def drop(self, object_id: int) -> None:
        """Drop the newest state; states that a snapshot holds remain until they expire."""
        names = (table_of(object_id), state_of(object_id))
        with self._cursor() as cursor:
            self._committed(cursor, *(f"DROP TABLE IF EXISTS {name}" for name in names))

    def instance(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB that may write to the store, opened when first needed."""
        with self._opening:
            if self._instance is None:
                instance = open_instance(self._layout)
                attach(instance, self._layout, "store", inline=False)
                self._instance = instance
            return self._instance

    def close(self) -> None:
        """Close what is open."""
        with self._opening:
            if self._instance is not None:
                self._instance.close()
                self._instance = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self.instance().cursor()

    def _state(self, name: Name, snapshot_id: int) -> TableState:
        """A table of a view at a stored snapshot."""
        try:
            found = self._tables(snapshot_id).get(name)
        except LakeProblem as problem:
            raise mismatch(f"stored snapshot {snapshot_id} expired") from problem
        if found is None:
            raise mismatch(f"stored snapshot {snapshot_id} has no rows of this view")
        return found.state

    def _newest(self) -> int:
        """The newest stored snapshot: what was just committed, while the lock is held."""
        return self._metadata.current_snapshot().id

    @contextmanager
    def _transaction(self, cursor: duckdb.DuckDBPyConnection, **facts: int) -> Iterator[None]:
        """A transaction that says what it is for; the write lock is held around it."""
        cursor.execute("BEGIN")
        try:
            yield
            stamp(cursor, "store", self._clock, **facts)
            cursor.execute("COMMIT")
        except BaseException:
            give_up(cursor)
            raise

    def _committed(self, cursor: duckdb.DuckDBPyConnection, *sql: str, **facts: int) -> int:
        """Run statements in a transaction of their own; the snapshot it made."""
        with self._write_lock(), translated(cursor):
            with self._transaction(cursor, **facts):
                for statement in sql:
                    cursor.execute(statement)
            return self._newest()


def _stage(
    cursor: duckdb.DuckDBPyConnection, data: pa.RecordBatchReader, name: str = "staged"
) -> int:
    """Read all rows into a temporary table; how many there are."""
    failures: list[BaseException] = []
    with translated(cursor):
        cursor.register("incoming", _noting(data, failures))
        try:
            cursor.execute(f"CREATE TEMP TABLE {name} AS FROM incoming")
        except duckdb.Error:
            # DuckDB wraps what the query raised into a text with a traceback.
            if failures:
                raise failures[0] from None
            raise
        return _number(cursor, f"SELECT count(*) FROM {name}")


def _storable(cursor: duckdb.DuckDBPyConnection) -> str:
    """The staged columns, each in the type that it is stored in."""
    with translated(cursor):
        columns = cursor.execute("DESCRIBE temp.main.staged").fetchall()
    return ", ".join(
        f"CAST({always_quote(name)} AS {stored_type(kind)}) AS {always_quote(name)}"
        if is_stored_otherwise(kind)
        else always_quote(name)
        for name, kind, *_ in columns
    )


def _noting(data: pa.RecordBatchReader, failures: list[BaseException]) -> pa.RecordBatchReader:
    """The same rows; an exception on the way is kept as it was raised."""

    def passing() -> Iterator[pa.RecordBatch]:
        try:
            yield from data
        except BaseException as error:
            failures.append(error)
            raise

    return pa.RecordBatchReader.from_batches(data.schema, passing())


def _number(cursor: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = cursor.execute(sql).fetchone()
    if row is None:
        raise StorageProblem("expected a number from the store, found nothing")
    return int(row[0])

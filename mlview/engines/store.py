"""mlview's own lake: one table per materialized view, each version a snapshot of the store."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from mlview.definitions import quote
from mlview.engines.commits import give_up, stamp
from mlview.engines.instances import attach, open_instance
from mlview.engines.translate import translated
from mlview.engines.values import StoredResult
from mlview.errors import StorageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlview.clock import Clock
    from mlview.engines.layout import Layout
    from mlview.engines.locks import WriteLock


def table_of(object_id: int) -> str:
    """The store's table for a materialized view."""
    return f"store.main.v{int(object_id)}"


class Store:
    """Writes materializations; readers see one only through the snapshot that a version names."""

    def __init__(
        self, layout: Layout, *, clock: Clock, write_lock: Callable[[], WriteLock]
    ) -> None:
        self._layout = layout
        self._clock = clock
        self._write_lock = write_lock
        self._instance: duckdb.DuckDBPyConnection | None = None
        self._opening = Lock()

    def write(
        self,
        object_id: int,
        data: pa.RecordBatchReader,
        *,
        refresh_id: int,
        order: Sequence[str] = (),
    ) -> StoredResult:
        """Store rows as the newest state of a materialized view, in one transaction.

        The rows are read before the lock is taken: a slow or failing query holds nobody up and
        leaves no trace. Earlier snapshots keep their rows and columns.
        """
        with self._cursor() as cursor:
            rows = _stage(cursor, data)
            sort = f" ORDER BY {', '.join(quote(column) for column in order)}" if order else ""
            sql = f"CREATE OR REPLACE TABLE {table_of(object_id)} AS FROM temp.main.staged{sort}"
            stored = self._committed(cursor, sql, refresh_id=refresh_id)
            return StoredResult(stored, rows)

    def drop(self, object_id: int) -> None:
        """Drop the newest state; states that a snapshot holds remain until they expire."""
        with self._cursor() as cursor:
            self._committed(cursor, f"DROP TABLE IF EXISTS {table_of(object_id)}")

    def instance(self) -> duckdb.DuckDBPyConnection:
        """The DuckDB that may write to the store, opened when first needed."""
        with self._opening:
            if self._instance is None:
                instance = open_instance(self._layout)
                attach(instance, self._layout, "store")
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

    def _committed(self, cursor: duckdb.DuckDBPyConnection, sql: str, **facts: int) -> int:
        """Run one statement in a transaction that says what it is for; the snapshot it made."""
        with self._write_lock(), translated():
            cursor.execute("BEGIN")
            try:
                cursor.execute(sql)
                stamp(cursor, "store", self._clock, **facts)
                cursor.execute("COMMIT")
            except BaseException:
                give_up(cursor)
                raise
            return _number(cursor, "SELECT id FROM store.current_snapshot()")


def _stage(cursor: duckdb.DuckDBPyConnection, data: pa.RecordBatchReader) -> int:
    """Read all rows into a temporary table; how many there are."""
    failures: list[Exception] = []
    with translated():
        cursor.register("incoming", _noting(data, failures))
        try:
            cursor.execute("CREATE TEMP TABLE staged AS FROM incoming")
        except duckdb.Error:
            # DuckDB wraps what the query raised into a text with a traceback.
            if failures:
                raise failures[0] from None
            raise
        return _number(cursor, "SELECT count(*) FROM staged")


def _noting(data: pa.RecordBatchReader, failures: list[Exception]) -> pa.RecordBatchReader:
    """The same rows; an exception on the way is kept as it was raised."""

    def passing() -> Iterator[pa.RecordBatch]:
        try:
            yield from data
        except Exception as error:
            failures.append(error)
            raise

    return pa.RecordBatchReader.from_batches(data.schema, passing())


def _number(cursor: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = cursor.execute(sql).fetchone()
    if row is None:
        raise StorageProblem("expected a number from the store, found nothing")
    return int(row[0])

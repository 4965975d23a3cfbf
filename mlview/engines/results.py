"""The answer to one statement, streamed while nothing else runs, kept once something does."""

from __future__ import annotations

import threading
from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from mlview.engines.translate import translated
from mlview.errors import LakeProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl

    from mlview.records import Column

DEFAULT_BATCH_ROWS = 65_536


class QueryResult:
    """Columns and rows of one statement; it stays valid whatever is run afterwards.

    Rows are read from DuckDB when they are asked for. The connection calls `settle` before it
    runs its next statement, which moves the rows not yet read into memory.

    Attributes:
        columns: name and DuckDB type of each column, duplicates kept.
        kind: DuckDB's name for the kind of statement, e.g. SELECT or INSERT.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        columns: tuple[Column, ...],
        *,
        kind: str,
        lossless: bool = True,
    ) -> None:
        self.columns = columns
        self.kind = kind
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._lossless = lossless
        self._table: pa.Table | None = None
        self._rows: list[tuple[Any, ...]] | None = None
        self._stream: Iterator[pa.RecordBatch] | None = None

    @property
    def types(self) -> tuple[Column, ...]:
        """The same as `columns`."""
        return self.columns

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be read from DuckDB."""
        return self._connection is None

    @property
    def rowcount(self) -> int:
        """Rows changed by INSERT, UPDATE, DELETE, MERGE or CREATE TABLE AS; else rows returned."""
        names = [column.name for column in self.columns]
        if self.kind != "SELECT" and names == ["Count"]:
            rows = self.fetchall()
            return int(rows[0][0]) if rows else 0
        return len(self.fetchall()) if self._rows is not None else int(self._kept().num_rows)

    def arrow(self) -> pa.Table:
        """All rows as an Arrow table, in Arrow's own types.

        HUGEINT is decimal128(38, 0), UUID and JSON are strings, TIMETZ loses its offset, as
        DuckDB exports them; `fetchall` keeps them whole.
        """
        table = self._kept()
        if not self._lossless or not _has_extensions(table.schema):
            return table
        with translated():
            return _converter().from_arrow(table).to_arrow_table()

    def reader(self, batch_rows: int = DEFAULT_BATCH_ROWS) -> pa.RecordBatchReader:
        """The rows in batches of up to `batch_rows`, read as they are asked for.

        A first call streams; the rows pass by once and are kept only if another statement runs.
        """
        live = self._connection
        if live is None or self._stream is not None:
            return self.arrow().to_reader(batch_rows)
        with translated():
            source = live.to_arrow_reader(batch_rows)
            if self._lossless and _has_extensions(source.schema):
                source = _converter().from_arrow(source).to_arrow_reader(batch_rows)
        self._stream = iter(source)
        return pa.RecordBatchReader.from_batches(source.schema, self._passing())

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows as Python tuples, as DuckDB makes them."""
        if self._rows is None and self._table is None:
            self.settle()
        if self._rows is not None:
            return list(self._rows)
        with translated():
            return _converter(_time_zone(self._kept().schema)).from_arrow(self._kept()).fetchall()

    def df(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame, converted by DuckDB."""
        with translated():
            return _converter(_time_zone(self._kept().schema)).from_arrow(self._kept()).df()

    def pl(self) -> pl.DataFrame:
        """All rows as a polars DataFrame; needs polars."""
        with translated():
            return _converter().from_arrow(self.arrow()).pl()

    def settle(self) -> None:
        """Read what is left, so that the connection is free for its next statement."""
        live, self._connection = self._connection, None
        if live is None:
            return
        if self._stream is not None:
            self._stream = iter(list(self._stream))
            return
        with translated():
            try:
                self._table = live.to_arrow_table()
            except duckdb.NotImplementedException:
                # VARIANT has no Arrow type: its rows are kept as Python values.
                self._rows = live.fetchall()

    def _kept(self) -> pa.Table:
        self.settle()
        if self._table is None and self._stream is not None:
            raise LakeProblem(
                "the rows of this result have been streamed already",
                hint="run the statement again, or call arrow() in place of reader()",
            )
        if self._table is None:
            types = ", ".join(f"{column.name} {column.type}" for column in self.columns)
            raise LakeProblem(
                f"no Arrow type for a column of: {types}", hint="cast it, e.g. to JSON"
            )
        return self._table

    def _passing(self) -> Iterator[pa.RecordBatch]:
        # `settle` swaps the stream for a list of the rest, so it is looked up for every batch.
        while self._stream is not None:
            with translated():
                batch = next(self._stream, None)
            if batch is None:
                self._connection = None
                return
            yield batch


_scratch = threading.local()


def _converter(time_zone: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB of this thread's own, where Arrow tables are converted."""
    if not hasattr(_scratch, "connection"):
        _scratch.connection = duckdb.connect(
            ":memory:", config={"python_enable_replacements": "false", "threads": "1"}
        )
    connection: duckdb.DuckDBPyConnection = _scratch.connection.cursor()
    if time_zone is not None:
        connection.execute(f"SET TimeZone = '{time_zone}'")
    return connection


def _fields(schema: pa.Schema) -> Iterator[pa.Field]:
    pending = list(schema)
    while pending:
        field = pending.pop()
        yield field
        kind = field.type
        if isinstance(kind, pa.DataType) and kind.num_fields:
            pending = list(chain(pending, (kind.field(i) for i in range(kind.num_fields))))


def _has_extensions(schema: pa.Schema) -> bool:
    return any(isinstance(field.type, pa.BaseExtensionType) for field in _fields(schema))


def _time_zone(schema: pa.Schema) -> str | None:
    zones = (getattr(field.type, "tz", None) for field in _fields(schema))
    return next((zone for zone in zones if zone is not None), None)

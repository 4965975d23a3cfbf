"""The answer to one statement, streamed while nothing else runs, kept once something does."""

from __future__ import annotations

import threading
from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from mlview.engines.translate import streamed, translated
from mlview.errors import LakeProblem, MlviewError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl

    from mlview.engines.gate import Pass
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
        self._error: MlviewError | None = None
        self._pass: Pass | None = None

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
            converted = _converter().from_arrow(_numbered(table)).to_arrow_table()
        return converted.rename_columns(table.schema.names)

    def reader(self, batch_rows: int = DEFAULT_BATCH_ROWS) -> pa.RecordBatchReader:
        """The rows in batches of up to `batch_rows`, read as they are asked for.

        A first call streams; the rows pass by once and are kept only if another statement runs.
        """
        live = self._connection
        if live is None or self._stream is not None:
            return self.arrow().to_reader(batch_rows)
        with translated(live):
            source = live.to_arrow_reader(batch_rows)
            if self._lossless and _has_extensions(source.schema):
                source = _in_arrows_own_types(source, batch_rows)
        self._stream = iter(source)
        return pa.RecordBatchReader.from_batches(source.schema, self._passing())

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows as Python tuples, as DuckDB makes them."""
        self.settle()
        if self._rows is not None:
            return list(self._rows)
        table = _numbered(self._kept())
        with translated():
            return _converter(_time_zone(table.schema)).from_arrow(table).fetchall()

    def df(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame, converted by DuckDB; repeated names get `_1`, `_2`."""
        table = self._kept().rename_columns(_distinct(self._kept().schema.names))
        with translated():
            return _converter(_time_zone(table.schema)).from_arrow(table).df()

    def pl(self) -> pl.DataFrame:
        """All rows as a polars DataFrame, named as in `df`; needs polars."""
        table = self.arrow()
        with translated():
            return _converter().from_arrow(table.rename_columns(_distinct(table.schema.names))).pl()

    def hold(self, entered: Pass) -> None:
        """Keep the right to read until nothing is left to be read."""
        self._pass = entered
        if self.settled:
            self._leave()

    def _leave(self) -> None:
        entered, self._pass = self._pass, None
        if entered is not None:
            entered.leave()

    def settle(self) -> None:
        """Read what is left, so that the connection is free for its next statement."""
        live, self._connection = self._connection, None
        if live is None:
            return
        try:
            with streamed(live):
                self._settle(live)
        except MlviewError as error:
            # Whoever asks for these rows is told; the statement that runs next has no part in it.
            self._error = error
        finally:
            self._leave()

    def _settle(self, live: duckdb.DuckDBPyConnection) -> None:
        if self._stream is not None:
            self._stream = iter(list(self._stream))
            return
        try:
            self._table = live.to_arrow_table()
        except duckdb.NotImplementedException:
            # VARIANT has no Arrow type: its rows are kept as Python values.
            self._rows = live.fetchall()

    def _kept(self) -> pa.Table:
        self.settle()
        if self._error is not None:
            raise self._error
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
            if self._error is not None:
                raise self._error
            try:
                with streamed(self._connection):
                    batch = next(self._stream, None)
            except MlviewError as error:
                self._connection, self._error = None, error
                self._leave()
                raise
            if batch is None:
                self._connection = None
                self._leave()
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


def _numbered(data: pa.Table) -> pa.Table:
    """Columns named by their place: DuckDB cannot read Arrow data with repeated names."""
    return data.rename_columns([f"c{place}" for place in range(data.num_columns)])


def _in_arrows_own_types(source: pa.RecordBatchReader, batch_rows: int) -> pa.RecordBatchReader:
    """The same rows and names, with extension types turned into plain ones on the way."""
    names = source.schema.names
    numbered = pa.schema(
        [field.with_name(f"c{place}") for place, field in enumerate(source.schema)]
    )
    renamed = pa.RecordBatchReader.from_batches(
        numbered, (pa.RecordBatch.from_arrays(batch.columns, schema=numbered) for batch in source)
    )
    plain = _converter().from_arrow(renamed).to_arrow_reader(batch_rows)
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(plain.schema, names, strict=True)]
    )
    return pa.RecordBatchReader.from_batches(
        schema, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in plain)
    )


def _distinct(names: list[str]) -> list[str]:
    """The names, repeated ones numbered: a, a_1, a_2."""
    found: list[str] = []
    for name in names:
        number, fresh = 0, name
        while fresh in found:
            number += 1
            fresh = f"{name}_{number}"
        found.append(fresh)
    return found

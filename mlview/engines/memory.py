"""Rows in memory, read by a DuckDB of their own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from mlview.engines.channel import Channel
from mlview.engines.translate import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from mlview.records import Column

TABLE = "__mlview_rows"
"""The name of the rows."""


@contextmanager
def in_memory(table: pa.Table) -> Iterator[InMemory]:
    """A reader of rows in memory, called `TABLE` there."""
    with translated():
        channel = Channel(duckdb.connect(), lossless=False)
    try:
        channel.bind_table(TABLE, table)
        yield InMemory(channel)
    finally:
        channel.close()


class InMemory:
    """Reads one DuckDB of its own."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def table(self, sql: str, *, threads: int | None = None) -> pa.Table:
        """The rows of a query."""
        return self.read(sql, threads=threads).read_all()

    def read(self, sql: str, *, threads: int | None = None) -> pa.RecordBatchReader:
        """The same, streamed."""
        with translated(self._channel.connection):
            setting = "RESET threads" if threads is None else f"SET threads = {threads}"
            self._channel.connection.execute(setting)
            return self._channel.execute(sql).reader()

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query."""
        return self._channel.describe(sql)

"""Where bound text runs: a user's connection, or a reader at one snapshot."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from mlview.engines import LakeConnection, SnapshotReader
    from mlview.records import Column


class Target(Protocol):
    """What binding needs of the place a query will run at."""

    def table(self, sql: str) -> pa.Table:
        """All rows of a query."""

    def batches(self, sql: str) -> pa.RecordBatchReader:
        """The rows of a query, as they come."""

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, without running it."""

    def bind_table(self, name: str, data: pa.Table) -> None:
        """Give rows a name."""

    def bind_view(self, name: str, query: str) -> None:
        """Give a query a name."""

    def unbind(self, name: str) -> None:
        """Forget a name."""

    def as_definition(self, refresh_time: datetime) -> AbstractContextManager[None]:
        """Run what follows as definitions run: fixed settings, and refresh_time() known."""


@dataclass(frozen=True, slots=True)
class OnConnection:
    """A user's connection: queries see the rows of its open transaction."""

    connection: LakeConnection

    def table(self, sql: str) -> pa.Table:
        """All rows of a query."""
        return self.connection.run(sql).arrow()

    def batches(self, sql: str) -> pa.RecordBatchReader:
        """The rows of a query, as they come."""
        return self.connection.run(sql).reader()

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, without running it."""
        return self.connection.describe(sql)

    def bind_table(self, name: str, data: pa.Table) -> None:
        """Give rows a name."""
        self.connection.bind_table(name, data)

    def bind_view(self, name: str, query: str) -> None:
        """Give a query a name."""
        self.connection.bind_view(name, query)

    def unbind(self, name: str) -> None:
        """Forget a name."""
        self.connection.unbind(name)

    def as_definition(self, refresh_time: datetime) -> AbstractContextManager[None]:
        """Swap the user's settings for the fixed ones."""
        return self.connection.definition_settings(refresh_time)


@dataclass(frozen=True, slots=True)
class OnReader:
    """A reader at one snapshot, whose settings are the fixed ones already."""

    reader: SnapshotReader
    threads: int | None = None

    def table(self, sql: str) -> pa.Table:
        """All rows of a query."""
        return self.reader.table(sql, threads=self.threads)

    def batches(self, sql: str) -> pa.RecordBatchReader:
        """The rows of a query, as they come, in types that DuckDB reads back as its own."""
        return self.reader.read(sql, threads=self.threads, lossless=True)

    def stream(self, sql: str) -> pa.RecordBatchReader:
        """The rows of a query, as they come, in types that learners read."""
        return self.reader.read(sql, threads=self.threads)

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, without running it."""
        return self.reader.describe(sql)

    def bind_table(self, name: str, data: pa.Table) -> None:
        """Give rows a name."""
        self.reader.bind_table(name, data)

    def bind_view(self, name: str, query: str) -> None:
        """Give a query a name."""
        self.reader.bind_view(name, query)

    def unbind(self, name: str) -> None:
        """Forget a name."""
        self.reader.unbind(name)

    def as_definition(self, refresh_time: datetime) -> AbstractContextManager[None]:  # noqa: ARG002 - set when the reader was made
        """Nothing to swap."""
        return nullcontext()

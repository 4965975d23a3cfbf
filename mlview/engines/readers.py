"""Reading the lake as it was at one snapshot, under the settings of definitions."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import duckdb

from mlview.engines.channel import Channel
from mlview.engines.translate import translated
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    import pyarrow as pa

    from mlview.engines.pool import Attached
    from mlview.records import Column

# A statement that cannot be bound was never begun: it takes no transaction with it.
_HARMLESS = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


class TransactionLost(Exception):
    """A statement failed while it ran, and with it the transaction that it was part of."""


@dataclass(slots=True)
class Transaction:
    """One that is open: what its statements may use, and whether it is lost."""

    threads: int | None
    lost: bool = False


class SnapshotReader:
    """Queries at one lake snapshot: `lake` is that snapshot and in use, `store` is read-only.

    Names bound here hide the lake's, also inside views. Close it (or use `with`) to let its DuckDB
    serve the next reader; results read as streams must be consumed before.
    """

    def __init__(
        self,
        attached: Attached,
        *,
        refresh_time: datetime,
        give_back: Callable[[Attached], None] | None = None,
        snapshot_id: int | None = None,
    ) -> None:
        self.snapshot_id = attached.snapshot_id if snapshot_id is None else snapshot_id
        self.refresh_time = refresh_time
        self._attached = attached
        self._give_back = give_back
        self._closed = False
        cursor = attached.connection.cursor()
        with translated(cursor):
            cursor.execute(f"USE {attached.name}")
        self._channel = Channel(cursor, lossless=False)
        self._channel.bind_refresh_time(refresh_time)
        self._transaction: Transaction | None = None

    @property
    def is_workbench(self) -> bool:
        """Whether the rows that a source keeps in memory are here."""
        return self._attached.name != "lake"

    @contextmanager
    def transaction(self, threads: int | None = None) -> Iterator[None]:
        """One transaction for all statements in the block; each on its own costs a millisecond.

        Args:
            threads: how many may work on a statement that does not say.

        Raises:
            TransactionLost: by a statement after one that failed while it ran.
        """
        self._channel.settle()
        with translated(self._channel.connection):
            self._channel.connection.execute("BEGIN")
        state = self._transaction = Transaction(threads)
        end = "ROLLBACK"
        try:
            yield
            end = "ROLLBACK" if state.lost else "COMMIT"
        finally:
            self._transaction = None
            self._channel.settle()
            with translated(self._channel.connection):
                self._channel.connection.execute(end)

    def read(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        threads: int | None = None,
        lossless: bool = False,
    ) -> pa.RecordBatchReader:
        """The rows of a query, streamed.

        Args:
            sql: the query, unchanged from its definition.
            parameters: values for `?` or `$name`.
            threads: how many may work on it; 1 where the order of floating-point sums matters.
            lossless: keep types that Arrow lacks (HUGEINT, UUID, TIMETZ, JSON, ...) as extension
                types, so that what is stored has the types of the query. Else they become
                decimal128, strings and the like, as learners want them.
        """
        self._channel.settle()
        with self._statement(threads):
            self._channel.connection.execute(
                f"SET SESSION arrow_lossless_conversion = {str(lossless).lower()}"
            )
            return self._channel.execute(sql, parameters).reader()

    def table(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        threads: int | None = None,
        lossless: bool = False,
    ) -> pa.Table:
        """The rows of a query as one table; the arguments are those of `read`."""
        return self.read(sql, parameters, threads=threads, lossless=lossless).read_all()

    def run(
        self,
        sql: str,
        parameters: Sequence[Any] | None = None,
        *,
        threads: int | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of any statement, as Python values; temporary tables are this reader's own."""
        self._channel.settle()
        with self._statement(threads):
            return self._channel.connection.execute(sql, parameters).fetchall()

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, without running it."""
        with self._noted():
            return self._channel.describe(sql)

    def bind_table(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Let `name` stand for Arrow data."""
        self._channel.bind_table(name, data)

    def bind_view(self, name: str, relation_sql: str) -> None:
        """Let `name` stand for a query or a relation, e.g. a materialization in the store."""
        self._channel.bind_view(name, relation_sql)

    def unbind(self, name: str) -> None:
        """Let `name` stand for what the lake had under it again."""
        self._channel.unbind(name)

    def interrupt(self) -> None:
        """Stop the running query; callable from any thread."""
        self._channel.interrupt()

    def close(self) -> None:
        """Let its DuckDB serve the next reader; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        try:
            self._channel.close()
        finally:
            if self._give_back is not None:
                self._give_back(self._attached)

    def __enter__(self) -> Self:
        """The reader itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @contextmanager
    def _statement(self, threads: int | None) -> Iterator[None]:
        """A statement that so many threads work on, in mlview's errors."""
        within = self._transaction.threads if self._transaction is not None else None
        with self._noted(), translated(self._channel.connection):
            self._set_threads(threads or within or self._attached.default_threads)
            yield

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Notes whether the open transaction outlives a statement."""
        state = self._transaction
        if state is not None and state.lost:
            raise TransactionLost
        try:
            yield
        except MlviewError as error:
            if state is not None and not isinstance(error.__cause__, _HARMLESS):
                state.lost = True
            raise

    def _set_threads(self, threads: int) -> None:
        if threads != self._attached.threads:
            self._channel.connection.execute(f"SET threads = {int(threads)}")
            self._attached.threads = threads

"""A user's connection: ordinary SQL on the lake, one writer at a time across processes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, Self

import duckdb
import pyarrow as pa

from mlview.definitions import Kind, Name, always_quote, literal
from mlview.engines.channel import Channel
from mlview.engines.commits import give_up, stamp
from mlview.engines.statements import Effect, Statement, classify
from mlview.engines.translate import is_transient, translate, translated
from mlview.errors import LakeProblem, UnknownName, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import TracebackType

    from mlview.clock import Clock
    from mlview.engines.gate import Pass
    from mlview.engines.locks import WriteLock
    from mlview.engines.results import QueryResult
    from mlview.records import Column

SYSTEM_SCHEMA = "mlview"
_RETRY_SECONDS = 0.02


class Host(Protocol):
    """What a connection needs of the engine that opened it."""

    clock: Clock
    lock_timeout: float

    def user_cursor(self) -> duckdb.DuckDBPyConnection:
        """A new DuckDB connection on which the lake is in use."""

    def write_lock(self) -> WriteLock:
        """A new, free lock object for the lake."""

    def enter(self) -> Pass:
        """Begin to read what DuckLake keeps in its catalog."""

    def known_names(self) -> Iterable[Name]:
        """The lake's tables and views, to suggest from."""


class LakeConnection:
    """Runs ordinary SQL with the lake in use; a thread uses one of its own (`cursor`).

    A statement that only reads takes no lock. One that may write takes the write lock of the
    database first: for itself outside a transaction, else until COMMIT or ROLLBACK.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._channel = Channel(host.user_cursor(), lossless=True)
        self._lock = host.write_lock()
        self._in_transaction = False
        self._wrote = False
        self._pass: Pass | None = None
        self._system: dict[str, pa.Table] = {}
        self._tables: dict[str, pa.Table] = {}
        self._views: dict[str, str] = {}

    @property
    def in_transaction(self) -> bool:
        """Whether a BEGIN waits for its COMMIT or ROLLBACK."""
        return self._in_transaction

    def run(
        self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> QueryResult:
        """Run one ordinary statement.

        Raises:
            LockTimeout: another process is writing, and went on for the whole time limit.
            WriteConflict: at COMMIT, if another writer was faster.
        """
        self._channel.settle()
        statement = classify(self._channel.connection, sql)
        try:
            match statement.effect:
                case Effect.BEGINS:
                    return self._begin(sql)
                case Effect.COMMITS:
                    return self._commit(sql)
                case Effect.ROLLS_BACK:
                    return self._rollback(sql)
                case Effect.READS:
                    return self._read(sql, parameters, statement)
                case Effect.WRITES:
                    return self._write(sql, parameters, statement)
        except UnknownName as error:
            raise self._with_hint(error) from error.__cause__

    def begin(self) -> None:
        """BEGIN: statements up to COMMIT or ROLLBACK take effect together or not at all."""
        self._begin("BEGIN")

    def commit(self) -> None:
        """COMMIT."""
        self._commit("COMMIT")

    def rollback(self) -> None:
        """ROLLBACK."""
        self._rollback("ROLLBACK")

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, without running it."""
        try:
            return self._channel.describe(sql)
        except UnknownName as error:
            raise self._with_hint(error) from error.__cause__

    def exists(self, name: Name) -> Kind | None:
        """Whether the lake has a table or a view of this name, as this transaction sees it."""
        self._channel.settle()
        schema, relation = literal(name.schema), literal(name.name)
        with translated(self._channel.connection):
            row = self._channel.connection.execute(
                "SELECT table_type FROM information_schema.tables WHERE table_catalog = 'lake' "
                f"AND lower(table_schema) = lower({schema}) AND lower(table_name) = "
                f"lower({relation})"
            ).fetchone()
        if row is None:
            return None
        return Kind.VIEW if row[0] == "VIEW" else Kind.TABLE

    def bind_table(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Let `name` stand for Arrow data here, before any relation of the lake."""
        self._channel.bind_table(name, data)
        self._views.pop(name, None)
        if isinstance(data, pa.Table):
            self._tables[name] = data

    def bind_view(self, name: str, relation_sql: str) -> None:
        """Let `name` stand for a query or a relation here, before any relation of the lake."""
        self._channel.bind_view(name, relation_sql)
        self._tables.pop(name, None)
        self._views[name] = relation_sql

    def unbind(self, name: str) -> None:
        """Let `name` stand for what the lake has under it again."""
        self._channel.unbind(name)
        self._tables.pop(name, None)
        self._views.pop(name, None)

    def bind_system_table(self, name: str, data: pa.Table) -> None:
        """Let `mlview.<name>` answer with these rows here.

        The view behind it is made by a connection of its own, so this works inside a transaction.
        """
        hidden = f"__{SYSTEM_SCHEMA}_{name}"
        self._channel.bind_table(hidden, data)
        if name not in self._system:
            self._make_system_view(name, hidden, data)
        self._system[name] = data

    def definition_settings(
        self, refresh_time: datetime | None = None
    ) -> AbstractContextManager[None]:
        """DEFINITION_SETTINGS inside the block, and `refresh_time()` if a moment is given."""
        return self._channel.definition_settings(refresh_time)

    def interrupt(self) -> None:
        """Stop the running statement; callable from any thread."""
        self._channel.interrupt()

    def cursor(self) -> LakeConnection:
        """Another connection, with the same bound tables and views; readers are not shared."""
        other = LakeConnection(self._host)
        for name, data in self._system.items():
            other.bind_system_table(name, data)
        for name, data in self._tables.items():
            other.bind_table(name, data)
        for name, relation in self._views.items():
            other.bind_view(name, relation)
        return other

    def close(self) -> None:
        """Give up an open transaction and close; safe to call twice."""
        try:
            self._channel.close()
        finally:
            self._ended()

    def __enter__(self) -> Self:
        """The connection itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _begin(self, sql: str) -> QueryResult:
        entered = self._host.enter()
        with translated():
            result = self._channel.execute_raw(sql, kind="TRANSACTION")
        self._pass = self._pass or entered
        self._in_transaction, self._wrote = True, False
        return result

    def _commit(self, sql: str) -> QueryResult:
        if self._in_transaction:
            self._refuse_aborted()
        try:
            with translated():
                if self._in_transaction and self._wrote:
                    self._stamp()
                return self._channel.execute_raw(sql, kind="TRANSACTION")
        finally:
            # A COMMIT that fails has rolled back: DuckDB knows no transaction after it.
            self._ended()

    def _rollback(self, sql: str) -> QueryResult:
        try:
            with translated():
                return self._channel.execute_raw(sql, kind="TRANSACTION")
        finally:
            self._ended()

    def _ended(self) -> None:
        self._in_transaction = self._wrote = False
        self._lock.release()
        if self._pass is not None:
            self._pass.leave()
            self._pass = None

    def _refuse_aborted(self) -> None:
        """DuckDB answers COMMIT of an aborted transaction with success, and rolls back."""
        try:
            self._channel.connection.execute("SELECT 1")
        except duckdb.Error as error:
            self._rollback("ROLLBACK")
            raise LakeProblem(
                "an earlier statement of this transaction failed: nothing of it was kept",
                code="TRANSACTION_ABORTED",
                hint="correct that statement and run the transaction again from BEGIN",
            ) from error

    def _read(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        statement: Statement,
    ) -> QueryResult:
        def attempt() -> QueryResult:
            return self._channel.execute(sql, parameters, kind=statement.kind)

        if self._in_transaction:
            with translated():
                return attempt()
        entered = self._host.enter()
        result = self._retried(attempt)
        result.hold(entered)
        return result

    def _write(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        statement: Statement,
    ) -> QueryResult:
        def attempt() -> QueryResult:
            result = self._channel.execute_raw(sql, parameters, kind=statement.kind)
            result.settle()
            return result

        if self._in_transaction:
            if not self._lock.held:
                self._lock.acquire()
            self._wrote = True
            with translated():
                return attempt()
        with self._lock:
            stamped = self._host.clock.virtual and statement.in_transaction
            return self._retried(lambda: self._stamped(attempt) if stamped else attempt())

    def _stamped(self, attempt: Callable[[], QueryResult]) -> QueryResult:
        """The statement in a transaction that carries the virtual clock's time."""
        self._channel.connection.execute("BEGIN")
        try:
            result = attempt()
            self._stamp()
            self._channel.connection.execute("COMMIT")
        except BaseException:
            give_up(self._channel.connection)
            raise
        return result

    def _stamp(self) -> None:
        stamp(self._channel.connection, "lake", self._host.clock)

    def _retried(self, attempt: Callable[[], QueryResult]) -> QueryResult:
        """Run again what met a writer that takes no lock: a client of another kind."""
        deadline = self._host.clock.monotonic() + self._host.lock_timeout
        while True:
            try:
                return attempt()
            except duckdb.Error as error:
                late = self._host.clock.monotonic() > deadline
                if late or not is_transient(error) or self._channel.reads_streams:
                    raise translate(error) from error
                time.sleep(_RETRY_SECONDS)

    def _make_system_view(self, name: str, hidden: str, data: pa.Table) -> None:
        with self._host.user_cursor() as side, translated(side):
            side.register(hidden, data.schema.empty_table())
            side.execute(
                f"CREATE OR REPLACE VIEW {SYSTEM_SCHEMA}.main.{always_quote(name)} AS "
                f"FROM temp.main.{always_quote(hidden)}"
            )

    def _with_hint(self, error: UnknownName) -> UnknownName:
        if error.hint is None and error.name is not None:
            error.hint = did_you_mean(error.name, (name.plain for name in self._host.known_names()))
        return error

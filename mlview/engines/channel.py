"""One DuckDB connection on which results stay valid and raw errors never escape."""

from __future__ import annotations

import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from mlview.definitions import always_quote, literal
from mlview.engines.results import QueryResult
from mlview.engines.settings import DEFINITION_SETTINGS
from mlview.engines.translate import keyboard_interrupts, translated
from mlview.errors import BindProblem, UsageProblem
from mlview.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

LAKE_PATH = "lake.main"  # where a definition looks for names, whatever USE said
Parameters = "Sequence[Any] | Mapping[str, Any] | None"
_channels: weakref.WeakSet[Channel] = weakref.WeakSet()


def interrupt_all() -> None:
    """Stop every statement that runs in this process, for Ctrl-C; callable from any thread."""
    for channel in _channels.copy():
        with suppress(duckdb.ConnectionException):  # closed, and not yet collected
            channel.interrupt()


class Channel:
    """Runs statements on one DuckDB connection, the way all of the engine's doors do.

    Before a statement runs, the rows of the last one that were not read yet are moved into memory:
    DuckDB would drop them without a word.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, *, lossless: bool) -> None:
        self.connection = connection
        self._lossless = lossless
        self._open: weakref.ref[QueryResult] | None = None
        self._bound: dict[str, pa.Table | pa.RecordBatchReader] = {}
        self._refresh_time: datetime | None = None
        _channels.add(self)

    @property
    def reads_streams(self) -> bool:
        """Whether a bound reader may be consumed, so that a statement must not run twice."""
        return any(isinstance(data, pa.RecordBatchReader) for data in self._bound.values())

    def execute(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        kind: str = "SELECT",
    ) -> QueryResult:
        """Run one statement and hand out its rows as they come."""
        result = self.execute_raw(sql, parameters, kind=kind)
        self._open = weakref.ref(result)
        return result

    def execute_raw(
        self,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        *,
        kind: str = "SELECT",
    ) -> QueryResult:
        """The same, raising DuckDB's own errors, for those who retry."""
        self.settle()
        with keyboard_interrupts(self.connection):
            if parameters is None or len(parameters) == 0:
                self.connection.execute(sql)
            else:
                self.connection.execute(sql, parameters)
        return QueryResult(self.connection, self._columns(), kind=kind, lossless=self._lossless)

    def settle(self) -> None:
        """Move the rows of the last result that were not read yet into memory."""
        last = self._open() if self._open is not None else None
        self._open = None
        if last is not None:
            last.settle()

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query: DuckDB binds the text and runs nothing.

        Raises:
            SyntaxProblem, BindProblem, UnknownName: with the place in `sql`.
        """
        self.settle()
        with translated(self.connection):
            parsed = self.connection.extract_statements(sql)
        if not parsed or any(part.type.name not in {"SELECT", "CREATE"} for part in parsed[:-1]):
            raise UsageProblem("expected one query", hint="write a SELECT or a FROM")
        if parsed[-1].type.name != "SELECT":
            raise BindProblem(
                f"expected a query, found {parsed[-1].type.name}", hint="write a SELECT or a FROM"
            )
        # On a line of its own, so that columns in error messages are those of the text.
        with translated(self.connection, line_offset=1):
            rows = self.connection.execute("DESCRIBE\n" + sql).fetchall()
        return tuple(Column(row[0], row[1]) for row in rows)

    def bind_table(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Let `name` stand for Arrow data on this connection, before any relation of the lake."""
        self.settle()
        self.unbind(name)
        with translated(self.connection):
            self.connection.register(name, data)
        self._bound[name] = data

    def bind_view(self, name: str, relation_sql: str) -> None:
        """Let `name` stand for a query on this connection, before any relation of the lake."""
        self.settle()
        self.unbind(name)
        body = relation_sql if _is_query(relation_sql) else f"FROM {relation_sql}"
        with translated(self.connection):
            self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {always_quote(name)} AS {body}")

    def unbind(self, name: str) -> None:
        """Let `name` stand for what the lake has under it again; unknown names are ignored."""
        self.settle()
        with translated(self.connection):
            if self._bound.pop(name, None) is not None:
                self.connection.unregister(name)
            else:
                self.connection.execute(f"DROP VIEW IF EXISTS temp.main.{always_quote(name)}")

    @contextmanager
    def definition_settings(self, refresh_time: datetime | None = None) -> Iterator[None]:
        """DEFINITION_SETTINGS and `refresh_time()` inside the block, the user's own after it."""
        self.settle()
        outer = self._refresh_time
        with translated(self.connection):
            before = self._current_settings()
            path = self.connection.execute("SELECT current_setting('search_path')").fetchone()
            self._apply(DEFINITION_SETTINGS)
            self.connection.execute(f"SET search_path = '{LAKE_PATH}'")
            if refresh_time is not None:
                self.bind_refresh_time(refresh_time)
        try:
            yield
        finally:
            self.settle()
            with translated(self.connection):
                self._apply(before)
                self.connection.execute(f"SET search_path = {literal(path[0] if path else '')}")
                if refresh_time is not None:
                    self.connection.execute("DROP MACRO IF EXISTS temp.main.refresh_time")
                    self._refresh_time = None
                if outer is not None:
                    self.bind_refresh_time(outer)

    def bind_refresh_time(self, moment: datetime) -> None:
        """Let `refresh_time()` answer with this moment."""
        if moment.tzinfo is None:
            raise UsageProblem(
                "expected a timezone-aware refresh time, found a naive one",
                hint="pass e.g. datetime.now(UTC)",
            )
        with translated(self.connection):
            self.connection.execute(
                "CREATE OR REPLACE TEMP MACRO refresh_time() AS "
                f"TIMESTAMPTZ {literal(moment.isoformat())}"
            )
        self._refresh_time = moment

    def interrupt(self) -> None:
        """Stop the statement that runs on this connection; callable from any thread."""
        self.connection.interrupt()

    def close(self) -> None:
        """Settle the last result and close the connection."""
        try:
            self.settle()
        finally:
            self.connection.close()

    def _columns(self) -> tuple[Column, ...]:
        description = self.connection.description or ()
        return tuple(Column(entry[0], str(entry[1])) for entry in description)

    def _current_settings(self) -> dict[str, str]:
        names = ", ".join(literal(name) for name in DEFINITION_SETTINGS)
        rows = self.connection.execute(
            f"SELECT name, value FROM duckdb_settings() WHERE name IN ({names})"
        ).fetchall()
        return dict(rows)

    def _apply(self, settings: Mapping[str, str]) -> None:
        current = self._current_settings()
        for name in sorted(settings):
            value = settings[name]
            if current[name] == value:
                continue
            self.connection.execute(f"SET SESSION {name} = {literal(value)}")


def _is_query(sql: str) -> bool:
    first = sql.split(None, 1)[0].lower() if sql.strip() else ""
    return first.startswith(("select", "from", "with", "values", "(", "pivot", "unpivot"))

"""Reading the lake as it was at one snapshot, under the settings of definitions."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from mlview.engines.channel import Channel
from mlview.engines.instances import attach, open_instance
from mlview.engines.settings import DEFINITION_SETTINGS
from mlview.engines.translate import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    import duckdb
    import pyarrow as pa

    from mlview.engines.layout import Layout
    from mlview.records import Column

IDLE_INSTANCES = 4


@dataclass(slots=True)
class Attached:
    """A DuckDB of its own in which `lake` is one snapshot of the lake."""

    connection: duckdb.DuckDBPyConnection
    snapshot_id: int
    default_threads: int
    threads: int


class ReaderPool:
    """Keeps a few DuckDB instances: opening one takes ten times as long as moving one.

    Moving means attaching the lake again, at another snapshot.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._idle: list[Attached] = []  # the one idle for longest first
        self._lock = Lock()
        self._closed = False

    def take(self, snapshot_id: int) -> Attached:
        """An instance at this snapshot that nobody else uses."""
        with self._lock:
            idle = self._pick(snapshot_id)
        if idle is None:
            return self._opened(snapshot_id)
        return idle if idle.snapshot_id == snapshot_id else self._moved(idle, snapshot_id)

    def give_back(self, used: Attached) -> None:
        """Keep an instance for the next reader, or close one."""
        surplus: Attached | None = used
        with self._lock:
            if not self._closed:
                self._idle.append(used)
                surplus = self._idle.pop(0) if len(self._idle) > IDLE_INSTANCES else None
        if surplus is not None:
            surplus.connection.close()

    def close(self) -> None:
        """Close every idle instance; those in use are closed when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.connection.close()

    def _pick(self, snapshot_id: int) -> Attached | None:
        at_snapshot = (n for n, one in enumerate(self._idle) if one.snapshot_id == snapshot_id)
        return self._idle.pop(next(at_snapshot, 0)) if self._idle else None

    def _opened(self, snapshot_id: int) -> Attached:
        connection = open_instance(self._layout)
        try:
            with translated():
                attach(connection, self._layout, "lake", read_only=True, snapshot_id=snapshot_id)
                attach(connection, self._layout, "store", read_only=True)
                row = connection.execute("SELECT current_setting('threads')").fetchone()
                for name, value in DEFINITION_SETTINGS.items():
                    connection.execute(f"SET GLOBAL {name} = '{value}'")
        except BaseException:
            connection.close()
            raise
        threads = int(row[0]) if row is not None else 1
        return Attached(connection, snapshot_id, threads, threads)

    def _moved(self, idle: Attached, snapshot_id: int) -> Attached:
        try:
            with translated():
                idle.connection.execute("DETACH lake")
                attach(
                    idle.connection, self._layout, "lake", read_only=True, snapshot_id=snapshot_id
                )
        except BaseException:
            idle.connection.close()
            raise
        idle.snapshot_id = snapshot_id
        return idle


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
        give_back: Callable[[Attached], None],
    ) -> None:
        self.snapshot_id = attached.snapshot_id
        self.refresh_time = refresh_time
        self._attached = attached
        self._give_back: Callable[[Attached], None] | None = give_back
        cursor = attached.connection.cursor()
        with translated():
            cursor.execute("USE lake")
        self._channel = Channel(cursor, lossless=False)
        self._channel.bind_refresh_time(refresh_time)

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
        with translated():
            self._set_threads(threads or self._attached.default_threads)
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
        with translated():
            self._set_threads(threads or self._attached.default_threads)
            return self._channel.connection.execute(sql, parameters).fetchall()

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query, without running it."""
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
        give_back, self._give_back = self._give_back, None
        if give_back is None:
            return
        try:
            self._channel.close()
        finally:
            give_back(self._attached)

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

    def _set_threads(self, threads: int) -> None:
        if threads != self._attached.threads:
            self._channel.connection.execute(f"SET threads = {int(threads)}")
            self._attached.threads = threads

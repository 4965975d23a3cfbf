"""DuckDB instances on which the lake can be read, kept for the next reader."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from mlview.engines.instances import attach, open_instance
from mlview.engines.settings import DEFINITION_SETTINGS
from mlview.engines.translate import translated

if TYPE_CHECKING:
    import duckdb

    from mlview.engines.frozen import Frozen, FrozenCatalog
    from mlview.engines.layout import Layout

IDLE_INSTANCES = 4


@dataclass(slots=True)
class Attached:
    """A DuckDB of its own in which `lake` is one snapshot of the lake."""

    connection: duckdb.DuckDBPyConnection
    snapshot_id: int
    default_threads: int
    threads: int
    name: str = "lake"
    frozen: Frozen | None = None


def workbench(connection: duckdb.DuckDBPyConnection) -> Attached:
    """An instance that has the lake at all snapshots, to compute deltas on.

    Names that are not looked up before find nothing there, least of all in the lake of today.
    """
    return Attached(connection, 0, *_settled(connection), "memory")


def _settled(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Apply the settings of definitions; the threads there are, twice."""
    row = connection.execute("SELECT current_setting('threads')").fetchone()
    for name, value in DEFINITION_SETTINGS.items():
        connection.execute(f"SET GLOBAL {name} = '{value}'")
    threads = int(row[0]) if row is not None else 1
    return threads, threads


class ReaderPool:
    """Keeps a few DuckDB instances: opening one takes ten times as long as moving one.

    Moving means attaching the lake again, at another snapshot.

    Args:
        layout: where both lakes are.
        catalog: of the lake.
    """

    def __init__(self, layout: Layout, catalog: FrozenCatalog) -> None:
        self._layout = layout
        self._catalog = catalog
        self._idle: list[Attached] = []  # the one idle for longest first
        self._lock = Lock()
        self._closed = False

    def take(self, snapshot_id: int) -> Attached:
        """An instance at this snapshot that nobody else uses."""
        frozen = self._catalog.now()
        with self._lock:
            idle = self._pick(snapshot_id)
        if idle is None:
            return self._opened(snapshot_id, frozen)
        there = idle.snapshot_id == snapshot_id and idle.frozen is frozen
        return idle if there else self._moved(idle, snapshot_id, frozen)

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

    def _opened(self, snapshot_id: int, frozen: Frozen) -> Attached:
        connection = open_instance(self._layout)
        try:
            with translated():
                self._attach(connection, snapshot_id, frozen)
                attach(connection, self._layout, "store", read_only=True)
                threads = _settled(connection)
        except BaseException:
            connection.close()
            raise
        return Attached(connection, snapshot_id, *threads, frozen=frozen)

    def _moved(self, idle: Attached, snapshot_id: int, frozen: Frozen) -> Attached:
        try:
            with translated():
                idle.connection.execute("DETACH lake")
                self._attach(idle.connection, snapshot_id, frozen)
        except BaseException:
            idle.connection.close()
            raise
        idle.snapshot_id, idle.frozen = snapshot_id, frozen
        return idle

    def _attach(
        self, connection: duckdb.DuckDBPyConnection, snapshot_id: int, frozen: Frozen
    ) -> None:
        attach(
            connection, self._layout, "lake",
            read_only=True, snapshot_id=snapshot_id, frozen=frozen,
        )  # fmt: skip

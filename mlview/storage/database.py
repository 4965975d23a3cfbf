"""Connections and transactions: one writer at a time, readers never wait."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import QueuePool

from mlview.errors import DatabaseDamaged
from mlview.storage.faults import translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 30.0
_WRITES = "mlview_writes"


class Database:
    """An existing SQLite file in WAL mode, safe to use from several threads and processes.

    A write transaction begins with BEGIN IMMEDIATE, so that it waits for its turn (for up to
    `busy_seconds`) instead of failing halfway; a read transaction sees one state throughout.
    """

    def __init__(self, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._process = os.getpid()
        self._inode = self._stat()
        # No upper limit on connections: each thread of a server may be in a transaction.
        self._engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=QueuePool, pool_size=4, max_overflow=-1
        )
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one committed state and changes nothing."""
        self._check()
        with translated(self.path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed as a whole, or not at all if the block raises."""
        self._check()
        with translated(self.path), self._engine.connect() as connection:
            writing = connection.execution_options(**{_WRITES: True})
            with writing.begin():
                yield writing

    @contextmanager
    def raw(self) -> Iterator[sqlite3.Connection]:
        """A plain SQLite connection of its own, for what SQLAlchemy has no words for."""
        self._check()
        with translated(self.path):
            connection = self._connect()
            try:
                yield connection
            finally:
                connection.close()

    def close(self) -> None:
        """Let go of the file; the last process to do so folds the WAL into it."""
        self._engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",  # never makes a missing file
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _check(self) -> None:
        """Notice a fork, and a file that was removed or replaced while it was open."""
        if os.getpid() != self._process:
            self._engine.dispose(close=False)
            self._process = os.getpid()
        if self._stat() != self._inode:
            raise DatabaseDamaged(
                f"the catalog {self.path} was replaced while it was open",
                hint="close the database and open it again",
            )

    def _stat(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            raise DatabaseDamaged(
                f"there is no catalog at {self.path}: {error.strerror}",
                hint="restore it from a backup: mlview restore",
            ) from None
        return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    writes: Any = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

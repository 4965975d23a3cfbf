"""Bring the file of a catalog to the revision this code knows, or refuse it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from mlview.errors import DatabaseDamaged, LockTimeout, StorageProblem
from mlview.storage.database import BUSY_SECONDS, Database
from mlview.storage.faults import translated
from mlview.storage.tables import HEAD, WRITTEN_BY
from mlview.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_database(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """The existing catalog at `path`, migrated first if it is older than this code.

    Raises:
        DatabaseDamaged: there is none, it is something else, or a newer mlview wrote it.
    """
    database = Database(path, busy_seconds=busy_seconds)
    if _ready(database):
        return database
    database.close()
    with _alone(path, busy_seconds):
        _use_wal(path, busy_seconds)
        database = Database(path, busy_seconds=busy_seconds)
        if not _ready(database):
            _migrate(database)
    return database


def create_database(path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """A catalog at `path`: a new one, or the one another process has just made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch()
    except OSError as error:
        raise StorageProblem(
            f"no catalog can be made at {path}: {error.strerror}",
            hint=f"check that {path.parent} is a writable directory",
        ) from error
    return open_database(path, busy_seconds=busy_seconds)


def _ready(database: Database) -> bool:
    """Whether nothing is left to do; what is not ours, or newer than this code, is refused."""
    with database.raw() as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return False
        if not {"alembic_version", "meta"} <= tables:
            raise DatabaseDamaged(
                f"{database.path} is a SQLite file, but not a catalog of mlview",
                hint="name the directory that mlview init made",
            )
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if len(rows) != 1:
            raise DatabaseDamaged(
                f"{database.path} does not say which revision it has",
                hint="restore a copy: mlview restore",
            )
        (revision,) = rows[0]
        if revision > HEAD:
            raise _too_new(database.path, revision, connection)
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    return bool(revision == HEAD and mode == "wal")


def _too_new(path: Path, revision: str, connection: sqlite3.Connection) -> DatabaseDamaged:
    found = connection.execute("SELECT value FROM meta WHERE key = ?", [WRITTEN_BY]).fetchone()
    needed = found[0] if found else "newer"
    return DatabaseDamaged(
        f"the catalog {path} was written by mlview {needed} (revision {revision}); "
        f"this is mlview {__version__} (revision {HEAD})",
        hint=f"pip install 'mlview>={needed}'" if found else "pip install --upgrade mlview",
        needed=needed,
    )


def _use_wal(path: Path, seconds: float) -> None:
    with translated(path), closing(sqlite3.connect(path, timeout=seconds)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _migrate(database: Database) -> None:
    # Alembic takes half a second to load, and is needed only here.
    from mlview.storage.migrating import upgrade  # noqa: PLC0415

    with database.write() as connection:
        upgrade(connection)


@contextmanager
def _alone(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file beside the catalog: one process at a time makes or migrates it."""
    from filelock import FileLock, Timeout  # noqa: PLC0415  rarely needed

    lock = path.with_name(path.name + ".lock")
    try:
        with FileLock(lock, timeout=seconds):
            yield
    except Timeout as error:
        raise LockTimeout(
            f"another process has been migrating {path} for more than {seconds:g} seconds",
            hint="wait for it to end, then run it again",
        ) from error

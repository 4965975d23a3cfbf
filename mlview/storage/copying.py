"""A consistent copy of a catalog that is in use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from mlview.errors import StorageProblem, UsageProblem
from mlview.storage.faults import translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlview.storage.database import Database


def copy_to(database: Database, target: Path) -> None:
    """Write one committed state to a file that does not exist yet, whole or not at all.

    Readers and writers go on meanwhile.
    """
    if target.exists():
        raise UsageProblem(f"{target} exists", hint="name a file that does not exist yet")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with _disk_errors(target), translated(target):
        try:
            with database.raw() as source, closing(sqlite3.connect(part)) as copy:
                source.backup(copy)
                # Alone in its file, without a -wal beside it, until somebody opens it.
                copy.execute("PRAGMA journal_mode = DELETE")
            _sync(part)
            part.replace(target)
            _sync(target.parent)
        finally:
            part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageProblem(
            f"the copy {target} could not be written: {error.strerror}",
            hint=f"check that {target.parent} exists, is writable and has room",
        ) from error

"""What SQLite and the disk report, as mlview's own errors."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import StatementError

from mlview.errors import (
    DatabaseDamaged,
    DiskFull,
    LockTimeout,
    MlviewError,
    StorageProblem,
    UsageProblem,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIMARY = 0xFF  # extended result codes keep the primary one in the lowest byte
_NO_ROOM = 1 << 20  # below a mebibyte an input/output error is the disk being full


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Run a block; what SQLite raises in it leaves as a StorageProblem with a next step."""
    try:
        yield
    except StatementError as error:
        raise as_problem(error.orig or error, path) from error.orig
    except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
        raise as_problem(error, path) from error


def as_problem(error: BaseException, path: Path) -> MlviewError:
    """The error that tells what happened to the catalog at `path` and what to do."""
    if isinstance(error, MlviewError):
        return error
    if isinstance(error, (OverflowError, UnicodeEncodeError)):
        return _unkeepable(error)
    where = f"the catalog {path}"
    match getattr(error, "sqlite_errorcode", 0) & _PRIMARY:
        case sqlite3.SQLITE_FULL:
            return _full(path)
        case sqlite3.SQLITE_IOERR if _free(path) < _NO_ROOM:
            return _full(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return LockTimeout(
                f"{where} stayed locked by another process for too long",
                hint="run it again; if it keeps happening, look for a process that is stopped",
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DatabaseDamaged(
                f"{where} is damaged: {error}", hint="restore a copy: mlview restore"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StorageProblem(
                f"{where} cannot be written: {error}",
                hint=f"make {path.parent} and the files in it writable for this user",
            )
        case sqlite3.SQLITE_CANTOPEN:
            return StorageProblem(
                f"{where} cannot be opened: {error}",
                hint=f"check that {path.parent} is a writable directory; see ulimit -n too",
            )
        case sqlite3.SQLITE_IOERR:
            return StorageProblem(
                f"{where} could not be read or written: {error}",
                hint="check the disk, then run it again; nothing was changed",
            )
        case _:
            return StorageProblem(f"{where} refused an operation: {error}", hint="mlview doctor")


def _unkeepable(error: Exception) -> UsageProblem:
    return UsageProblem(
        f"a value cannot be kept in the catalog: {error}",
        hint="use whole numbers below 2^63 and text that UTF-8 can encode",
    )


def _full(path: Path) -> DiskFull:
    return DiskFull(
        f"no space is left for the catalog {path} ({_free(path):,} bytes free)",
        hint="free what nothing needs: mlview gc",
    )


def _free(path: Path) -> int:
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return _NO_ROOM

"""Copies of the lake's catalog, in which nothing moves while they are read.

DuckDB reads every table of a SQLite catalog at a moment of its own, and only up to the last row
that there was when the statement was bound. DuckLake replaces rows of its catalog: a file of
deleted rows by a longer one, small files by a merged one. Who reads the live catalog meanwhile
finds neither the old nor the new one, also at an old snapshot, and deleted rows come back.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
import weakref
from contextlib import closing
from threading import Lock
from typing import TYPE_CHECKING

from mlview.engines.translate import streamed
from mlview.errors import StorageProblem

if TYPE_CHECKING:
    from pathlib import Path

_ATTEMPTS = 100
_MEBIBYTE = 1 << 20

# A file's inode, its bytes and when it was last written to.
Stamp = tuple[tuple[int, int, int] | None, ...]


class Frozen:
    """One copy; its files go when nobody refers to it any more.

    Attributes:
        path: the SQLite file.
        stamp: what the catalog's own files were like.
    """

    def __init__(self, path: Path, stamp: Stamp) -> None:
        self.path = path
        self.stamp = stamp
        weakref.finalize(self, _removed, path.parent, os.getpid())


class FrozenCatalog:
    """Copies a catalog whenever it is asked for and has changed.

    Args:
        source: the SQLite file.
        folder: where a folder is made for every copy.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._last: Frozen | None = None
        self._lock = Lock()

    def now(self) -> Frozen:
        """A copy that has every commit made before this call.

        Raises:
            StorageProblem: it cannot be written; CATALOG_BUSY, if commits leave no moment for it.
        """
        with self._lock, streamed(None):
            if self._last is None or self._last.stamp != _stamp(self._source):
                self._last = self._copied()
            return self._last

    def _copied(self) -> Frozen:
        for _ in range(_ATTEMPTS):
            folder = self._folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
            stamp = _stamp(self._source)
            try:
                self._folder.mkdir(exist_ok=True)
                folder.mkdir()
                _copy_apart(_there(self._source, stamp), folder)
                path = _whole(folder / self._source.name)
                if _stamp(self._source) == stamp:
                    return Frozen(path, stamp)
            except OSError:
                if _stamp(self._source) == stamp:
                    _removed(folder, os.getpid())
                    raise
            except BaseException:
                _removed(folder, os.getpid())
                raise
            _removed(folder, os.getpid())
        raise StorageProblem(
            f"{self._source.name} changes all the time, so no copy of it is whole",
            code="CATALOG_BUSY",
            hint="try again when less is written",
        )


def _stamp(source: Path) -> Stamp:
    found: list[tuple[int, int, int] | None] = []
    for path in (source, _log(source)):
        try:
            stat = path.stat()
        except FileNotFoundError:
            found.append(None)
        else:
            # An empty log comes and goes with those who only read.
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat.st_size else None)
    return tuple(found)


def _log(source: Path) -> Path:
    return source.with_name(f"{source.name}-wal")


def _there(source: Path, stamp: Stamp) -> list[Path]:
    """The files that have something in them; others may be gone before they are copied."""
    paths = (source, _log(source))
    return [path for path, found in zip(paths, stamp, strict=True) if found is not None]


def _whole(path: Path) -> Path:
    """The copy, with all that is in the log."""
    try:
        with closing(sqlite3.connect(path)) as copy:
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
            # The least and greatest values are today's, which an earlier type may not hold.
            copy.execute("DELETE FROM ducklake_table_column_stats")
            copy.commit()
    except sqlite3.OperationalError as error:
        full = shutil.disk_usage(path.parent).free < _MEBIBYTE
        raise OSError(os.strerror(errno.ENOSPC) if full else str(error)) from error
    except sqlite3.DatabaseError:
        pass  # what is no database, DuckDB says of the copy as it would of the file
    return path


def _copy_apart(files: list[Path], folder: Path) -> None:
    """Copy files in a process of its own: who closes them undoes this one's locks on them.

    A process group of its own, too: Ctrl-C is for this process, not for the copy.
    """
    if sys.platform == "win32":
        for path in files:
            shutil.copy(path, folder)
        return
    done = subprocess.run(  # noqa: S603 - the paths are the database's own
        ["cp", "--", *map(str, files), str(folder)],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=False,
        process_group=0,
    )
    if done.returncode:
        raise OSError(done.stderr.strip())


def _removed(folder: Path, process: int) -> None:
    # A forked process has the objects of the one that forked it, not their files.
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)

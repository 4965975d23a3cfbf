"""Readers side by side, or one who must be alone; across processes."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ReadGate:
    """Says whether anybody reads a database, in whatever process.

    Readers never wait for each other, and for whoever is alone only as long as that takes. The
    operating system opens the gate when a process ends, however it ends. Where files have no
    shared locks (Windows), nobody is ever known to be alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def enter(self) -> Pass:
        """Begin to read; waits while somebody is alone."""
        return Pass(self._path)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read inside the block."""
        entered = self.enter()
        try:
            yield
        finally:
            entered.leave()

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep readers out inside the block; False, and they go on, if there are any now."""
        if sys.platform == "win32":
            yield False
            return
        file = _opened(self._path)
        try:
            yield _locked(file)
        finally:
            _freed(file)


class Pass:
    """The right to read, until `leave`; safe to leave twice, and left when nobody holds it."""

    def __init__(self, path: Path) -> None:
        self._file: int | None = None
        if sys.platform != "win32":
            self._file = _opened(path)
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def leave(self) -> None:
        """Stop reading."""
        file, self._file = self._file, None
        if file is not None:
            _freed(file)

    def __del__(self) -> None:
        self.leave()


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _locked(file: int) -> bool:
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _freed(file: int) -> None:
    """Unlock, also for processes that were forked meanwhile and have the file too."""
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)

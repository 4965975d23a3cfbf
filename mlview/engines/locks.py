"""One writer at a time, across processes, with a name to show for it."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout

from mlview.errors import LockTimeout, StorageProblem

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from mlview.clock import Clock

# A write takes some 20 ms; waiting longer between tries would idle the lake.
POLL_SECONDS = 0.004


class WriteLock:
    """The right to write to a lake, held by one connection of one process.

    The operating system frees it when its process ends, however it ends. A small JSON file beside
    it says who holds it: host, pid, since.
    """

    def __init__(self, path: Path, *, clock: Clock, timeout: float) -> None:
        self.path = path
        self._note = path.with_name(path.name + ".json")
        self._clock = clock
        self._timeout = timeout
        self._lock = FileLock(path, thread_local=False, is_singleton=False)

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock.is_locked

    def acquire(self) -> None:
        """Wait for the lock.

        Raises:
            LockTimeout: another writer held it for the whole time limit.
        """
        try:
            self._lock.acquire(timeout=self._timeout, poll_interval=POLL_SECONDS)
        except Timeout as error:
            raise self._timed_out() from error
        except OSError as error:
            raise StorageProblem(
                f"cannot take the write lock {self.path}: {error.strerror}",
                name=str(self.path),
                hint="check that the database directory exists and may be written",
            ) from error
        self._sign()

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        if self._lock.is_locked:
            self._lock.release()

    def __enter__(self) -> Self:
        """Wait for the lock."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self.release()

    def _sign(self) -> None:
        holder = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": self._clock.now().isoformat(),
        }
        try:
            self._note.write_text(json.dumps(holder))
        except OSError:
            # The lock is what counts: a full disk must not keep anyone from cleaning up.
            return

    def _timed_out(self) -> LockTimeout:
        try:
            holder = json.loads(self._note.read_text())
            facts = {key: holder[key] for key in ("host", "pid", "since")}
        except (OSError, ValueError, KeyError, TypeError):
            facts = {"host": "unknown", "pid": None, "since": None}
        return LockTimeout(
            f"waited {self._timeout:g} s to write; process {facts['pid']} on {facts['host']} "
            f"has been writing since {facts['since']}",
            name=str(self.path.parent),
            hint="wait for its COMMIT, or end that process, then run the statement again",
            **facts,
        )

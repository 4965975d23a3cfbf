"""Beginning workers by asking a nursery to fork them: in milliseconds, with everything imported."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic
from typing import TYPE_CHECKING

from mlview.daemon.executors.orders import Cause, End, Ended, Replaced

if TYPE_CHECKING:
    from mlview.daemon.executors.orders import News, Order

_PROGRAM = """
import sys
sys.path[:] = {path!r}
from mlview.daemon.executors.nursery import main
main({control})
"""
_FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""So that importing numpy and pyarrow starts no threads, which a fork would lose."""
_GOODBYE_SECONDS = 10.0


class Forks:
    """One nursery, begun at once; another one when it was killed.

    The nursery is a fresh interpreter that imports this package only, so that the program that
    made the pool needs no `if __name__ == "__main__"` and may be a prompt.
    """

    def __init__(self) -> None:
        self._expected: set[int] = set()
        self._lost: list[Ended | Replaced] = []
        self._mourned = 0
        self._begin()

    @property
    def pid(self) -> int:
        """The nursery's process id."""
        return self._nursery.pid

    def launch(self, order: Order) -> None:
        """Ask for a worker."""
        try:
            self._control.send(order)
        except OSError:
            self._begin_again()
            with suppress(OSError):  # heard as the end of all it was asked for
                self._control.send(order)
        self._expected.add(order.work.number)

    def end(self, number: int, *, gently: bool) -> None:
        """Ask the nursery to signal a worker."""
        with suppress(OSError):  # then its workers are ended already
            self._control.send(End(number, gently))

    def hear(self, timeout: float) -> tuple[News, ...]:
        """What the nursery tells; if it is gone, all its workers are."""
        if self._control.closed:
            self._begin_again()
        until = monotonic() + timeout
        heard: list[News] = []
        while not self._lost and self._told(0.0 if heard else until - monotonic()):
            try:
                news = self._control.recv()
            except (EOFError, OSError):
                self._begin_again()
                continue
            heard.append(news)
            if isinstance(news, Ended):
                self._expected.discard(news.number)
        heard += self._lost
        self._lost = []
        return tuple(heard)

    def close(self) -> None:
        """End the nursery, which ends its workers."""
        self._control.close()
        try:
            self._nursery.wait(_GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:  # its workers are killed with it
            self._nursery.kill()
            self._nursery.wait()

    def _told(self, timeout: float) -> bool:
        return not self._control.closed and self._control.poll(max(0.0, timeout))

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            program = _PROGRAM.format(path=sys.path, control=theirs.fileno())
            self._nursery = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what learners print is no answer of the daemon
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_FEW_THREADS},
                start_new_session=True,
            )
        self._control = Connection(ours.detach())

    def _begin_again(self) -> None:
        """A nursery in place of one that is gone; if there can be none now, at the next call."""
        self.close()
        if self._nursery.pid != self._mourned:
            self._mourned = self._nursery.pid
            gone = Replaced(self._mourned, self._nursery.returncode, len(self._expected))
            self._lost.append(gone)
        self._lost += [Ended(n, None, cause=Cause.ORPHANED) for n in sorted(self._expected)]
        self._expected.clear()
        with suppress(OSError):
            self._begin()

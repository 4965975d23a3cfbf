"""A process that has imported everything once, and forks a worker for each order.

It is the parent of the workers: it holds them to their limits, hears their last words and reaps
them, whatever the daemon is busy with. When the daemon is gone, it ends them and itself. It has
one thread and no open database, so that forking it is safe.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NoReturn

from mlview.daemon.executors.confining import die_with
from mlview.daemon.executors.measuring import oom_kills, own_memory
from mlview.daemon.executors.orders import Begun, Cause, End, Ended, Order, Said
from mlview.daemon.executors.worker import preload, work_on
from mlview.engines.allotment import rest
from mlview.storage.processes import holder_of

LOOK_SECONDS = 0.1
"""How often the memory of workers is looked at, where it is limited."""
FAREWELL_SECONDS = 5.0
"""How long workers have to abandon their work when the daemon is gone."""
_ENOUGH = 1 << 16


Inherited = tuple[socket.socket, selectors.BaseSelector]


@dataclass(slots=True)
class Child:
    """A worker that was forked."""

    order: Order
    words: int  # the end of the pipe on which it says its last ones
    deadline: float
    oom_kills: int
    cause: Cause | None = None
    detail: str | None = None


@dataclass(slots=True)
class Nursery:
    """Forks workers on order, and reports how each of them ended."""

    control: Connection
    children: dict[int, Child] = field(default_factory=dict)

    def serve(self) -> None:
        """Until the daemon is gone."""
        with selectors.DefaultSelector() as selector, _wakening() as awake:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(awake, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(self._patience())]
                if awake in ready:
                    awake.recv(_ENOUGH)
                try:
                    if self.control in ready:
                        self._obey(self.control.recv(), (awake, selector))
                    self._reap()
                except (EOFError, OSError):
                    break
                self._look()
            signal.set_wakeup_fd(-1)
        self._part()

    def _obey(self, order: Order | End, inherited: Inherited) -> None:
        if isinstance(order, Order):
            self._fork(order, inherited)
            return
        for pid, child in self.children.items():
            if child.order.work.number == order.number:
                os.kill(pid, signal.SIGTERM if order.gently else signal.SIGKILL)

    def _fork(self, order: Order, inherited: Inherited) -> None:
        number, here = order.work.number, os.getpid()
        try:
            heard, said = os.pipe()
            pid = os.fork()
        except OSError as error:
            self.control.send(Ended(number, None, cause=Cause.NOT_BEGUN, detail=error.strerror))
            return
        if pid == 0:
            for one in (self.control, *inherited):
                one.close()
            for words in (heard, *(child.words for child in self.children.values())):
                os.close(words)
            _live(order, said, here)
        os.close(said)
        os.set_blocking(heard, False)
        deadline = time.monotonic() + order.limits.seconds
        self.children[pid] = Child(order, heard, deadline, oom_kills())
        self.control.send(Begun(number, pid, holder_of(pid)))

    def _reap(self) -> None:
        ends = [_end(self.children.pop(pid), status) for pid, status in _exited()]
        for end in ends:
            self.control.send(end)

    def _look(self) -> None:
        """End whoever has broken a limit."""
        now = time.monotonic()
        for pid, child in self.children.items():
            limits = child.order.limits
            used = own_memory(pid) if limits.memory_bytes is not None else 0
            if child.cause is not None:
                continue
            if limits.memory_bytes is not None and used > limits.memory_bytes:
                child.cause, child.detail = Cause.MEMORY, str(used)
            elif now >= child.deadline:
                child.cause = Cause.TIME
            if child.cause is not None:
                os.kill(pid, signal.SIGKILL)

    def _patience(self) -> float | None:
        """Seconds until a limit has to be looked at; None while nothing is limited."""
        waiting = [child for child in self.children.values() if child.cause is None]
        if not waiting:
            return None
        until = max(0.0, min(child.deadline for child in waiting) - time.monotonic())
        limited = any(child.order.limits.memory_bytes is not None for child in waiting)
        return min(until, LOOK_SECONDS) if limited else until

    def _part(self) -> None:
        for pid in self.children:
            os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + FAREWELL_SECONDS
        while self.children and time.monotonic() < end:
            for pid, _ in _exited():
                self.children.pop(pid, None)
            time.sleep(LOOK_SECONDS)
        for pid in self.children:
            _kill_group(pid)


def main(control: int) -> None:
    """Serve the daemon at the other end of a socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Held back rather than ignored, so that no worker misses one before it listens.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    preload()
    rest()
    gc.collect()
    gc.freeze()  # what is never looked at again stays shared with the workers
    Nursery(Connection(control)).serve()


def _live(order: Order, said: int, parent: int) -> NoReturn:
    """The life of a worker; nothing of the nursery's may run in it afterwards."""
    status = 1
    try:
        os.setsid()  # with all it starts it is one group, out of reach of a terminal's Ctrl-C
        die_with(parent)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.write(said, work_on(order).encoded())
        status = 0
    except BaseException:  # noqa: BLE001 - it ends here, whatever it is
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _wakening() -> socket.socket:
    """Readable whenever a worker has ended."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setblocking(False)
    signal.set_wakeup_fd(theirs.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return ours


def _exited() -> list[tuple[int, int]]:
    """Workers that have ended, reaped: their ids, and exit codes or signals below zero."""
    found: list[tuple[int, int]] = []
    with suppress(ChildProcessError):
        while (gone := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            _kill_group(gone.si_pid)  # what it started, while nobody else can have its number
            _, status = os.waitpid(gone.si_pid, 0)
            found.append((gone.si_pid, os.waitstatus_to_exitcode(status)))
    return found


def _end(child: Child, status: int) -> Ended:
    """What to tell of a worker that is gone."""
    said = Said.decoded(_last_words(child.words))
    os.close(child.words)
    cause = child.cause
    if status == -signal.SIGKILL and cause is None and oom_kills() > child.oom_kills:
        cause = Cause.MACHINE_MEMORY
    return Ended(child.order.work.number, status, said, cause, child.detail)


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _last_words(pipe: int) -> bytes:
    try:
        return os.read(pipe, _ENOUGH)
    except BlockingIOError:
        return b""

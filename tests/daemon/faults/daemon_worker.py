"""Daemons that meet faults, in processes of their own; run by the tests of this folder.

One process imports everything once and reads lines of JSON. `{"arguments": [...], "log": FIFO,
"fault": NAME, "place": DIRECTORY}` forks a process that is `mlview ARGUMENTS` and writes to the
FIFO what it says; the answer is its process id. `{"wait": PID}` is answered with how it ended. The
parent never opens a database, so that children inherit no threads; for the same reason each of
them forks its nursery before anything else. Faults are laid before that: workers meet them too.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[2] / "refresh"))

import prometheus_client  # noqa: F401 - so that no child imports it
from refresh_worker import before, die, no_more_room, refuse

from mlview import learners
from mlview.cli import keeping  # noqa: F401 - likewise
from mlview.cli.entry import run
from mlview.daemon import pulse
from mlview.daemon.executors import nursery, processes
from mlview.daemon.executors.forking import Forks
from mlview.daemon.executors.worker import preload
from mlview.errors import DiskFull
from mlview.refresh import running as materializing
from mlview.refresh.refresher import Refresher
from mlview.storage.catalog import Catalog
from mlview.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable


class Forked:
    """A nursery that was forked, as Forks knows one that was begun."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._pidfd = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return 0 if select.select([self._pidfd], [], [], 0.0)[0] else None

    def wait(self, timeout: float | None = None) -> None:
        if not select.select([self._pidfd], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("nursery", timeout or 0.0)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self._pidfd)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def forked_nursery() -> tuple[Connection, Forked]:
    """A nursery, and how to talk to it."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            ours.close()
            nursery.main(theirs.detach())
        finally:
            os._exit(0)
    theirs.close()
    return Connection(ours.detach()), Forked(pid)


class ForkedOnce(Forks):
    """Its first nursery is there already; another one is begun as ever."""

    ready: list[tuple[Connection, Forked]] = []  # noqa: RUF012 - of the only one there is

    def _begin(self) -> None:
        if self.ready:
            self._control, self._nursery = self.ready.pop()
        else:
            super()._begin()


def held(owner: Any, name: str) -> Callable[[Path], None]:
    """Whoever is about to call it tells its process id and waits to be let go."""

    def lay(place: Path) -> None:
        def wait(*_: object, **__: object) -> None:
            with (place / "told").open("w") as told:
                told.write(f"{os.getpid()}\n")
            with (place / "go").open("rb", buffering=0) as go:
                go.read(1)

        before(owner, name, wait)

    return lay


def while_there(owner: Any, name: str, act: Callable[..., None]) -> Callable[[Path], None]:
    """Act before each call for as long as the file `fault` is there."""

    def lay(place: Path) -> None:
        def maybe(*_: object, **__: object) -> None:
            if (place / "fault").exists():
                act()

        before(owner, name, maybe)

    return lay


def impatient(place: Path) -> None:
    """Locks of the catalog are waited for for a moment only."""
    del place
    (Catalog.__init__.__kwdefaults__ or {})["busy_seconds"] = 0.2


def die_with_the_daemon(*_: object, **__: object) -> None:
    """As where a machine dies: this worker, who forked it, and the daemon, with no last word."""
    nursery = os.getppid()
    stat = Path(f"/proc/{nursery}/stat").read_text()
    daemon = int(stat.rpartition(")")[2].split()[1])
    for pid in (daemon, nursery, os.getpid()):
        os.kill(pid, signal.SIGKILL)


def full(*_: object, **__: object) -> None:
    """The catalog finds no room."""
    raise DiskFull("no space is left for the catalog")


def no_room_for_a_heartbeat(place: Path) -> None:
    """The same for beats, which come more often than they should."""
    pulse.EVERY = 0.1
    while_there(Catalog, "beat", full)(place)


LAID: dict[str, Callable[[Path], None]] = {
    "impatient": impatient,
    "no room in the catalog": while_there(Database, "write", full),
    "no room for a heartbeat": no_room_for_a_heartbeat,
    "held before planning": held(Refresher, "plan"),
    "held in training": held(learners, "solve"),
    "killed while it is there": while_there(materializing, "materialize", die),
    "killed in training": lambda _: before(learners, "solve", die),
    "the machine dies in training": lambda _: before(learners, "solve", die_with_the_daemon),
    "held before the commit": held(Catalog, "publish"),
    "no space at the artifact": while_there(os, "fsync", refuse(errno.ENOSPC)),
    "no growth at the commit": while_there(Catalog, "publish", no_more_room),
}


def live(order: dict[str, Any]) -> int:
    """The life of a daemon; its exit code."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(order["log"], os.O_WRONLY)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    LAID.get(order["fault"], lambda _: None)(Path(order["place"]))
    if "daemon" in order["arguments"]:
        processes.Forks = ForkedOnce
        ForkedOnce.ready.append(forked_nursery())
    return run(order["arguments"])


def begin(order: dict[str, Any]) -> int:
    """Fork a daemon: its id."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            code = live(order)
        finally:
            os._exit(code)
    return pid


if __name__ == "__main__":
    preload()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
        else:
            answer = begin(asked)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()

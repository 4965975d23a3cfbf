"""The executor that gives each piece of work a process of its own."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from mlview import learners
from mlview.clock import SystemClock
from mlview.daemon.executors import causes
from mlview.daemon.executors.burying import bury, last_refresh
from mlview.daemon.executors.carrying import ELSEWHERE
from mlview.daemon.executors.causes import stopped, why_ended
from mlview.daemon.executors.cold import ColdStarts
from mlview.daemon.executors.forking import Forks
from mlview.daemon.executors.launching import can_fork
from mlview.daemon.executors.limits import limits_for
from mlview.daemon.executors.orders import Begun, Order, Replaced
from mlview.daemon.executors.protocol import Done, check_startable
from mlview.errors import MlviewError
from mlview.records import RefreshState
from mlview.storage.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mlview.daemon.executors.launching import Launcher
    from mlview.daemon.executors.orders import Ended
    from mlview.daemon.executors.protocol import Work

ABANDON_SECONDS = 10.0
"""How long a worker that was asked to abandon its work may take before it is killed."""


@dataclass(slots=True)
class _Running:
    order: Order
    began: float
    since: int
    pid: int | None = None
    holder: str | None = None


class ProcessPool:
    """A process per piece of work: none takes the daemon down, whatever becomes of it.

    Workers run by the machine's own clock.

    Args:
        path: the database's directory.
        slots: how many workers run at the same time.
        memory_limit_bytes: a worker that takes more is ended (Linux; elsewhere no limit).
        time_limit: seconds after which a worker is ended; by default an hour, or ten times what
            was predicted if that is more.
        threads: of BLAS, OpenMP, Arrow and DuckDB in each worker; by default the cores are shared
            out among the slots.
        lock_timeout: seconds a worker waits for another writer.
        launcher: how processes are begun; by default as the system does it best.
        replaced: told when the process that starts workers had to be replaced.
    """

    def __init__(
        self,
        path: Path,
        slots: int,
        *,
        memory_limit_bytes: int | None = None,
        time_limit: float | None = None,
        threads: int | None = None,
        lock_timeout: float = 60.0,
        launcher: Launcher | None = None,
        replaced: Callable[[Replaced], object] = lambda _: None,
    ) -> None:
        self.slots = slots
        self._path = path.absolute()
        self._memory_limit = memory_limit_bytes
        self._time_limit = time_limit
        self._threads = threads
        self._lock_timeout = lock_timeout
        self._clock = SystemClock()
        self._catalog = Catalog(self._path)
        self._launcher = launcher or (Forks() if can_fork() else ColdStarts())
        self._replaced = replaced
        self._running: dict[int, _Running] = {}
        self._stopped = self._stopping = False

    @property
    def running(self) -> tuple[Work, ...]:
        """What was started and not yet handed out."""
        return tuple(one.order.work for one in self._running.values())

    @property
    def pids(self) -> dict[int, int]:
        """The process ids of the workers that are known to run, by their work's number."""
        return {n: one.pid for n, one in self._running.items() if one.pid is not None}

    def start(self, work: Work) -> None:
        """Begin a worker, and return at once."""
        check_startable(self, work, stopped=self._stopped)
        since = 0
        with suppress(MlviewError):  # the worker will say what is wrong with the catalog
            since = last_refresh(self._catalog)
        order = self._order(work)
        self._running[work.number] = _Running(order, monotonic(), since)
        self._launcher.launch(order)

    def finished(self, timeout: float) -> tuple[Done, ...]:
        """What is over; waits for the first, and for nothing if nothing runs."""
        until = monotonic() + timeout
        while not self._stopped:
            done = self._handed_out(max(0.0, until - monotonic()) if self._running else 0.0)
            if done or not self._running or monotonic() >= until:
                return done
        return ()

    def stop(self, *, grace: float) -> tuple[Done, ...]:
        """Wait, then ask the rest to abandon their work, then kill."""
        if self._stopped:
            return ()
        self._stopped = True
        done = self._all_within(grace)
        self._stopping = True
        for gently in (True, False):
            for number in self._running:
                self._launcher.end(number, gently=gently)
            done += self._all_within(ABANDON_SECONDS)
        self._launcher.close()
        self._catalog.close()
        return tuple(done)

    def _order(self, work: Work) -> Order:
        limits = limits_for(
            work.predicted_seconds,
            slots=self.slots,
            threads=self._threads,
            time_limit=self._time_limit,
            memory_limit_bytes=self._memory_limit,
        )
        return Order(
            work,
            str(self._path),
            limits,
            methods=learners.importable_methods(),
            python_path=tuple(sys.path),
            lock_timeout=self._lock_timeout,
        )

    def _all_within(self, seconds: float) -> list[Done]:
        done: list[Done] = []
        until = monotonic() + seconds
        while self._running:
            done += self._handed_out(max(0.0, until - monotonic()))
            if monotonic() >= until:
                break
        return done

    def _handed_out(self, timeout: float) -> tuple[Done, ...]:
        """What ended, after waiting for some news at most."""
        done: list[Done] = []
        for heard in self._launcher.hear(timeout):
            if isinstance(heard, Replaced):
                self._replaced(heard)
                continue
            running = self._running.get(heard.number)
            if running is None:
                continue
            if isinstance(heard, Begun):
                running.pid, running.holder = heard.pid, heard.holder
            else:
                done.append(self._done(self._running.pop(heard.number), heard))
        return tuple(done)

    def _done(self, running: _Running, ended: Ended) -> Done:
        work, seconds = running.order.work, monotonic() - running.began
        now = self._clock.now()
        error = self._error(running, ended)
        if error is not None:
            with suppress(MlviewError):  # leases run out, and whoever refreshes next tidies up
                self._record(running, error, now - timedelta(seconds=seconds), now)
        return Done(work, seconds, *(error or ()))

    def _error(self, running: _Running, ended: Ended) -> tuple[str, str] | None:
        """What was not done and why, or None for work that was carried out."""
        said = ended.said if ended.status == 0 else None
        if said is None and self._stopping:
            said = stopped(running.order.work)
        if said is None:
            return why_ended(running.order.work, ended, running.order.limits)
        return None if said.error_code is None else (said.error_code, said.error or "")

    def _record(
        self, running: _Running, error: tuple[str, str], began: datetime, now: datetime
    ) -> None:
        """Let the history tell of what was left undone."""
        work, since = running.order.work, running.since
        match error[0]:
            case code if code in ELSEWHERE:
                return
            case causes.STOPPED:
                if running.holder is not None:
                    self._catalog.bury(
                        running.holder,
                        now=now,
                        error_code=error[0],
                        error=error[1],
                        state=RefreshState.CANCELLED,
                    )
            case _:
                bury(
                    self._catalog,
                    work,
                    error,
                    holder=running.holder,
                    since=since,
                    began=began,
                    now=now,
                )

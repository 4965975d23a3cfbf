"""`mlview.Daemon`: keeps the views of one database fresh until it is stopped."""

from __future__ import annotations

from datetime import timedelta
from threading import Event as Flag
from typing import TYPE_CHECKING

from mlview.clock import ManualClock
from mlview.daemon.events import Orphaned
from mlview.daemon.executors import InlineExecutor, ProcessPool
from mlview.daemon.loop import Loop
from mlview.errors import UsageProblem
from mlview.planning.scheduling import Scheduler

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mlview.clock import Clock
    from mlview.daemon.events import Listener
    from mlview.daemon.executors import Executor
    from mlview.daemon.executors.orders import Replaced
    from mlview.planning.scheduling import Policy
    from mlview.session import Database

WORKERS = 2
TICK = 1.0
GRACE = 30.0


class Daemon:
    """Refreshes what is due, in the background of nothing: `run` returns when it is stopped.

    Under a virtual clock the same loop jumps from one moment at which something is due to the
    next, so that months pass in seconds; refreshes are then carried out in this process.

    Args:
        db: the database to keep fresh.
        clock: the database's own clock, or None; it is given when the database is connected.
        workers: refreshes at once, each in a process of its own; 0 carries them out in this one.
        tick: seconds between two looks for new commits.
        executor: carries out refreshes; made from `workers` if not given.
        policy: what a slot is worth to a view; honours TARGET_LAG if not given.
        memory_limit: bytes that one refresh may take; more ends it, where it has its own process.
        time_limit: seconds that one refresh may take, likewise.
        listeners: told of every event, see `mlview.daemon.events`.
        upkeep: whether the lake is flushed, merged and cleaned while there is time.

    Raises:
        UsageProblem: a tick or a number of workers that cannot be, or another clock.

    >>> import mlview
    >>> from datetime import UTC, datetime, timedelta
    >>> from mlview.testing import ManualClock
    >>> clock = ManualClock(datetime(2013, 1, 1, tzinfo=UTC))
    >>> with mlview.connect(clock=clock) as db:
    ...     _ = db.sql("CREATE TABLE t AS SELECT 1 AS x")
    ...     _ = db.sql(
    ...         "CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS SELECT sum(x) AS s FROM t"
    ...     )
    ...     _ = db.sql("INSERT INTO t VALUES (2)")
    ...     mlview.Daemon(db, clock=clock).run(until=clock.now() + timedelta(hours=2))
    ...     db.sql("FROM v").fetchall()
    [(3,)]
    """

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock | None = None,
        workers: int | None = None,
        tick: float = TICK,
        executor: Executor | None = None,
        policy: Policy | None = None,
        memory_limit: int | None = None,
        time_limit: float | None = None,
        listeners: Iterable[Listener] = (),
        upkeep: bool = True,
    ) -> None:
        services = db.services
        self._services = services
        self._clock = services.home.clock
        if clock is not None and clock is not self._clock:
            raise UsageProblem(
                "expected the clock of the database, found another one",
                hint="mlview.connect(path, clock=clock)",
            )
        if not tick > 0:
            raise UsageProblem(f"expected a tick of more than 0 seconds, found {tick}")
        if workers is not None and workers < 0:
            raise UsageProblem(f"expected 0 or more workers, found {workers}")
        inline = workers == 0 or (workers is None and self._clock.virtual)
        self._workers = 0 if inline else workers or WORKERS
        self._limits = memory_limit, time_limit
        self._executor = executor
        self._tick = tick
        self._policy = policy
        self._listeners = tuple(listeners)
        self._upkeep = upkeep
        self._stop = Flag()
        self._stopped_by = ""
        self._loop: Loop | None = None

    def run(
        self, *, until: datetime | None = None, once: bool = False, grace: float = GRACE
    ) -> None:
        """Keep the views fresh until `stop` is called, or a moment is reached.

        Args:
            until: the moment to end at; under a virtual clock, the moment to go to.
            once: do what is due now and return.
            grace: seconds that running refreshes have to finish when it is stopped.
        """
        loop = self._loop = Loop(
            self._services,
            executor := self._executor or self._made(),
            Scheduler(executor.slots, self._tick, self._policy),
            listeners=self._listeners,
            tend=self._upkeep,
        )
        reason = "the moment to end at was reached"
        try:
            loop.begin()
            while until is None or self._clock.now() < until:
                if self._stop.is_set():
                    reason = self._stopped_by
                    break
                busy = self._pass(loop, once=once)
                if once and not busy and loop.idle:
                    reason = "all that was due is done"
                    break
                if not busy and not self._wait(loop, until):
                    reason = "nothing will be due any more"
                    break
        except Exception:
            reason = "it failed"
            raise
        finally:
            loop.end(reason, grace=grace)

    def stop(self, reason: str = "it was stopped") -> None:
        """End `run` soon; callable from a signal handler or another thread."""
        self._stopped_by = reason
        self._stop.set()

    def hurry(self) -> None:
        """Break running refreshes off: there is no more time for them to finish."""
        if self._loop is not None:
            self._loop.hurry()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def _pass(self, loop: Loop, *, once: bool) -> bool:
        """Once round; whether anything was done. Whatever it meets, the daemon goes on."""
        try:
            done = loop.step() or loop.upkeep()
        except Exception as error:
            pause = loop.trouble(error)
            if once:
                raise
            self._rest(pause)
            return True
        loop.went_well()
        return done

    def _wait(self, loop: Loop, until: datetime | None) -> bool:
        """Until something may have happened; False if nothing ever will."""
        clock = self._clock
        if not isinstance(clock, ManualClock) or not loop.idle:
            loop.wait(self._stop)
            return True
        wakes = [moment for moment in (loop.wakes_at, until) if moment is not None]
        if not wakes:
            return False
        clock.set(max(min(wakes), clock.now() + timedelta(seconds=self._tick)))
        return True

    def _rest(self, seconds: float) -> None:
        if isinstance(self._clock, ManualClock):
            self._clock.advance(timedelta(seconds=seconds))
        else:
            self._stop.wait(seconds)

    def _made(self) -> Executor:
        if not self._workers:
            return InlineExecutor(self._services)
        memory_limit, time_limit = self._limits
        return ProcessPool(
            self._services.home.path,
            self._workers,
            memory_limit_bytes=memory_limit,
            time_limit=time_limit,
            replaced=self._tell_of_orphans,
        )

    def _tell_of_orphans(self, gone: Replaced) -> None:
        for listener in self._listeners:
            listener(Orphaned(gone.pid, gone.status, gone.workers))

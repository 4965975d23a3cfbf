"""The loop of the daemon: notice, decide, refresh, record, and go on whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from mlview.daemon.announcing import Announcements
from mlview.daemon.caretaker import Caretaker
from mlview.daemon.events import (
    Began,
    Confirmed,
    Decided,
    Finished,
    Started,
    Stopped,
    Suspended,
    Troubled,
)
from mlview.daemon.executors import Done, Work
from mlview.daemon.harvest import Harvest
from mlview.daemon.pulse import Pulse
from mlview.planning.scheduling import Mode, Outlook, Scheduler
from mlview.planning.scheduling.worthwhile import CostAware

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event as Flag

    from mlview.daemon.events import Event, Listener
    from mlview.daemon.executors import Executor
    from mlview.freshness.agenda import Agenda
    from mlview.planning.scheduling import Decision, Start
    from mlview.session.services import Services

RECHECK = 60.0
"""Seconds after which everything is looked at again even if nothing seems to have happened."""
RECHECK_ELSEWHERE = 5.0
"""The same where another process refreshes a view: if it dies, nothing tells of it."""
REMEMBERED = timedelta(days=7)
"""For how long a daemon that is gone is known by its last sign of life."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries while the database cannot be read at all."""


class Loop:
    """One daemon at work on one database, in passes that never block on a refresh.

    Args:
        services: the database.
        executor: carries out refreshes.
        scheduler: decides.
        listeners: are told of everything; what they raise ends the daemon.
        tend: whether the lake is looked after while there is time.
    """

    def __init__(
        self,
        services: Services,
        executor: Executor,
        scheduler: Scheduler,
        *,
        listeners: Iterable[Listener] = (),
        tend: bool = True,
    ) -> None:
        self._services = services
        self._home = services.home
        self._executor = executor
        self._scheduler = scheduler
        self._listeners = tuple(listeners)
        self._outlook = Outlook(executor.slots, scheduler.policy)
        self._tend = tend
        self._caretaker = Caretaker(services.tending, self._home.clock)
        self._pulse = Pulse(self._home, slots=executor.slots, tick=scheduler.tick)
        self._number = 0
        self._ends: dict[int, float] = {}
        self._harvest = Harvest(self._home.catalog)
        self._seen: tuple[int, int] | None = None
        self._looked_at = -inf
        self._look_again: float | None = None
        self._confirmed: dict[int, float] = {}
        self._announcements = Announcements()
        self._decision: Decision | None = None
        self._quality = isinstance(scheduler.policy, CostAware)
        self._failed = 0
        self._hurried = False

    def begin(self) -> None:
        """Take up the work: what died unfinished is recorded as such."""
        now = self._home.clock.now()
        abandoned = tuple(self._home.catalog.abandon_dead(now))
        self._home.catalog.forget_heartbeats(now - REMEMBERED)
        self._pulse.beat(0, force=True)
        self._tell(Began(self._executor.slots, self._scheduler.tick, abandoned))

    def step(self) -> bool:
        """One pass; whether anything was started or ended in it."""
        moved = self._gather(self._executor.finished(0.0))
        self._harvest.refuse_unrecorded()
        self._pulse.beat(len(self._executor.running))
        if not moved and not self._worth_a_look():
            return False
        agenda = self._services.surveyor.agenda(
            busy=self._busy(), overhead=self._harvest.overhead, quality=self._quality
        )
        now = agenda.seconds
        decision = self._scheduler.decide(
            agenda.views,
            now,
            running=[self._ends[work.number] for work in self._executor.running],
            outlook=self._outlook.at(agenda.views, now),
        )
        self._remember(agenda, decision)
        self._tell(Decided(decision, len(agenda.views)))
        for event in self._announcements.of(agenda, decision):
            self._tell(event)
        self._suspend(agenda, decision)
        for start in filter(_works, decision.starts):
            self._start(start, now)
        self._confirm(agenda, decision)
        return moved or bool(self._executor.running)

    def upkeep(self) -> bool:
        """Begin a step of the lake's upkeep, if slots are idle for long enough."""
        self._tell_tended()
        if not self._tend or self._decision is None:
            return False
        return self._caretaker.begin(self._decision.idle)

    def wait(self, stop: Flag) -> None:
        """Until a refresh ends, a tick is over, or `stop` is set."""
        if self._executor.running:
            if self._gather(self._executor.finished(self._scheduler.tick)):
                self._seen = None  # a slot is free, even if the history knows nothing of it
        else:
            stop.wait(self._scheduler.tick)

    def trouble(self, error: Exception) -> float:
        """Tell of a pass that failed; the seconds to leave the database alone."""
        times = max(self._failed, self._harvest.unrecorded - 1)
        pause = min(self._scheduler.tick * 2.0 ** min(times, 60), LONGEST_PAUSE)
        self._failed += 1
        self._seen = None
        self._tell(Troubled(error, pause))
        return pause

    def went_well(self) -> None:
        """After a whole pass: the next trouble is the first again."""
        self._failed = 0

    @property
    def wakes_at(self) -> datetime | None:
        """When time alone gives it something to do."""
        at = self._look_again
        return None if at is None else datetime.fromtimestamp(at, UTC)

    @property
    def idle(self) -> bool:
        """Whether no refresh runs."""
        return not self._executor.running

    def hurry(self) -> None:
        """Break running refreshes off when it ends, without waiting for them."""
        self._hurried = True

    def end(self, reason: str, *, grace: float) -> None:
        """Let running refreshes finish for `grace` seconds, then break them off."""
        left = {work.number: work for work in self._executor.running}
        patience = self._home.clock.monotonic() + grace
        while self._executor.running and not self._hurried:
            self._gather(self._executor.finished(0.2))
            if self._home.clock.monotonic() >= patience:
                break
        done = self._executor.stop(grace=0.0)
        self._gather(done)
        broken = tuple(left[d.work.number] for d in done if d.error_code and d.work.number in left)
        self._caretaker.wait()
        for last in (self._tell_tended, partial(self._pulse.stop, reason)):
            try:
                last()
            except Exception as error:  # noqa: BLE001 - it ends all the same
                self._tell(Troubled(error, None))
        self._tell(Stopped(reason, broken))

    def _tell_tended(self) -> None:
        for tended in self._caretaker.finished():
            self._tell(tended)

    def _worth_a_look(self) -> bool:
        now = self._home.clock.now().timestamp()
        due = self._look_again is not None and now >= self._look_again
        if due or not self._looked_at <= now < self._looked_at + RECHECK:
            return True
        seen = (self._home.engine.current_snapshot().id, self._home.catalog.counter())
        return seen != self._seen

    def _remember(self, agenda: Agenda, decision: Decision) -> None:
        self._seen = (agenda.observed.snapshot.id, agenda.observed.counter)
        self._looked_at = agenda.seconds
        again = [] if decision.wake_at is None else [decision.wake_at]
        if agenda.looks_again is not None:
            again.append(agenda.seconds + max(agenda.looks_again, self._scheduler.tick))
        if {view.object_id for view in agenda.views if view.running} - self._busy():
            again.append(agenda.seconds + RECHECK_ELSEWHERE)
        if self._announcements.pending is not None:
            again.append(max(self._announcements.pending, agenda.seconds + self._scheduler.tick))
        self._look_again = min(again, default=None)
        self._decision = decision

    def _gather(self, done: Iterable[Done]) -> bool:
        moved = False
        for one in done:
            moved = True
            self._ends.pop(one.work.number)
            records = self._harvest.take(one)
            ended = self._home.clock.now().timestamp()
            self._confirmed |= dict.fromkeys(one.work.object_ids, ended)
            self._tell(Finished(one, records))
        return moved

    def _busy(self) -> set[int]:
        return {i for work in self._executor.running for i in work.object_ids}

    def _start(self, start: Start, now: float) -> None:
        self._number += 1
        work = Work(
            number=self._number,
            names=tuple(step.name for step in start.steps),
            object_ids=start.object_ids,
            at=self._snapshot_before(start.snapshot_before),
            reason=start.reason,
            predicted_seconds=start.predicted_seconds,
        )
        self._harvest.expect(work.number)
        self._ends[work.number] = now + start.predicted_seconds
        self._tell(Started(work))
        self._executor.start(work)

    def _snapshot_before(self, moment: float | None) -> int | None:
        if moment is None:
            return None
        before = datetime.fromtimestamp(moment, UTC) - timedelta(microseconds=1)
        return self._home.engine.snapshot_at(before).id

    def _confirm(self, agenda: Agenda, decision: Decision) -> None:
        """Put on record that nothing changed a view, twice as often as it would be refreshed.

        Where a view that it reads has another version, that takes a version of its own.
        """
        views = {view.object_id: view for view in agenda.views}
        names = []
        for start in decision.starts:
            if _works(start):
                continue
            view = views[start.object_ids[-1]]
            every = (view.target_lag or RECHECK) / 2
            if agenda.seconds - self._confirmed.get(view.object_id, -inf) < every:
                continue
            if not agenda.observed.views[view.name].moved:
                names.append(view.name)
            elif len(self._executor.running) < self._executor.slots:
                self._start(start, agenda.seconds)
            else:
                continue
            self._confirmed[view.object_id] = agenda.seconds
        if names:
            self._services.refresher.confirm(agenda.observed, names)
            self._tell(Confirmed(tuple(names)))

    def _suspend(self, agenda: Agenda, decision: Decision) -> None:
        for name in decision.suspend:
            row = agenda.observed.rows[name]
            view = next(view for view in agenda.views if view.object_id == row.id)
            own = view.failures - view.elsewhere
            newest = self._home.catalog.refreshes(object_id=row.id, limit=1)
            last = "".join(f", the last with {r.error_code}" for r in newest if r.error_code)
            reason = f"{own} scheduled refreshes failed in a row{last}"
            self._home.catalog.suspend(row.id, True, now=agenda.now, reason=reason)
            self._tell(Suspended(name, reason))

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)


def _works(start: Start) -> bool:
    return any(step.mode is not Mode.NO_DATA for step in start.steps)

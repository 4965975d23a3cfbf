"""Policies that start refreshes in a simulated world: the scheduler itself, and its rivals."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from simulation import TICK

from mlview.definitions import Name
from mlview.planning.scheduling import Mode, ScheduledView, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulation import Decides, Simulation

MODES = {"FULL": Mode.FULL, "INCREMENTAL": Mode.INCREMENTAL}
NAMES = [Name(f"m{place}") for place in range(10_000)]


class Queue(ABC):
    """A policy that starts whatever is due, in an order; subclasses say when and which.

    Stale parents go first in the same slot, so that all inputs are of one snapshot. Nothing is
    done where nothing changed.
    """

    choosing = False
    sharing = False

    @abstractmethod
    def due(self, sim: Simulation, place: int) -> float | None:
        """The sort key of a stale model that may start now; None if it may not."""

    def __call__(self, sim: Simulation) -> None:
        """Start what is due while slots are free."""
        if len(sim.runs) >= sim.slots:
            return
        now, running, asked = sim.now, sim.running, []
        for place, first in enumerate(sim.first):
            if first <= now and place not in running:
                key = self.due(sim, place)
                if key is not None:
                    asked.append((key, place))
        for _, place in sorted(asked):
            if len(sim.runs) >= sim.slots:
                break
            if place not in running:
                self._start(sim, place)

    def _start(self, sim: Simulation, place: int) -> None:
        read_at = sim.now
        stale = [p for p in sim.models[place].parents if sim.stale(p)]
        places = [place]
        if stale:
            until = min(sim.first[p] for p in stale)
            floor = max(sim.read_at[p] for p in sim.models[place].parents)
            if self.sharing and sim.first[place] < until and floor < until:
                read_at = math.nextafter(until, 0)
            else:
                places = chain(sim, place)
        parents = {p for at in places for p in sim.models[at].parents}
        readers = {reader for at in places for reader in sim.readers[at]}
        if not sim.running & {*places, *parents, *readers}:
            sim.start(places, [self._mode(sim, at, read_at) for at in places], read_at)

    def _mode(self, sim: Simulation, place: int, read_at: float) -> str:
        modes = sim.models[place].seconds(sim.pending_until(place, read_at))
        return min(modes, key=modes.__getitem__) if self.choosing else "FULL"


def chain(sim: Simulation, place: int) -> list[int]:
    """A model and its stale ancestors, parents first."""
    wanted, open_ = {place}, [place]
    while open_:
        found = [p for p in sim.models[open_.pop()].parents if sim.stale(p) and p not in wanted]
        wanted.update(found)
        open_ += found
    return sorted(wanted)


class Cron(Queue):
    """Every `part` of its target, each from a moment of its own."""

    def __init__(self, part: float) -> None:
        self.part = part
        self.last: dict[int, float] = {}

    def due(self, sim: Simulation, place: int) -> float | None:
        """The last time that its schedule has it."""
        period = self.part * sim.models[place].target
        if period == math.inf:
            return None
        phase = period * (place * 0.618 % 1)
        at = math.floor((sim.now - phase) / period) * period + phase
        return at if sim.published[place] < at and self.last.get(place) != at else None

    def _start(self, sim: Simulation, place: int) -> None:
        super()._start(sim, place)
        if place in sim.running:
            self.last[place] = self.due(sim, place) or 0.0


class EveryChange(Queue):
    """As soon as something changed."""

    def due(self, sim: Simulation, place: int) -> float | None:
        """At once."""
        return sim.first[place] if sim.models[place].target < math.inf else None


class Violated(Queue):
    """Once its promise is broken, first come first served."""

    def due(self, sim: Simulation, place: int) -> float | None:
        """Only when it is too late."""
        at = sim.deadline(place)
        return at if at <= sim.now else None


class Aligned(Queue):
    """At common moments, every 48 * 2^n seconds with the longest period that keeps its target."""

    choosing = sharing = True

    def due(self, sim: Simulation, place: int) -> float | None:
        """The last common moment of its period."""
        model = sim.models[place]
        if model.target == math.inf:
            return None
        period = 48.0 * 2 ** max(math.floor(math.log2((model.target - model.cost) / 48.0)), 0)
        at = math.floor(sim.now / period) * period
        return at if sim.read_at[place] < at and sim.first[place] <= at else None


class Deadline(Queue):
    """Just in time with room for a retry, earliest deadline first."""

    def __init__(self, *, better: bool = False) -> None:
        self.choosing = self.sharing = better

    def due(self, sim: Simulation, place: int) -> float | None:
        """Its deadline, shortly before it."""
        model, at = sim.models[place], sim.deadline(place)
        if at == math.inf or sim.now < at - 1.8 * model.cost - 2 * TICK:
            return None
        modes = model.seconds(sim.pending(place))
        cost = min(modes.values()) if self.choosing else model.cost
        return at if sim.now >= at - 1.8 * cost - 2 * TICK else None


class Alone(Deadline):
    """The relaxed bound: each model has a slot for itself, and its parents are free."""

    def __init__(self) -> None:
        super().__init__(better=True)

    def due(self, sim: Simulation, place: int) -> float | None:
        """At the last moment."""
        model, at = sim.models[place], sim.deadline(place)
        if at == math.inf or sim.now < at - 1.1 * model.cost - TICK:
            return None
        cost = min(model.seconds(sim.pending(place)).values())
        return 0.0 if sim.now >= at - 1.1 * cost - TICK else None


class Ours:
    """The scheduler itself; the views of models to which nothing happened are kept."""

    def __init__(self, slots: int) -> None:
        self.scheduler = Scheduler(slots, TICK)
        self.views: list[ScheduledView] = []

    def __call__(self, sim: Simulation) -> None:
        """Do what it decides."""
        if not self.views:
            self.views = [self._view(sim, place) for place in range(len(sim.models))]
        for place in sim.touched:
            self.views[place] = self._view(sim, place)
        sim.touched.clear()
        decision = self.scheduler.decide(
            self.views, sim.now, running=[run.until for run in sim.runs]
        )
        for start in decision.starts:
            before = start.snapshot_before
            read_at = sim.now if before is None else math.nextafter(before, 0)
            sim.start(list(start.object_ids), [str(step.mode) for step in start.steps], read_at)

    def _view(self, sim: Simulation, place: int) -> ScheduledView:
        model, pending = sim.models[place], sim.pending(place)
        seconds = model.seconds(pending) if pending else {}
        missing = None if model.limit is None or not pending else model.limit - pending
        due = missing is not None and missing <= 0
        return ScheduledView(
            place,
            NAMES[place],
            parents=model.parents,
            target_lag=model.target if model.target < math.inf else None,
            downstream=model.target == math.inf,
            weight=model.weight,
            stale_since=sim.first[place] if pending else None,
            changed_at=sim.now if pending else None,
            read_at=sim.read_at[place],
            predicted={MODES[mode]: value for mode, value in seconds.items()},
            running=place in sim.running,
            failures=sim.failures[place],
            last_failed_at=sim.failed_at[place] if sim.failures[place] else None,
            predicate_due=due,
            predicate_at=None if missing is None else self._true_at(sim, place, missing),
            gap=model.gap,
        )

    def _true_at(self, sim: Simulation, place: int, missing: int) -> float:
        """When its REFRESH WHEN became true, or will be if changes come as they do on average."""
        return sim.deadline(place) if missing <= 0 else sim.now + missing * sim.models[place].gap


CRON = "cron at the target"
ALIGNED = "aligned 2^n, shared, incremental"
DEADLINE = "deadline, sharing, modes"
OURS = "mlview"
BOUND = "relaxed bound"
POLICIES: dict[str, Callable[[int], Decides]] = {
    CRON: lambda _: Cron(1.0),
    "cron at half the target": lambda _: Cron(0.5),
    "every change": lambda _: EveryChange(),
    "first come once violated": lambda _: Violated(),
    ALIGNED: lambda _: Aligned(),
    "deadline": lambda _: Deadline(),
    DEADLINE: lambda _: Deadline(better=True),
    OURS: Ours,
    BOUND: lambda _: Alone(),
}

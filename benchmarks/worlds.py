"""Simulated worlds of models that change, and a virtual clock in which a policy refreshes them."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

TICK = 5.0
HOURS = 4.0
END = HOURS * 3600
FAILING = 0.02
READING = 0.15
KINDS = ("poisson", "bursty", "diurnal")


@dataclass
class Model:
    """One model: its target, its cost, when it changes, and how much each change changes."""

    target: float
    cost: float
    gap: float
    weight: float
    changes: list[float]
    parents: tuple[int, ...] = ()
    incremental: bool = True
    fraction: float = 0.01

    def seconds(self, pending: int) -> dict[str, float]:
        """Seconds of every mode it has, with so many changes pending."""
        found = {"FULL": self.cost}
        if self.incremental:
            found["INCREMENTAL"] = self.cost * (0.05 + 1.2 * min(self.fraction * pending, 1.0))
        return found


def changes(rng: random.Random, kind: str, gap: float) -> list[float]:
    """Commit times until the end, `gap` seconds apart on average."""
    now, found = 0.0, []
    while now < END:
        if kind == "poisson":
            now += rng.expovariate(1 / gap)
            found.append(now)
        elif kind == "bursty":
            now += rng.expovariate(1 / (8 * gap))
            found += sorted(now + rng.uniform(0, gap) for _ in range(8))
        else:
            now += rng.expovariate(2 / gap)
            if rng.random() < 0.5 + 0.5 * math.sin(2 * math.pi * now / END):
                found.append(now)
    return sorted(moment for moment in found if moment < END)


def world(
    seed: int, kind: str, count: int, slots: int, density: float, share: float
) -> list[Model]:
    """Models whose full refreshes have the given density on so many slots.

    Args:
        seed: of everything random.
        kind: how changes arrive.
        count: how many models.
        slots: how many refreshes run at once.
        density: sum of cost / (target - cost + gap) / slots.
        share: of the models that can be refreshed incrementally.
    """
    rng = random.Random(f"{seed} {kind} {count} {density}")
    models = []
    for place in range(count):
        target = rng.choice([300.0, 600.0, 900.0, 1800.0, 3600.0])
        gap = target * math.exp(rng.uniform(math.log(0.05), math.log(1.0)))
        parents = (rng.randrange(place),) if place and rng.random() < READING else ()
        own = changes(rng, kind, gap)
        below = sorted({*own, *(at for p in parents for at in models[p].changes)})
        models.append(
            Model(
                target=target,
                cost=rng.paretovariate(1.5),
                gap=END / (len(below) + 1),
                weight=rng.choice([1.0] * 7 + [3.0] * 2 + [10.0]),
                changes=below,
                parents=parents,
                incremental=rng.random() < share,
                fraction=math.exp(rng.uniform(math.log(0.001), math.log(0.05))),
            )
        )
    _scale(models, density * slots)
    return models


def _scale(models: list[Model], wanted: float) -> None:
    """Scale costs, each at most 0.4 of its target, until they are as dense as wanted."""
    drawn, low, high = [model.cost for model in models], 1e-3, 1e5
    for _ in range(60):
        middle = math.sqrt(low * high)
        for model, cost in zip(models, drawn, strict=True):
            model.cost = min(cost * middle, 0.4 * model.target)
        if sum(m.cost / (m.target - m.cost + m.gap) for m in models) > wanted:
            high = middle
        else:
            low = middle


@dataclass
class Run:
    """Models refreshed one after the other in one slot; the first is at work until `until`."""

    places: list[int]
    modes: list[str]
    read_at: float
    until: float = 0.0


@dataclass
class Simulation:
    """One world under one policy."""

    models: list[Model]
    slots: int
    seed: int
    now: float = 0.0
    runs: list[Run] = field(default_factory=list)
    worked: float = 0.0
    broken: int = 0

    def __post_init__(self) -> None:
        count = len(self.models)
        self.rng = random.Random(self.seed)
        self.read_at, self.published = [0.0] * count, [0.0] * count
        self.failures, self.failed_at = [0] * count, [-math.inf] * count
        self.late, self.stretch = [0.0] * count, [0.0] * count
        self.running: set[int] = set()
        self.first = [self._first(place) for place in range(count)]

    def _first(self, place: int) -> float:
        moments = self.models[place].changes
        at = bisect_right(moments, self.read_at[place])
        return moments[at] if at < len(moments) else math.inf

    def stale(self, place: int) -> bool:
        """Whether a change has come that its live version does not have."""
        return self.first[place] <= self.now

    def pending(self, place: int, until: float) -> int:
        """How many changes until then it does not have."""
        moments = self.models[place].changes
        return bisect_right(moments, until) - bisect_right(moments, self.read_at[place])

    def start(self, places: list[int], modes: list[str], read_at: float) -> None:
        """Begin, and count every invariant that this breaks."""
        near = {p for at in places for p in self.models[at].parents} - set(places)
        below = {at for at in self.running if set(self.models[at].parents) & set(places)}
        bad = len(self.runs) >= self.slots or self.running & {*places, *near} or below
        stale = [p for p in near if self.first[p] <= read_at or self.read_at[p] > read_at]
        self.broken += bool(bad) + bool(stale)
        run = Run(places, modes, read_at)
        self.running.update(places)
        self.runs.append(run)
        self._next(run)

    def _next(self, run: Run) -> None:
        place, mode = run.places[0], run.modes[0]
        seconds = self.models[place].seconds(self.pending(place, run.read_at))[mode]
        seconds *= self.rng.uniform(0.9, 1.1)
        self.worked += min(seconds, max(END - self.now, 0.0))
        run.until = self.now + seconds

    def finish(self) -> None:
        """Publish, or fail, what has ended by now."""
        for run in [run for run in self.runs if run.until <= self.now]:
            place = run.places.pop(0)
            run.modes.pop(0)
            self.running.discard(place)
            if self.rng.random() < FAILING:
                self.failures[place] += 1
                self.failed_at[place] = self.now
                self.running.difference_update(run.places)
                run.places = []
            else:
                self.failures[place] = 0
                self.count(place, run.until)
                self.read_at[place] = run.read_at
                self.first[place] = self._first(place)
            if run.places:
                self._next(run)
            else:
                self.runs.remove(run)

    def count(self, place: int, until: float) -> None:
        """Add the time its live version was older than its target, up to a moment."""
        target, first = self.models[place].target, self.first[place]
        self.late[place] += max(until - max(self.published[place], first + target), 0.0)
        self.stretch[place] = max(self.stretch[place], (until - first) / target)
        self.published[place] = until

    def play(self, policy: Any) -> dict[str, float]:
        """Until the end, deciding at every event but not more than once a second."""
        while self.now < END:
            self.finish()
            wake = policy(self)
            events = [run.until for run in self.runs]
            events += [at for at in self.first if at > self.now]
            if wake is not None:
                events.append(wake)
            self.now = max(min(events, default=END), self.now + 1.0)
        self.now = END
        for place in range(len(self.models)):
            self.count(place, END)
        return self._result()

    def _result(self) -> dict[str, float]:
        def share(weights: list[float]) -> float:
            together = sum(w * late for w, late in zip(weights, self.late, strict=True))
            return 100 * together / (END * max(sum(weights), 1.0))

        return {
            "violation": share([m.weight for m in self.models]),
            "heavy": share([m.weight if m.weight == 10 else 0.0 for m in self.models]),
            "compute": self.worked / (END * self.slots),
            "stretch": max(self.stretch),
            "broken": self.broken,
        }

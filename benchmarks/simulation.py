"""A virtual clock in which a policy refreshes the models of a world, and what came of it."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worlds import Model

TICK = 5.0
"""Seconds between two looks at the lake; policies decide then, and when a run ends."""
FAILING = 0.02
"""Part of the runs that fail in the end."""


class Decides(Protocol):
    """Whatever starts runs."""

    def __call__(self, simulation: Simulation) -> None:
        """Start what is to start now."""


@dataclass
class Run:
    """Models refreshed one after the other in one slot; the first is at work until `until`."""

    places: list[int]
    modes: list[str]
    read_at: float
    until: float = 0.0


class Simulation:
    """One world under one policy.

    Attributes:
        now: the moment; all models are fresh at 0.
        first: per model, the earliest change its live version does not have.
        seen: per model, how many of its changes were committed by now.
        touched: the models that are not as they were when the policy last cleared this.
        broken: how often an invariant of a refresh was broken.
    """

    def __init__(self, models: Sequence[Model], slots: int, end: float, seed: int) -> None:
        count = len(models)
        self.models, self.slots, self.end = models, slots, end
        self.rng, self.now, self.worked, self.broken = random.Random(seed), 0.0, 0.0, 0
        self.runs: list[Run] = []
        self.running: set[int] = set()
        self.readers: list[list[int]] = [[] for _ in models]
        for place, model in enumerate(models):
            for parent in model.parents:
                self.readers[parent].append(place)
        self.read_at, self.published = [0.0] * count, [0.0] * count
        self.failures, self.failed_at = [0] * count, [-math.inf] * count
        self.late, self.stretch = [0.0] * count, [0.0] * count
        self.seen, self.base = [0] * count, [0] * count
        self.touched = set(range(count))
        self.first = [self._change(place, 0) for place in range(count)]
        self._coming = [(at, place) for place, at in enumerate(self.first)]
        heapify(self._coming)

    def _change(self, place: int, number: int) -> float:
        moments = self.models[place].changes
        return moments[number] if number < len(moments) else math.inf

    def stale(self, place: int) -> bool:
        """Whether a change has come that its live version does not have."""
        return self.first[place] <= self.now

    def pending(self, place: int) -> int:
        """How many changes it does not have."""
        return self.seen[place] - self.base[place]

    def pending_until(self, place: int, until: float) -> int:
        """How many of them a snapshot at that moment has."""
        return bisect_right(self.models[place].changes, until) - self.base[place]

    def deadline(self, place: int) -> float:
        """When its promise breaks: its target lag, or REFRESH WHEN; infinite if it has none."""
        model, first = self.models[place], self.first[place]
        if model.limit is None:
            return first + model.target
        return min(first + model.target, self._change(place, self.base[place] + model.limit - 1))

    def start(self, places: list[int], modes: list[str], read_at: float) -> None:
        """Begin, and count every invariant that this breaks."""
        near = {p for at in places for p in self.models[at].parents} - set(places)
        below = {reader for at in places for reader in self.readers[at]} - set(places)
        busy = len(self.runs) >= self.slots or self.running & {*places, *near, *below}
        stale = [p for p in near if self.first[p] <= read_at or self.read_at[p] > read_at]
        self.broken += bool(busy) + bool(stale)
        run = Run(places, modes, read_at)
        self.running.update(places)
        self.touched.update(places)
        self.runs.append(run)
        self._next(run)

    def _next(self, run: Run) -> None:
        place, mode = run.places[0], run.modes[0]
        seconds = self.models[place].seconds(self.pending_until(place, run.read_at))[mode]
        seconds *= self.rng.uniform(0.9, 1.1)
        self.worked += min(seconds, max(self.end - self.now, 0.0))
        run.until = self.now + seconds

    def _notice(self) -> None:
        """Count the changes that were committed by now."""
        while self._coming[0][0] <= self.now:
            place = self._coming[0][1]
            self.seen[place] += 1
            self.touched.add(place)
            heapreplace(self._coming, (self._change(place, self.seen[place]), place))

    def _finish(self) -> None:
        """Publish, or fail, what has ended by now."""
        for run in [run for run in self.runs if run.until <= self.now]:
            place = run.places.pop(0)
            run.modes.pop(0)
            self.running.discard(place)
            self.touched.update((place, *run.places))
            if self.rng.random() < FAILING:
                self.failures[place] += 1
                self.failed_at[place] = self.now
                self.running.difference_update(run.places)
                run.places = []
            else:
                self._publish(place, run)
            if run.places:
                self._next(run)
            else:
                self.runs.remove(run)

    def _publish(self, place: int, run: Run) -> None:
        self.failures[place] = 0
        self._count(place, run.until)
        self.read_at[place] = run.read_at
        self.base[place] = bisect_right(self.models[place].changes, run.read_at)
        self.first[place] = self._change(place, self.base[place])

    def _count(self, place: int, until: float) -> None:
        """Add the time its live version broke its promise, up to a moment."""
        target, first, deadline = self.models[place].target, self.first[place], self.deadline(place)
        self.late[place] += max(until - max(self.published[place], deadline), 0.0)
        self.stretch[place] = max(self.stretch[place], (until - first) / target)
        self.published[place] = until

    def play(self, policy: Decides) -> dict[str, float]:
        """Until the end, deciding at every tick and when a run ends, at most once a second."""
        while self.now < self.end:
            self._notice()
            self._finish()
            policy(self)
            tick = (math.floor(self.now / TICK) + 1) * TICK
            self.now = max(min((run.until for run in self.runs), default=tick), self.now + 1.0)
            self.now = min(self.now, tick)
        self.now = self.end
        for place in range(len(self.models)):
            self._count(place, self.end)
        return self._result()

    def _result(self) -> dict[str, float]:
        """Violation of all and of weight 10 in %, compute as a share of the slots' time."""

        def share(weights: list[float]) -> float:
            together = sum(w * late for w, late in zip(weights, self.late, strict=True))
            return 100 * together / (self.end * max(sum(weights), 1.0))

        promised = [m.weight if m.target < math.inf else 0.0 for m in self.models]
        return {
            "violation": share(promised),
            "heavy": share([weight if weight == 10 else 0.0 for weight in promised]),
            "compute": self.worked / (self.end * self.slots),
            "stretch": max(self.stretch),
            "broken": self.broken,
        }

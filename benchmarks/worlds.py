"""Worlds of models for a scheduler: what they cost, when they change, how old they may become."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

KINDS = ("poisson", "bursty", "diurnal")
"""How changes arrive: evenly, eight at a time, or following one wave of a sine over the world."""
TARGETS = (300.0, 600.0, 900.0, 1800.0, 3600.0)
"""Target lags in seconds, all equally likely; people write round ones."""
GAPS = (0.05, 1.0)
"""Mean seconds between changes as a part of the target, log-uniform."""
FRACTIONS = (0.001, 0.05)
"""Part of its rows that each change changes, log-uniform; pending changes add up to at most 1."""
PARETO = 1.5
"""Shape of the costs, which are scaled to the wanted density and then capped."""
LONGEST = 0.4
"""The most a full refresh takes, as a part of the target: beyond 0.5 no plan keeps a target."""
WEIGHTS = (1.0,) * 7 + (3.0,) * 2 + (10.0,)
"""Priorities, all places equally likely."""
READING = 0.15
"""Part of the models that read another model, any one before them."""


@dataclass(frozen=True)
class Costs:
    """What an incremental refresh takes of a full one: `fixed + slope x changed fraction`."""

    fixed: float = 0.05
    slope: float = 1.2


@dataclass(frozen=True)
class Setting:
    """What a world is drawn from.

    Attributes:
        seed: of everything random.
        kind: how changes arrive.
        count: how many models.
        slots: how many refreshes run at once.
        end: its length in seconds.
        density: sum of cost / (target - cost + gap) of full refreshes / slots.
        incremental: part of the models that can be refreshed incrementally.
        costs: of incremental refreshes.
        mixed: part of the models with REFRESH WHEN, and of those read that are DOWNSTREAM.
    """

    seed: int
    kind: str
    count: int
    slots: int
    end: float
    density: float
    incremental: float = 0.5
    costs: Costs = Costs()
    mixed: float = 0.0


@dataclass(frozen=True)
class Model:
    """One model; durations in seconds.

    Attributes:
        target: its target lag; infinite for DOWNSTREAM.
        cost: of a full refresh.
        gap: mean between changes below it.
        weight: its priority.
        changes: commit times of all changes below it.
        parents: the places of the models it reads, all before its own.
        fraction: part of its rows that a change changes.
        incremental: what an incremental refresh takes of a full one, if it can be had.
        limit: pending changes at which its REFRESH WHEN is true.
    """

    target: float
    cost: float
    gap: float
    weight: float
    changes: tuple[float, ...]
    parents: tuple[int, ...]
    fraction: float
    incremental: Costs | None
    limit: int | None = None

    def seconds(self, pending: int) -> dict[str, float]:
        """Seconds of every mode it has, with so many changes pending."""
        found = {"FULL": self.cost}
        if self.incremental is not None:
            part = self.incremental.slope * min(self.fraction * pending, 1.0)
            found["INCREMENTAL"] = self.cost * (self.incremental.fixed + part)
        return found


def world(setting: Setting) -> list[Model]:
    """The models, parents first; other costs, modes or mixtures leave all other draws alike."""
    key = f"{setting.seed} {setting.kind} {setting.count} {setting.density}"
    rng, models = random.Random(key), []
    for place in range(setting.count):
        target = rng.choice(TARGETS)
        gap = target * _log_uniform(rng, GAPS)
        parents = (rng.randrange(place),) if place and rng.random() < READING else ()
        own = _changes(rng, setting.kind, gap, setting.end)
        below = sorted({*own, *(at for p in parents for at in models[p].changes)})
        model = Model(
            target=target,
            cost=rng.paretovariate(PARETO),
            gap=setting.end / (len(below) + 1),
            weight=rng.choice(WEIGHTS),
            changes=tuple(below),
            parents=parents,
            incremental=setting.costs if rng.random() < setting.incremental else None,
            fraction=_log_uniform(rng, FRACTIONS),
        )
        models.append(model)
    return _mixed(_scaled(models, setting.density * setting.slots), setting)


def _log_uniform(rng: random.Random, bounds: tuple[float, float]) -> float:
    return math.exp(rng.uniform(math.log(bounds[0]), math.log(bounds[1])))


def _changes(rng: random.Random, kind: str, gap: float, end: float) -> list[float]:
    """Commit times until the end, `gap` seconds apart on average."""
    now, found = 0.0, []
    while now < end:
        if kind == "poisson":
            now += rng.expovariate(1 / gap)
            found.append(now)
        elif kind == "bursty":
            now += rng.expovariate(1 / (8 * gap))
            found += sorted(now + rng.uniform(0, gap) for _ in range(8))
        else:
            now += rng.expovariate(2 / gap)
            if rng.random() < 0.5 + 0.5 * math.sin(2 * math.pi * now / end):
                found.append(now)
    return [moment for moment in found if moment < end]


def _scaled(models: list[Model], wanted: float) -> list[Model]:
    """The models with their costs scaled, and capped, until they are as dense as wanted."""
    low, high = 1e-3, 1e5
    for _ in range(60):
        middle = math.sqrt(low * high)
        costs = [min(model.cost * middle, LONGEST * model.target) for model in models]
        pairs = zip(models, costs, strict=True)
        if sum(cost / (model.target - cost + model.gap) for model, cost in pairs) > wanted:
            high = middle
        else:
            low = middle
    return [replace(model, cost=cost) for model, cost in zip(models, costs, strict=True)]


def _mixed(models: list[Model], setting: Setting) -> list[Model]:
    """Some of them with REFRESH WHEN at half the usual pending rows; some read ones DOWNSTREAM."""
    rng, read = random.Random(setting.seed), {p for model in models for p in model.parents}
    found = []
    for place, model in enumerate(models):
        when, downstream = rng.random() < setting.mixed, rng.random() < setting.mixed
        if downstream and place in read:
            found.append(replace(model, target=math.inf))
        elif when:
            found.append(replace(model, limit=max(round(0.5 * model.target / model.gap), 1)))
        else:
            found.append(model)
    return found

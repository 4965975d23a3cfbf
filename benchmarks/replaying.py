"""Living through a year again under a rule, and the best that any rule could have done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from regret import World


@dataclass(frozen=True, slots=True)
class Lived:
    """The live model on the morning of a day: what it answered since, all known by now.

    Attributes:
        world: the stream.
        model: the day it was trained.
        day: today; its rows are not seen yet.
    """

    world: World
    model: int
    day: int

    @property
    def age(self) -> int:
        """Days it has answered."""
        return self.day - self.model

    @property
    def drops(self) -> np.ndarray:
        """By day, how much worse it did than when it was trained, in nats per row."""
        lived = self.world.loss[self.model, self.model : self.day]
        return lived - self.world.scored[self.model]

    @property
    def rows(self) -> np.ndarray:
        """Rows of each of these days."""
        return self.world.rows[self.model : self.day]

    @property
    def n(self) -> int:
        """All rows since it was trained: `live_n`."""
        return int(self.rows.sum())

    @property
    def drop(self) -> float:
        """How much worse it did on all of them: `live_drop`."""
        return float(self.drops @ self.rows / max(self.n, 1))

    @property
    def yesterday(self) -> np.ndarray:
        """Its loss on each row of the last day."""
        return self.world.row_losses(self.model, self.day - 1)


Rule = Callable[[Lived], bool]
"""Whether to retrain this morning. A rule may remember; each replay makes a new one."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a rule did.

    Attributes:
        live: by day from the first, the model that answered.
        loss: by day, the log loss of all its rows together.
    """

    live: np.ndarray
    loss: np.ndarray


def replay(world: World, rule: Rule, phase: int) -> Replay:
    """Test, then train: the first model answers until `phase` days later there is a new one.

    From then on the rule is asked every morning.
    """
    first = world.stream.first
    days = np.arange(first, world.stream.days)
    live = np.full(len(days), first)
    live[phase:] = first + phase
    for at in range(phase + 1, len(days)):
        model = int(live[at - 1])
        live[at] = days[at] if rule(Lived(world, model, int(days[at]))) else model
    return _answered(world, live)


def _answered(world: World, live: np.ndarray) -> Replay:
    days = np.arange(world.stream.first, world.stream.days)
    return Replay(live, world.loss[live, days] * world.rows[days])


def oracle(world: World, most: int) -> list[Replay]:
    """The least loss with at most 0, 1, ... `most` retrains, in hindsight.

    Dynamic programming: the least loss of all days before d with k retrains is that of all days
    before some b < d with k - 1, and then of the model of day b until d.
    """
    first = world.stream.first
    rows = world.rows[first:].astype(float)
    days = len(rows)
    cost = np.nan_to_num(world.loss[first:, first:]) * rows
    since = np.concatenate([np.zeros((days, 1)), np.cumsum(cost, axis=1)], axis=1)
    later = np.arange(days + 1)[None, :] > np.arange(days)[:, None]
    later[0, 0] = True  # no days, no loss: a retrain that is not made
    best, begun = since[0], [np.zeros(days + 1, dtype=int)]
    found = [_replayed(world, begun)]
    for _ in range(most):
        tried = np.where(later, best[:days, None] + since, np.inf)
        begun.append(tried.argmin(axis=0))
        best = tried.min(axis=0)
        found.append(_replayed(world, begun))
    return found


def _replayed(world: World, begun: list[np.ndarray]) -> Replay:
    """Read the models off backwards: the last began at begun[-1][days], and so on."""
    first = world.stream.first
    end = world.stream.days - first
    live = np.full(end, first)
    for starts in reversed(begun):
        begin = int(starts[end])
        live[begin:end] = first + begin
        end = begin
    return _answered(world, live)

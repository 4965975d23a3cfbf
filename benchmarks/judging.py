"""Replays a rule in all phases and says what it won back, and which of its parameters to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from replaying import Replay, Rule, replay
from triggers import calendar, never

if TYPE_CHECKING:
    from collections.abc import Callable

    from regret import World

PHASES = range(30)
"""Days by which the first new model may be late."""
TUNED = 90
"""Days at the beginning on which parameters are chosen."""
BUDGET = 15
"""Full retrains in all days that are predicted; as many in proportion in fewer."""

Tried = dict[tuple[float, ...], dict[int, Replay]]
"""What a rule did, by its parameters and by phase."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One policy: a rule made from a parameter, which is chosen among several or given.

    Attributes:
        name: what the table calls it.
        make: the rule.
        grid: parameters; a single one is not chosen.
        every: of the phases that are replayed, where all would take too long.
    """

    name: str
    make: Callable[..., Rule]
    grid: tuple[tuple[float, ...], ...]
    every: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """Means of all phases on some days, and the least and the greatest share of one.

    Attributes:
        retrains: in as many days as the stream has to predict.
        share: of the log loss between never and daily, what was won back.
    """

    retrains: float
    share: float
    least: float
    greatest: float


class Judge:
    """Replays rules in a world, and judges what they did against never and daily."""

    def __init__(self, lived: World) -> None:
        self.lived = lived
        self.first, self.days = lived.stream.first, lived.stream.days
        self.middle = self.first + TUNED
        self.never = {0: replay(lived, never, 0)}
        self.daily = {0: replay(lived, calendar(1), 0)}

    def replays(self, one: Candidate, given: tuple[float, ...]) -> dict[int, Replay]:
        """What a rule does, by phase."""
        return {
            phase: replay(self.lived, one.make(*given), phase) for phase in PHASES[:: one.every]
        }

    def outcome(self, done: dict[int, Replay], first: int, end: int) -> Outcome:
        """What replays come to on the days from `first` to before `end`."""
        on = slice(first - self.first, end - self.first)
        worst, best = self.never[0].loss[on].sum(), self.daily[0].loss[on].sum()
        counts, shares = [], []
        for one in done.values():
            new = np.diff(one.live, prepend=one.live[0]) > 0
            counts.append(new[on].mean() * (self.days - self.first))
            shares.append(float((worst - one.loss[on].sum()) / (worst - best)))
        return Outcome(float(np.mean(counts)), float(np.mean(shares)), min(shares), max(shares))

    def late(self, done: dict[int, Replay]) -> Outcome:
        """On the days on which nothing was chosen."""
        return self.outcome(done, self.middle, self.days)

    def whole(self, done: dict[int, Replay]) -> Outcome:
        """On all days."""
        return self.outcome(done, self.first, self.days)

    def losses(self) -> tuple[float, float]:
        """Log loss per row of never and of daily."""
        rows = self.lived.rows[self.first :].sum()
        return float(self.never[0].loss.sum() / rows), float(self.daily[0].loss.sum() / rows)

    def best(self, tried: Tried, first: int, end: int) -> tuple[float, ...]:
        """The parameters that lost least on some days, at the budget's rate; else the cheapest."""
        found = {given: self.outcome(done, first, end) for given, done in tried.items()}
        within = [given for given in found if found[given].retrains <= BUDGET]
        if within:
            return min(within, key=lambda given: self._lost(tried[given], first, end))
        return min(found, key=lambda given: found[given].retrains)

    def _lost(self, done: dict[int, Replay], first: int, end: int) -> float:
        on = slice(first - self.first, end - self.first)
        return float(np.mean([one.loss[on].sum() for one in done.values()]))

"""What a slot is worth to a view, and how late is too late: the seam for other objectives."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mlview.planning.scheduling.views import ScheduledView

MOMENT = 1e-3
"""Seconds below which a cost or a target makes no difference."""


class Policy(Protocol):
    """An objective of the scheduler."""

    @property
    def room(self) -> float:
        """A view starts this many times its cost before its deadline."""

    @property
    def patience(self) -> float:
        """How many targets old a view may become: it goes first where it must, not to be older."""

    def standing(self, weight: float) -> float:
        """What a view of that weight counts for where somebody has to be late."""

    def worth(self, *, weight: float, target: float, cost: float, gap: float) -> float:
        """What a second of a slot is worth to a view. All but the weight are seconds."""

    def retry_after(self, failures: int, tick: float) -> float:
        """Seconds to wait after so many failures in a row."""

    def pays(self, view: ScheduledView, cost: float, now: float) -> bool:
        """Whether a stale view of known live quality is to be refreshed at all."""


@dataclass(frozen=True, slots=True)
class SlaPolicy:
    """Least weighted time in violation, then least compute, then least mean age.

    A view is worth `w^1.5 (A - c + gap) / c`: the time that one run keeps it within its target, per
    second of the run. Weights count for more than themselves so that a slow view of a high one is
    not late for the sake of many quick ones of a low one. Who is late already is not worth more for
    that: another second of lateness costs the same as the first, and nobody becomes older than the
    policy has patience for.

    Attributes:
        room: how many times what a run is expected to take is left for it before a deadline. More
            than 1 because runs take longer, fail, or wait for others; more of it is more runs.
        patience: how many targets old a view may become. More of it keeps the weighty in time
            under overload; 9 leaves something for runs that fail or take longer than expected.
        longest_pause: the bound of the exponential backoff, in seconds.

    >>> SlaPolicy().worth(weight=4, target=60, cost=10, gap=0)
    40.0
    """

    room: float = 1.5
    patience: float = 9.0
    longest_pause: float = 3600.0

    def standing(self, weight: float) -> float:
        """The weight to the power of 1.5, as in what a second is worth."""
        return weight * sqrt(weight)

    def worth(self, *, weight: float, target: float, cost: float, gap: float) -> float:
        """What a second of a slot is worth to a view."""
        kept = max(target - cost + gap, MOMENT)
        return weight * sqrt(weight) * kept / (cost or MOMENT)

    def retry_after(self, failures: int, tick: float) -> float:
        """One tick, doubled with every further failure."""
        return float(min(max(tick, MOMENT) * 2.0 ** min(failures - 1, 60), self.longest_pause))

    def pays(self, view: ScheduledView, cost: float, now: float) -> bool:
        """Always: a target lag is a promise, whatever the model's quality."""
        del view, cost, now
        return True

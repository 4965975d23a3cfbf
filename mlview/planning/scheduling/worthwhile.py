"""Refreshing models only when their quality on new rows says that it pays."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

from mlview.planning.scheduling.policies import Policy, SlaPolicy

if TYPE_CHECKING:
    from mlview.planning.scheduling.views import ScheduledView


@dataclass(frozen=True, slots=True)
class CostAware:
    """Spends runs where live quality pays for them; for the rest another policy decides.

    A model loses quality from the day it was trained, and a run buys it back. If the loss grows
    evenly, quality lost and seconds spent are together least when the model runs again as soon as
    what was lost since has reached what a run costs: the rule of the economic order quantity. The
    drop is a mean over the rows that came since, so what was lost is `drop x age`; it is taken at
    the lower end of its interval, so that few rows or noise buy nothing.
    Source: F. W. Harris, How many parts to make at once, Factory 10 (1913).

    Views of unknown quality keep their target, and so does a view whose REFRESH WHEN is true.
    Once it is `longest` targets old a view is refreshed in any case.

    Attributes:
        price: seconds of a slot that one unit of the metric, lost for one second, is worth. At 1 a
            model that was 0.02 worse over a day is worth a run of up to 1,728 s.
        spread: standard deviation of the metric from row to row; 0.5 is the most for a share.
        sureness: how many standard errors the drop has to be above 0.
        longest: targets old.
        base: what a slot is worth to a view, and when it is started.

    >>> from mlview.definitions import Name
    >>> def pays(drop, n):
    ...     view = ScheduledView(1, Name("m"), target_lag=3600.0, stale_since=0.0, read_at=0.0,
    ...                          live_drop=drop, live_n=n)
    ...     return CostAware(price=1.0).pays(view, cost=60.0, now=7200.0)
    >>> from mlview.planning.scheduling import ScheduledView
    >>> pays(0.05, 10_000), pays(0.05, 100), pays(0.001, 10_000)
    (True, False, False)
    """

    price: float = 1.0
    spread: float = 0.5
    sureness: float = 1.0
    longest: float = 30.0
    base: Policy = field(default_factory=SlaPolicy)

    @property
    def room(self) -> float:
        """As the other policy has it."""
        return self.base.room

    @property
    def patience(self) -> float:
        """As the other policy has it."""
        return self.base.patience

    def standing(self, weight: float) -> float:
        """As the other policy has it."""
        return self.base.standing(weight)

    def worth(self, *, weight: float, target: float, cost: float, gap: float) -> float:
        """As the other policy has it."""
        return self.base.worth(weight=weight, target=target, cost=cost, gap=gap)

    def retry_after(self, failures: int, tick: float) -> float:
        """As the other policy has it."""
        return self.base.retry_after(failures, tick)

    def pays(self, view: ScheduledView, cost: float, now: float) -> bool:
        """Whether what its quality lost since it was trained is worth a run by now."""
        if not self.base.pays(view, cost, now):
            return False
        if view.live_drop is None or view.predicate_due or view.stale_since is None:
            return True
        lag = view.target_lag
        if lag is not None and now - view.stale_since >= self.longest * lag:
            return True
        drop = view.live_drop - self.sureness * self.spread / sqrt(max(view.live_n, 1))
        return drop > 0 and self.price * drop * (now - view.read_at) >= cost

"""How long one decision of the scheduler takes, for thousands of views."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from rivals import NAMES
from simulation import TICK
from worlds import Setting, world

from mlview.planning.scheduling import Mode, ScheduledView, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def views_of(count: int, *, stale_of: int, scale: float) -> list[ScheduledView]:
    """As many views, every `stale_of`-th stale for up to 25 minutes; costs scaled from a world's.

    One in seven reads the one before it.
    """
    models, views = world(Setting(7, "poisson", 50, 8, 14_400.0, 0.8)), []
    for place in range(count):
        model, stale = models[place % 50], place % stale_of == 0
        predicted = {Mode.FULL: scale * model.cost, Mode.INCREMENTAL: scale / 4 * model.cost}
        views.append(
            ScheduledView(
                place,
                NAMES[place],
                parents=(place - 1,) if place % 7 == 1 else (),
                target_lag=model.target,
                weight=model.weight,
                stale_since=float(-(place % 1500)) if stale else None,
                changed_at=0.0 if stale else None,
                read_at=-1600.0,
                predicted=predicted,
                gap=model.gap,
            )
        )
    return views


def decision_milliseconds(views: Sequence[ScheduledView]) -> float:
    """Milliseconds of the processor that one decision takes, the best of many."""
    scheduler = Scheduler(8, TICK)
    return _best(lambda: scheduler.decide(views, 0.0))


def pass_milliseconds(views: Sequence[ScheduledView]) -> float:
    """The same for adding up one number of each view, which no decision can be faster than."""
    return _best(lambda: sum(view.gap for view in views))


def _best(call: Callable[[], object], times: int = 15) -> float:
    best = math.inf
    for _ in range(times):
        started = time.process_time()
        call()
        best = min(best, time.process_time() - started)
    return 1000 * best

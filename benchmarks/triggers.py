"""Rules that say when to retrain, from what was seen of the live model's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from replaying import Lived, Rule


def never(_: Lived) -> bool:
    """Keep the model."""
    return False


def calendar(days: float) -> Rule:
    """Every so many days."""
    return lambda live: live.age >= days


def detector(make: Callable[[], object], pieces: int | None = None) -> Rule:
    """When a drift detector of river fires on the losses of yesterday; then a new one begins.

    Args:
        make: the detector.
        pieces: of a day that it is shown the means of; row by row if not given.
    """
    watching = make()

    def fired(live: Lived) -> bool:
        nonlocal watching
        shown = live.yesterday
        if pieces is not None and len(shown) > pieces:
            shown = np.array([part.mean() for part in np.array_split(shown, pieces)])
        found = False
        for loss in shown.tolist():
            watching.update(loss)
            found = found or watching.drift_detected
        if found:
            watching = make()
        return found

    return fired


def adwin(delta: float, pieces: int | None = None) -> Rule:
    """Adaptive windowing: A. Bifet, R. Gavaldà, SIAM Data Mining (2007)."""
    from river.drift import ADWIN

    return detector(lambda: ADWIN(delta=delta), pieces)


def page_hinkley(threshold: float, pieces: int | None = None) -> Rule:
    """E. S. Page, Biometrika 41 (1954), for a rise of the mean."""
    from river.drift import PageHinkley

    return detector(lambda: PageHinkley(threshold=threshold, mode="up"), pieces)


def cara_threshold(tau: float) -> Rule:
    """CARA-T: when the last batch, a day, was this much worse than training.

    A. Mahadevan, M. Mathioudakis, Cost-aware retraining for machine learning, Knowledge-Based
    Systems 293 (2024); its calendar, CARA-P, is `calendar`, all with a parameter found offline.
    """
    return lambda live: live.age > 0 and live.drops[-1] >= tau


def cara_cumulative(tau: float) -> Rule:
    """CARA-CT: when what the batches since training were worse, without those better, adds up."""
    return lambda live: live.age > 0 and np.maximum(live.drops, 0.0).sum() >= tau


def regret(tau: float) -> Rule:
    """When what was lost since training, good days against bad, adds up to so many nat-days."""
    return lambda live: live.age > 0 and live.drops.sum() >= tau


def predicate(above: float) -> Rule:
    """mlview: REFRESH WHEN (live_drop > above)."""
    return lambda live: live.age > 0 and live.drop > above


def predicate_or_old(above: float, days: float) -> Rule:
    """mlview: REFRESH WHEN (live_drop > above OR lag_sec > days * 86400)."""
    return lambda live: live.age >= days or (live.age > 0 and live.drop > above)


def lost_or_old(above: float, days: float) -> Rule:
    """mlview: REFRESH WHEN (live_drop * lag_sec > above * 86400 OR lag_sec > days * 86400)."""
    return lambda live: live.age >= days or (live.age > 0 and live.drop * live.age > above)


def cost_aware(price: float, longest: float) -> Rule:
    """mlview: the policy `CostAware` with a target lag of a day, a run costing one unit.

    Args:
        price: units that a nat per row, lost for a day, is worth.
        longest: days until it is refreshed in any case.
    """
    from mlview.definitions import Name
    from mlview.planning.scheduling import ScheduledView
    from mlview.planning.scheduling.worthwhile import CostAware

    policy, name = CostAware(price=price, longest=longest), Name("m")

    def pays(live: Lived) -> bool:
        if not live.age:
            return False
        view = ScheduledView(
            object_id=1,
            name=name,
            target_lag=1.0,
            stale_since=float(live.model),
            read_at=float(live.model),
            live_drop=live.drop,
            live_n=live.n,
        )
        return policy.pays(view, 1.0, float(live.day))

    return pays

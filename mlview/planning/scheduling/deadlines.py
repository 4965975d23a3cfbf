"""When each view has to be published again, for its own sake and for its readers'."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlview.planning.scheduling.views import ScheduledView


def deadlines(
    views: Sequence[ScheduledView],
    costs: Sequence[float],
    places: Mapping[int, int],
    now: float,
    *,
    unpaid: Collection[int] = (),
) -> list[float]:
    """Each view's deadline in seconds; infinite while nobody waits for it.

    A view's own is `stale_since + target_lag`, or the moment its REFRESH WHEN becomes true if that
    is earlier. A parent's is no later than a reader's less what the reader then still costs.

    Args:
        views: parents first.
        costs: seconds each would take.
        places: where in `views` each object is.
        now: a predicate that is true since nobody knows when is due now.
        unpaid: the places of those that are not worth a run for their own sake.
    """
    due = [inf if view.stale_since is None else _own(view, now) for view in views]
    for place in unpaid:
        due[place] = inf
    reading = [place for place, view in enumerate(views) if view.parents]
    for place in reversed(reading):
        latest = due[place] - costs[place]
        if latest == inf:
            continue
        for parent in views[place].parents:
            at = places.get(parent)
            if at is not None and latest < due[at] and not views[at].suspended:
                due[at] = latest
    return due


def _own(view: ScheduledView, now: float) -> float:
    if view.suspended or view.stale_since is None:
        return inf
    own = inf if view.target_lag is None or view.downstream else view.stale_since + view.target_lag
    if view.predicate_due or view.predicate_at is not None:
        at = now if view.predicate_at is None else view.predicate_at
        return min(own, at)
    return own

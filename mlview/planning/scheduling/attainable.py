"""Whether the targets can be met at all: spacing, density, and who will be late."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from mlview.planning.scheduling.policies import MOMENT, Policy, SlaPolicy
from mlview.planning.scheduling.views import cheapest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.definitions import Name
    from mlview.planning.scheduling.views import ScheduledView

TIGHT = 0.83
"""Share of the slots above which targets are met only with luck (spacing is not preemptible)."""
FULL = 1.0


@dataclass(frozen=True, slots=True)
class Attainability:
    """What the targets ask of the slots.

    Attributes:
        density: share of all slots that meeting every target takes.
        late: who will be late, the least worth of a slot first.
        effective: the targets in seconds that late views will have instead.
        warnings: for people, with names and numbers.
    """

    density: float
    late: tuple[Name, ...] = ()
    effective: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()


def density(target: float, cost: float, gap: float) -> float:
    """Share of one slot that keeping a view within its target takes; infinite if nothing can.

    From one start to the next at most `target - cost` may pass after the next change.

    >>> density(60, 10, 50)
    0.1
    """
    spacing = target - cost + gap
    return cost / spacing if target > cost and spacing > 0 else inf if cost > 0 else 0.0


def attainability(
    views: Sequence[ScheduledView], slots: int, policy: Policy | None = None
) -> Attainability:
    """What the views' targets ask of so many slots, and what comes of it.

    Nothing is refused for being slow: warnings say who will be late and by how much. Views beyond
    their own reach are counted as running all the time.

    Args:
        views: all that are scheduled; a DOWNSTREAM view asks for what its tightest reader does.
        slots: refreshes that may run at once, at least 1.
        policy: who is worth least; SlaPolicy if not given.
    """
    targets = _targets(views)
    asking = [
        (view, targets[view.object_id], cheapest(view))
        for view in views
        if view.object_id in targets and not view.suspended
    ]
    shares = [min(density(target, cost, view.gap), FULL) for view, target, cost in asking]
    used = sum(shares) / slots
    late = _beyond_reach(asking)
    if used > FULL:
        late |= _crowded_out(asking, shares, slots, policy or SlaPolicy(), late)
    stretch = _stretch(asking, shares, slots, late)
    warnings = [*_impossible(asking), *_tighter_than_parents(views)]
    names = ", ".join(str(view.name) for view, _, _ in asking if view.object_id in late)
    if used > FULL:
        warnings.append(
            f"the targets take {used:.2f} of {slots} slots' time and cannot all be met: "
            f"late will be {names}"
        )
    elif used > TIGHT:
        warnings.append(
            f"the targets take {used:.2f} of {slots} slots' time; above {TIGHT} some may be late"
        )
    return Attainability(
        density=used,
        late=tuple(view.name for view, _, _ in asking if view.object_id in late),
        effective=tuple(
            max(stretch * target, cost) for view, target, cost in asking if view.object_id in late
        ),
        warnings=tuple(warnings),
    )


_Asking = tuple["ScheduledView", float, float]


def _targets(views: Sequence[ScheduledView]) -> Mapping[int, float]:
    """The tightest target that is asked of each view, its readers' less their cost included."""
    targets: dict[int, float] = {}
    for view in reversed(views):
        own = inf if view.target_lag is None or view.downstream else view.target_lag
        target = min(own, targets.get(view.object_id, inf))
        if target == inf:
            continue
        targets[view.object_id] = target
        for parent in view.parents:
            targets[parent] = min(targets.get(parent, inf), max(target - cheapest(view), 0.0))
    return targets


def _beyond_reach(asking: Sequence[_Asking]) -> set[int]:
    return {view.object_id for view, target, cost in asking if cost >= target and cost > 0}


def _crowded_out(
    asking: Sequence[_Asking],
    shares: Sequence[float],
    slots: int,
    policy: Policy,
    late: set[int],
) -> set[int]:
    """Who has to give way until the others fit, those worth least first."""
    worth = [
        policy.worth(weight=view.weight, target=target, cost=cost, gap=view.gap)
        for view, target, cost in asking
    ]
    used = sum(
        share
        for (view, _, _), share in zip(asking, shares, strict=True)
        if view.object_id not in late
    )
    out: set[int] = set()
    for place in sorted(range(len(asking)), key=worth.__getitem__):
        if used <= slots:
            break
        if asking[place][0].object_id not in late:
            out.add(asking[place][0].object_id)
            used -= shares[place]
    return out


def _stretch(
    asking: Sequence[_Asking], shares: Sequence[float], slots: int, late: set[int]
) -> float:
    """How many times their targets the late views share what the others leave."""
    asked = left = 0.0
    for (view, _, _), share in zip(asking, shares, strict=True):
        if view.object_id in late:
            asked += share
        else:
            left += share
    return max(asked / max(slots - left, MOMENT), 1.0)


def _impossible(asking: Sequence[_Asking]) -> list[str]:
    return [
        f"{view.name}: a refresh takes about {cost:.3g} s, its target lag is {target:.3g} s; "
        f"it will always be late"
        for view, target, cost in asking
        if cost >= target and cost > 0
    ]


def _tighter_than_parents(views: Sequence[ScheduledView]) -> list[str]:
    by_id = {view.object_id: view for view in views}
    return [
        f"{view.name}: its target lag of {view.target_lag:.3g} s is tighter than the "
        f"{parent.target_lag:.3g} s of {parent.name}, which is therefore refreshed more often"
        for view in views
        for parent in (by_id[p] for p in view.parents if p in by_id)
        if view.target_lag is not None
        and not view.downstream
        and parent.target_lag is not None
        and not parent.downstream
        and view.target_lag < parent.target_lag
    ]

"""Who has to start by now, and in whose turn: those in time first, those worth least last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlview.planning.scheduling.admission import crowded_out, demand
from mlview.planning.scheduling.policies import MOMENT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlview.planning.scheduling.policies import Policy
    from mlview.planning.scheduling.scene import Scene

TICKS = 2
"""Ticks of the clock to be ahead by: one to notice, one to publish."""

RUNS = 3
"""Nobody is fresher than a run takes; held to less than three, the slow would always go first."""


AHEAD = 0.5
"""Part of the patience: so long before it ends a view is counted among those that run out of it."""

YIELDED = 0.5
"""Part of the slots that those are spread over."""


class Asked(NamedTuple):
    """Who may start at a moment.

    Attributes:
        places: those that have to start by now, alone or as one of a group, by deadline.
        later: when each of the others has to, at the latest, by place.
        wake_at: the first moment at which time alone adds to them; None if none does.
    """

    places: tuple[int, ...]
    later: Mapping[int, float]
    wake_at: float | None


def asked(
    scene: Scene,
    policy: Policy,
    *,
    tick: float,
    slots: int,
    load: float,
    retries: Mapping[int, float],
) -> Asked:
    """Those who have to start by now to be in time, and when the others will have to.

    Args:
        scene: everything.
        policy: how much room to leave before a deadline.
        tick: seconds between two looks at the clock.
        slots: how many work.
        load: seconds of work that is running.
        retries: when each place that has failed may be tried again.
    """
    now, due, costs, spare = scene.now, scene.due, scene.costs, TICKS * tick
    found = demand(
        scene.pending, due=due, costs=costs, now=now, load=load, slots=slots, spare=spare
    )
    room, latest, urgent = policy.room, now + MOMENT, set(scene.pending[: found.urgent])
    places, later = [], {}
    for place in scene.pending:
        start = due[place] - room * costs[place] - spare
        if retries and retries.get(place, now) > now:
            later[place] = retries[place]
        elif start <= latest or place in urgent:
            places.append(place)
        else:
            later[place] = start
    wake_at = min(later.values(), default=None)
    if found.wake_in is not None:
        wake_at = now + found.wake_in if wake_at is None else min(wake_at, now + found.wake_in)
    return Asked(tuple(places), later, wake_at)


class Turns(NamedTuple):
    """In whose turn slots are given out.

    Attributes:
        order: the places.
        neglected: those of them, the first, that would become older than a policy has patience
            for if they did not start now, alone or as one of a group.
        patient_until: when each that is late has to start not to become neglected.
        out: those given up so that others are in time.
        targets: how old each may become, in seconds.
    """

    order: tuple[int, ...]
    neglected: Collection[int]
    patient_until: Mapping[int, float]
    out: Collection[int]
    targets: Mapping[int, float]


def turns(scene: Scene, policy: Policy, places: Sequence[int], *, slots: int, load: float) -> Turns:
    """The neglected, most pressing first; the late by worth; the kept by deadline; others by worth.

    Args:
        scene: everything.
        policy: what a slot is worth to a view, and how long one may be neglected.
        places: those that have to start by now, by deadline.
        slots: how many work.
        load: seconds of work that is running.
    """
    now, due, costs = scene.now, scene.due, scene.costs
    targets, until, worth = _judged(scene, policy, places)
    out = crowded_out(places, due=due, costs=costs, worth=worth, now=now, load=load, slots=slots)
    neglected = _neglected(scene, policy, until, targets, slots=slots)
    first = frozenset(neglected)
    late, kept, dropped = [], [], []
    for place in places:
        if place in first:
            continue
        if place in out:
            dropped.append(place)
        elif due[place] - costs[place] < now:
            late.append(place)
        else:
            kept.append(place)
    late.sort(key=worth.__getitem__, reverse=True)
    dropped.sort(key=worth.__getitem__, reverse=True)
    return Turns((*neglected, *late, *kept, *dropped), first, until, out, targets)


def _neglected(
    scene: Scene,
    policy: Policy,
    until: Mapping[int, float],
    targets: Mapping[int, float],
    *,
    slots: int,
) -> list[int]:
    """Who has to start by now not to become too old, most pressing first.

    Views that became late together run out of patience together. They begin once part of the slots
    is no longer enough for all of them, so that the weighty keep the other part meanwhile.
    """
    now, ahead, whole = scene.now, AHEAD * policy.patience, scene.whole
    near = [place for place, at in until.items() if at - now <= ahead * targets[place]]
    near.sort(key=until.__getitem__)
    count, work, share = 0, 0.0, YIELDED * slots
    for position, place in enumerate(near):
        if until[place] - now <= work / share:
            count = position + 1
        work += whole[place]
    return near[:count]


def _judged(
    scene: Scene, policy: Policy, places: Sequence[int]
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """Of each place its target, until when it can be patient if it is late, and its worth.

    It is as old as it may be at `patience` times its own target, whatever its readers ask for: they
    bring it along. It has to start what a run takes, with room for a retry, before that.
    """
    views, whole, due, now, readers = scene.views, scene.whole, scene.due, scene.now, scene.readers
    patience, room, worth_of = policy.patience, policy.room, policy.worth
    targets, until, worth = {}, {}, {}
    for place in places:
        view, seconds = views[place], whole[place]
        targets[place] = target = scene.target(place)
        if due[place] <= now:
            own = target if view.target_lag is None or view.downstream else view.target_lag
            oldest = max(patience * own, RUNS * seconds)
            since = now if view.stale_since is None else view.stale_since
            until[place] = since + oldest - room * seconds
        worth[place] = worth_of(
            weight=scene.weight(place) if view.object_id in readers else view.weight,
            target=target,
            cost=scene.seconds(place) if view.parents else seconds,
            gap=view.gap,
        )
    return targets, until, worth

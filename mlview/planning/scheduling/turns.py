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
    wakes = list(later.values())
    if found.wake_in is not None:
        wakes.append(now + found.wake_in)
    return Asked(tuple(places), later, min(wakes, default=None))


class Turns(NamedTuple):
    """In whose turn slots are given out.

    Attributes:
        order: the places.
        neglected: those of them, the first, that are older than a policy has patience for.
        out: those given up so that others are in time.
        targets: how old each may become, in seconds.
    """

    order: tuple[int, ...]
    neglected: Collection[int]
    out: Collection[int]
    targets: Mapping[int, float]


def turns(scene: Scene, policy: Policy, places: Sequence[int], *, slots: int, load: float) -> Turns:
    """The longest neglected; the late by worth; the kept by deadline; the others by worth.

    Args:
        scene: everything.
        policy: what a slot is worth to a view, and how long one may be neglected.
        places: those that have to start by now, by deadline.
        slots: how many work.
        load: seconds of work that is running.
    """
    now, due, costs = scene.now, scene.due, scene.costs
    targets = {place: scene.target(place) for place in places}
    worth = _worth(scene, policy, targets)
    out = crowded_out(places, due=due, costs=costs, worth=worth, now=now, load=load, slots=slots)
    neglected, late, kept, dropped = [], [], [], []
    for place in places:
        at = due[place]
        if at <= now and scene.age(place) > policy.patience * targets[place]:
            neglected.append(place)
        elif place in out:
            dropped.append(place)
        elif at - costs[place] < now:
            late.append(place)
        else:
            kept.append(place)
    neglected.sort(key=lambda place: scene.age(place) / targets[place], reverse=True)
    late.sort(key=worth.__getitem__, reverse=True)
    dropped.sort(key=worth.__getitem__, reverse=True)
    order = (*neglected, *late, *kept, *dropped)
    return Turns(order, frozenset(neglected), out, targets)


def _worth(scene: Scene, policy: Policy, targets: Mapping[int, float]) -> dict[int, float]:
    """What a second of a slot is worth to each place."""
    views, now, found = scene.views, scene.now, {}
    worth, due, readers = policy.worth, scene.due, scene.readers
    for place, target in targets.items():
        view = views[place]
        late = now - due[place]
        found[place] = worth(
            weight=scene.weight(place) if view.object_id in readers else view.weight,
            target=target,
            cost=scene.seconds(place) if view.parents else scene.costs[place],
            gap=view.gap,
            late=max(0.0, late),
        )
    return found

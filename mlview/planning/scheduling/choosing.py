"""What one start would be: which views, from which snapshot, in which modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.planning.scheduling.decisions import Start, Step
from mlview.planning.scheduling.policies import MOMENT
from mlview.planning.scheduling.views import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.planning.scheduling.scene import Scene
    from mlview.planning.scheduling.views import ScheduledView


@dataclass(frozen=True, slots=True)
class Option:
    """Places to refresh in one slot, parents first, and the snapshot they read."""

    places: tuple[int, ...]
    snapshot_before: float | None
    seconds: float
    price: float


def choose(scene: Scene, place: int, ready: Callable[[int], bool]) -> Option | None:
    """The cheapest consistent way to bring a view forward now; None if there is none.

    Its parents' versions are all right from the newest of their snapshots until the earliest of
    their later changes. A snapshot in there costs only the view itself, and the part of its next
    run that comes sooner; the newest one costs its stale ancestors as well. Sharing what is there
    is a price, not a rule.

    Args:
        scene: everything.
        place: the view.
        ready: whether a place may start at all.
    """
    if not ready(place):
        return None
    stale = _stale_parents(scene, place)
    if not stale:
        cost = scene.costs[place]
        return Option((place,), None, cost, cost)
    options = [found for found in (_shared(scene, place), _chain(scene, place, ready)) if found]
    return min(options, key=lambda option: option.price, default=None)


def started(scene: Scene, option: Option, reason: str) -> Start:
    """The start that an option is."""
    steps = tuple(_step(scene.views[at], scene.costs[at]) for at in option.places)
    deadline = scene.due[option.places[-1]]
    return Start(steps, option.snapshot_before, reason, option.seconds, deadline)


def _step(view: ScheduledView, cost: float) -> Step:
    mode = min(view.predicted, key=view.predicted.__getitem__, default=Mode.FULL)
    return Step(view.object_id, view.name, mode, cost)


def _stale_parents(scene: Scene, place: int) -> list[int]:
    found = (scene.places.get(parent) for parent in scene.views[place].parents)
    return [at for at in found if at is not None and scene.views[at].stale_since is not None]


def _shared(scene: Scene, place: int) -> Option | None:
    """From what its parents have, if that has a change in it for the view."""
    until = scene.shared_until(place)
    if until is None:
        return None
    view, cost = scene.views[place], scene.costs[place]
    missed = max((scene.now if view.changed_at is None else view.changed_at) - until, 0.0)
    sooner = cost * missed / max(scene.target(place) - cost + view.gap, MOMENT)
    return Option((place,), until, cost, cost + sooner)


def _chain(scene: Scene, place: int, ready: Callable[[int], bool]) -> Option | None:
    """From the newest snapshot, its stale ancestors first."""
    below = stale_below(scene, place)
    if not all(ready(at) for at in below):
        return None
    seconds = scene.costs[place] + sum(scene.costs[at] for at in below)
    return Option((*below, place), None, seconds, seconds)


def stale_below(scene: Scene, place: int) -> tuple[int, ...]:
    """The stale views that a view reads, and the stale ones that they read, parents first."""
    found: set[int] = set()
    open_ = [place]
    while open_:
        new = [at for at in _stale_parents(scene, open_.pop()) if at not in found]
        found.update(new)
        open_ += new
    return tuple(sorted(found))

"""Who waits, who will be late and how late, by name and with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.planning.scheduling.decisions import Shed, Waiting

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlview.definitions import Name
    from mlview.planning.scheduling.scene import Scene
    from mlview.planning.scheduling.turns import Asked, Turns
    from mlview.planning.scheduling.views import ScheduledView

_NOT_DUE = "not due yet"
NAMED = 20
"""So many late views are named in one warning; `shed` has them all."""


def shed(
    scene: Scene, turns: Turns, *, begun: Collection[int], work: float, slots: int
) -> tuple[Shed, ...]:
    """Those that do not start and cannot be in time any more, in their turn.

    Where nobody has a target lag, a REFRESH WHEN alone makes a view due and nothing makes it late.

    Args:
        scene: everything.
        turns: who is asked, and given up.
        begun: the objects that start.
        work: seconds of work that is running or starts.
        slots: how many work.
    """
    views, costs, due, now = scene.views, scene.costs, scene.due, scene.now
    out, targets = turns.out, turns.targets
    left = [place for place in turns.order if views[place].object_id not in begun]
    crowded = f"{len(left)} more are due than {slots} slots can run in time"
    found = []
    for place in left:
        view, cost = views[place], costs[place]
        if not _is_promised(scene, place):
            work += cost
            continue
        if place in out:
            why = crowded
        elif due[place] < now + cost:
            why = "it is late already"
        else:
            work += cost
            continue
        reach, target = scene.age(place) + work / slots + cost, targets[place]
        work += cost
        found.append(Shed(view.object_id, view.name, why, max(target, reach)))
    return tuple(found)


def _is_promised(scene: Scene, place: int) -> bool:
    """Whether a view has a target lag to be late for, its own or a reader's."""
    seen, open_ = {place}, [place]
    while open_:
        at = open_.pop()
        view = scene.views[at]
        if view.target_lag is not None and not view.downstream and not view.suspended:
            return True
        new = set(scene.readers.get(view.object_id, ())) - seen
        seen |= new
        open_ += new
    return False


def waiting(
    scene: Scene,
    asked: Asked,
    retries: Mapping[int, float],
    *,
    begun: Collection[int],
    free: int,
) -> tuple[Waiting, ...]:
    """All that have something to do and do not start, and why: first those that should.

    Args:
        scene: everything.
        asked: who should start by now, and when the others have to.
        retries: when each place that has failed may be tried again.
        begun: the objects that start.
        free: slots that are still free.
    """
    views, blocked, found = scene.views, scene.blocked, []
    refused = "a view that it reads cannot be refreshed now" if free else "no slot is free"
    for place in asked.places:
        view = views[place]
        if view.object_id not in begun:
            near = view.object_id in blocked
            why = "what it reads, or reads it, goes first" if near else refused
            if view.predicate_due and not _is_promised(scene, place):
                why = f"its REFRESH WHEN is true, so it is due; {why}"
            found.append(Waiting(view.object_id, view.name, why, None))
    found += [
        Waiting(
            view.object_id,
            view.name,
            _why_later(view, place, wake, retries) if view.failures else _NOT_DUE,
            wake,
        )
        for place, wake in asked.later.items()
        if (view := views[place]).object_id not in begun
    ]
    for place in scene.unpaid:
        view = views[place]
        if view.object_id not in begun and not view.running:
            why = f"its live quality, {view.live_drop:+.3g} worse, does not pay for a run"
            found.append(Waiting(view.object_id, view.name, why, None))
    return tuple(found)


def _why_later(view: ScheduledView, place: int, wake: float, retries: Mapping[int, float]) -> str:
    if retries.get(place) == wake:
        return f"failed {view.failures} times in a row"
    return _NOT_DUE


def warnings(late: Sequence[Shed], suspend: Sequence[Name], failures: int) -> tuple[str, ...]:
    """What somebody should know, with names."""
    found = [f"{name}: {failures} scheduled refreshes failed in a row" for name in suspend]
    if late:
        first = [f"{one.name} ({one.effective_target_lag:.3g} s)" for one in late[:NAMED]]
        others = [f"{len(late) - NAMED} more"] if len(late) > NAMED else []
        found.append(f"more work than slots; late will be {', '.join([*first, *others])}")
    return tuple(found)

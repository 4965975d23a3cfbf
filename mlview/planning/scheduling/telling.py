"""Who will be late and how late, by name and with reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.planning.scheduling.decisions import Shed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlview.definitions import Name
    from mlview.planning.scheduling.scene import Scene
    from mlview.planning.scheduling.turns import Turns

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
        begun: the places that start.
        work: seconds of work that is running or starts.
        slots: how many work.
    """
    views, costs, due, now = scene.views, scene.costs, scene.due, scene.now
    out, targets = turns.out, turns.targets
    left = [place for place in turns.order if place not in begun]
    crowded = f"{len(left)} more are due than {slots} slots can run in time"
    found = []
    for place in left:
        cost, crowded_out = costs[place], place in out
        if (crowded_out or due[place] < now + cost) and scene.is_promised(place):
            view = views[place]
            since = now if view.stale_since is None else view.stale_since
            reach = max(targets[place], now - since + work / slots + cost)
            why = crowded if crowded_out else "it is late already"
            found.append(Shed(view.object_id, view.name, why, reach))
        work += cost
    return tuple(found)


def warnings(late: Sequence[Shed], suspend: Sequence[Name], failures: int) -> tuple[str, ...]:
    """What somebody should know, with names."""
    found = [f"{name}: {failures} scheduled refreshes failed in a row" for name in suspend]
    if late:
        first = [f"{one.name} ({one.effective_target_lag:.3g} s)" for one in late[:NAMED]]
        others = [f"{len(late) - NAMED} more"] if len(late) > NAMED else []
        found.append(f"more work than slots; late will be {', '.join([*first, *others])}")
    return tuple(found)

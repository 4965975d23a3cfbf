"""Who waits and why: told of each view only when somebody looks at it."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from math import inf
from typing import TYPE_CHECKING

from mlview.planning.scheduling.decisions import Waiting
from mlview.planning.scheduling.suspects import suspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlview.planning.scheduling.scene import Scene
    from mlview.planning.scheduling.turns import Asked
    from mlview.planning.scheduling.views import ScheduledView

_NOT_DUE = "not due yet"
_APART = "its worker was killed {} times in a row, and so was that of one that runs: one at a time"


class Queue(Collection[Waiting]):
    """All that have something to do and do not start: first those that should, by deadline.

    A daemon counts them at every look, and reasons for thousands take longer than the decision.
    What they are told from is that of one decided moment, so they are the same at every look.

    Args:
        scene: everything, no start to be added any more.
        asked: who should start by now, and when the others have to.
        retries: when each place that has failed may be tried again.
        begun: the places that start.
        free: slots that are still free.
        suspect_runs: whether a view whose workers are always killed runs or starts.
    """

    __slots__ = ("_free", "_later", "_places", "_retries", "_scene", "_suspect_runs")

    def __init__(
        self,
        scene: Scene,
        asked: Asked,
        retries: Mapping[int, float],
        *,
        begun: Collection[int],
        free: int,
        suspect_runs: bool,
    ) -> None:
        unpaid = (place for place in scene.unpaid if not scene.views[place].running)
        everyone = chain(asked.places, asked.later, unpaid)
        self._places = [place for place in everyone if place not in begun]
        self._scene, self._later, self._retries = scene, asked.later, retries
        self._free, self._suspect_runs = free, suspect_runs

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Waiting]:
        return map(self._told, self._places)

    def __contains__(self, one: object) -> bool:
        return one in tuple(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _told(self, place: int) -> Waiting:
        view, wake = self._scene.views[place], self._later.get(place)
        if wake is not None:
            why = self._why_later(view, place, wake)
        elif self._scene.due[place] == inf:
            why = f"its live quality, {view.live_drop:+.3g} worse, does not pay for a run"
        else:
            why = self._why_refused(view, place)
        return Waiting(view.object_id, view.name, why, wake)

    def _why_later(self, view: ScheduledView, place: int, wake: float) -> str:
        if self._retries.get(place) == wake:
            return f"failed {view.failures} times in a row"
        return _NOT_DUE

    def _why_refused(self, view: ScheduledView, place: int) -> str:
        if self._suspect_runs and self._free and suspect(view):
            why = _APART.format(view.killed)
        elif view.object_id in self._scene.blocked:
            why = "what it reads, or reads it, goes first"
        elif self._free:
            why = "a view that it reads cannot be refreshed now"
        else:
            why = "no slot is free"
        if view.predicate_due and not self._scene.is_promised(place):
            return f"its REFRESH WHEN is true, so it is due; {why}"
        return why

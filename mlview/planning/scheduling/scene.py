"""All views at one moment, laid out so that deciding about thousands takes milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from mlview.planning.scheduling.deadlines import deadlines
from mlview.planning.scheduling.policies import MOMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.planning.scheduling.policies import Policy
    from mlview.planning.scheduling.views import ScheduledView


@dataclass(slots=True)
class Scene:
    """Facts of every view by its place in `views`; `blocked` grows while starts are chosen.

    Attributes:
        views: parents first.
        now: the moment.
        places: where in `views` each object is.
        readers: the places that read each object.
        costs: seconds of the cheapest mode; 0 where nothing is to be done.
        due: deadlines; infinite where nobody waits.
        pending: the places that have something to do for somebody, by deadline.
        free: the places whose delta is known to be empty.
        blocked: objects that must not start: running, or parent or reader of a running one.
    """

    views: Sequence[ScheduledView]
    now: float
    places: Mapping[int, int]
    readers: Mapping[int, Sequence[int]]
    costs: list[float]
    due: list[float]
    pending: list[int]
    free: list[int]
    blocked: set[int]
    _targets: dict[int, float] = field(default_factory=dict)

    def occupy(self, object_id: int) -> None:
        """From now on it runs: its parents and its readers must wait for it."""
        self.blocked.add(object_id)
        self.blocked.update(self.views[self.places[object_id]].parents)
        self.hold_readers(object_id)

    def hold_readers(self, object_id: int) -> None:
        """Let no reader start, so that a view that is due gets its turn."""
        self.blocked.update(self.views[at].object_id for at in self.readers.get(object_id, ()))

    def target(self, place: int) -> float:
        """How old the view may become, in seconds: its own target or what its readers leave."""
        found = self._targets.get(place)
        if found is None:
            found = self._targets[place] = self._target(place)
        return found

    def _target(self, place: int) -> float:
        view, least = self.views[place], max(self.costs[place], MOMENT)
        asked = self.due[place] - (self.now if view.stale_since is None else view.stale_since)
        if view.target_lag is not None and not view.downstream:
            asked = min(asked, view.target_lag)
        return max(asked, least)

    def age(self, place: int) -> float:
        """Seconds since the earliest change it does not have."""
        since = self.views[place].stale_since
        return 0.0 if since is None else max(self.now - since, 0.0)

    def worth(self, place: int, policy: Policy) -> float:
        """What a second of a slot is worth to it, or to the weightiest who waits for it."""
        return policy.worth(
            weight=self._weight(place),
            target=self.target(place),
            cost=self.costs[place],
            gap=self.views[place].gap,
            late=max(self.now - self.due[place], 0.0),
        )

    def _weight(self, place: int) -> float:
        if self.views[place].object_id not in self.readers:
            return self.views[place].weight
        seen, open_ = {place}, [place]
        while open_:
            for at in self.readers.get(self.views[open_.pop()].object_id, ()):
                if at not in seen and self.views[at].stale_since is not None:
                    seen.add(at)
                    open_.append(at)
        return max(self.views[at].weight for at in seen if at == place or self.due[at] < inf)


def survey(views: Sequence[ScheduledView], now: float) -> Scene:
    """Lay out views, parents first."""
    places = {view.object_id: place for place, view in enumerate(views)}
    readers: dict[int, list[int]] = {}
    for place, view in enumerate(views):
        for parent in view.parents:
            readers.setdefault(parent, []).append(place)
    costs = [
        0.0 if view.stale_since is None or not view.predicted else min(view.predicted.values())
        for view in views
    ]
    due = deadlines(views, costs, places, now)
    pending = [
        place
        for place, view in enumerate(views)
        if view.stale_since is not None and due[place] < inf and not view.running
    ]
    pending.sort(key=due.__getitem__)
    free = [
        place
        for place, view in enumerate(views)
        if view.stale_since is None and view.changed_at is not None and _kept(view, due[place])
    ]
    scene = Scene(views, now, places, readers, costs, due, pending, free, set())
    for view in views:
        if view.running:
            scene.occupy(view.object_id)
    return scene


def _kept(view: ScheduledView, due: float) -> bool:
    """Whether anybody scheduled it at all."""
    asked = view.target_lag is not None and not view.downstream
    return (asked or due < inf) and not view.suspended and not view.running

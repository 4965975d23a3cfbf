"""All views at one moment, laid out so that deciding about thousands takes milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
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
        whole: the same with the stale views below it.
        due: deadlines; infinite where nobody waits.
        pending: the places that have something to do for somebody, by deadline.
        free: the places whose delta is known to be empty.
        unpaid: the places that would be due, if only a run paid.
        running: the places of those that are being refreshed.
        blocked: objects that must not start: running, or parent or reader of a running one.
    """

    views: Sequence[ScheduledView]
    now: float
    places: Mapping[int, int]
    readers: Mapping[int, Sequence[int]]
    costs: list[float]
    whole: list[float]
    due: list[float]
    pending: list[int]
    free: list[int]
    unpaid: list[int]
    running: list[int]
    blocked: set[int]

    def occupy(self, object_id: int) -> None:
        """From now on it runs: its parents and its readers must wait for it."""
        self.blocked.add(object_id)
        self.blocked.update(self.views[self.places[object_id]].parents)
        self.hold_readers(object_id)

    def hold_readers(self, object_id: int) -> None:
        """Let no reader start, so that a view that is due gets its turn."""
        self.blocked.update(self.views[at].object_id for at in self.readers.get(object_id, ()))

    def target(self, place: int) -> float:
        """How old the view may become, in seconds, but no less than can be had at all.

        Its own target or what its readers leave. Where only a predicate asks, and nobody knows
        since when, once per change.
        """
        view, lag, least = self.views[place], self.views[place].target_lag, self.whole[place]
        since = self.now if view.stale_since is None else view.stale_since
        if lag is None and view.predicate_due and view.predicate_at is None:
            since = self.now - view.gap
        asked = self.due[place] - since
        if lag is not None and lag < asked and not view.downstream:
            asked = lag
        return asked if asked > least > MOMENT else max(asked, least, MOMENT)

    def age(self, place: int) -> float:
        """Seconds since the earliest change it does not have."""
        since = self.views[place].stale_since
        return 0.0 if since is None or since > self.now else self.now - since

    def seconds(self, place: int) -> float:
        """What it takes to bring it forward: the stale views below it too, unless it can share."""
        if self.whole[place] == self.costs[place] or self.shared_until(place) is not None:
            return self.costs[place]
        return self.whole[place]

    def shared_until(self, place: int) -> float | None:
        """The end of the time in which what its parents have is right, if there is news in it.

        Its parents' versions are all right from the newest of their snapshots until the earliest
        of their later changes. None if no snapshot in there has a change for the view.
        """
        view = self.views[place]
        since, newest, until = view.stale_since, -inf, inf
        for object_id in view.parents:
            at = self.places.get(object_id)
            if at is None:
                continue
            parent = self.views[at]
            if parent.read_at == -inf:
                return None
            newest = max(newest, parent.read_at)
            if parent.stale_since is not None:
                until = min(until, parent.stale_since)
        if since is None or until == inf:
            return None
        return until if since < until and newest < until else None

    def weight(self, place: int) -> float:
        """Its own, or that of the weightiest who waits for it."""
        views, readers, most = self.views, self.readers, self.views[place].weight
        seen, open_ = {place}, [place]
        while open_:
            for at in readers.get(views[open_.pop()].object_id, ()):
                if at not in seen and views[at].stale_since is not None:
                    seen.add(at)
                    open_.append(at)
                    if views[at].weight > most and self.due[at] < inf:
                        most = views[at].weight
        return most

    def is_promised(self, place: int) -> bool:
        """Whether it has a target lag to be late for, its own or a reader's."""
        if _has_target(self.views[place]):
            return True
        seen, open_ = {place}, [place]
        while open_:
            for at in self.readers.get(self.views[open_.pop()].object_id, ()):
                if _has_target(self.views[at]):
                    return True
                if at not in seen:
                    seen.add(at)
                    open_.append(at)
        return False


def _has_target(view: ScheduledView) -> bool:
    return view.target_lag is not None and not view.downstream and not view.suspended


def survey(views: Sequence[ScheduledView], now: float, policy: Policy | None = None) -> Scene:
    """Lay out views, parents first; without a policy every run pays."""
    places: dict[int, int] = {}
    readers: dict[int, list[int]] = {}
    costs: list[float] = []
    whole: list[float] = []
    still, judged, running = [], [], []
    for place, view in enumerate(views):
        places[view.object_id] = place
        cost = extra = 0.0
        if view.stale_since is None:
            if view.changed_at is not None:
                still.append(place)
        else:
            if view.predicted:
                cost = min(view.predicted.values())
            if view.live_drop is not None and view.target_lag is not None and not view.downstream:
                judged.append(place)
        costs.append(cost)
        if view.parents:
            for parent in view.parents:
                readers.setdefault(parent, []).append(place)
            extra = _below(views, places, costs, whole, place)
        whole.append(cost + extra)
        if view.running:
            running.append(place)
    unpaid = [
        at for at in judged if policy is not None and not policy.pays(views[at], costs[at], now)
    ]
    due = deadlines(views, costs, places, now, unpaid=unpaid)
    pending = [
        place for place, at in enumerate(due) if at < inf and not views[place].running
        and views[place].stale_since is not None
    ]  # fmt: skip
    pending.sort(key=due.__getitem__)
    free = [place for place in still if _kept(views[place], due[place])]
    unpaid = [place for place in unpaid if due[place] == inf and not views[place].suspended]
    scene = Scene(
        views, now, places, readers, costs, whole, due, pending, free, unpaid, running, set()
    )  # fmt: skip
    for place in running:
        scene.occupy(views[place].object_id)
    return scene


def _below(
    views: Sequence[ScheduledView],
    places: Mapping[int, int],
    costs: Sequence[float],
    whole: Sequence[float],
    place: int,
) -> float:
    """Seconds of the stale views below one, none of them counted for every way that leads to it."""
    together = longest = 0.0
    for parent in views[place].parents:
        at = places.get(parent)
        if at is not None and views[at].stale_since is not None:
            together += costs[at]
            longest = max(longest, whole[at] - costs[at])
    return together + longest


def _kept(view: ScheduledView, due: float) -> bool:
    """Whether anybody scheduled it at all."""
    asked = view.target_lag is not None and not view.downstream
    return (asked or due < inf) and not view.suspended and not view.running

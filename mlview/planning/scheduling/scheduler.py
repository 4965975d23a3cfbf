"""The scheduler: from how all views stand to what starts now, what waits, and who is late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.planning.scheduling.admission import crowded_out, demand
from mlview.planning.scheduling.choosing import choose, started
from mlview.planning.scheduling.decisions import Decision, Idle, Shed, Start, Step, Waiting
from mlview.planning.scheduling.policies import MOMENT, Policy, SlaPolicy
from mlview.planning.scheduling.scene import Scene, survey
from mlview.planning.scheduling.views import Mode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.planning.scheduling.choosing import Option
    from mlview.planning.scheduling.views import ScheduledView

TICKS = 2
"""Ticks of the clock to be ahead by: one to notice, one to publish."""
FEW_SLOTS = 4
"""With so few slots, a long run can keep all of them from somebody who is due soon."""
FAILURES = 5
"""After so many scheduled failures in a row somebody has to look at a view."""
NAMED = 20
"""So many late views are named in one warning; `shed` has them all."""


class Scheduler:
    """Keeps views within their target lag on a few slots; holds no state between decisions.

    Runs start just in time, with room for one retry; where several are due together, early enough
    for all. If not everything fits, those worth least are late, by name. Whoever is several
    targets old goes first, so nobody waits for ever.

    Args:
        slots: refreshes that may run at once.
        tick: seconds between two looks at the clock.
        policy: what a slot is worth to a view.
    """

    __slots__ = ("policy", "slots", "tick")

    def __init__(self, slots: int, tick: float, policy: Policy | None = None) -> None:
        self.slots = slots
        self.tick = tick
        self.policy = policy or SlaPolicy()

    def decide(
        self, views: Sequence[ScheduledView], now: float, *, running: Sequence[float] = ()
    ) -> Decision:
        """What to do at this moment.

        Args:
            views: every view, parents first.
            now: the moment, in seconds.
            running: when each busy slot is expected to be free again.
        """
        return _Deciding(self, survey(views, now), running).decision()


class _Deciding:
    """One decision in the making."""

    def __init__(self, scheduler: Scheduler, scene: Scene, running: Sequence[float]) -> None:
        self.slots, self.tick = scheduler.slots, scheduler.tick
        self.policy, self.scene, self.now = scheduler.policy, scene, scene.now
        self.ends = [max(end, scene.now) for end in running]
        self.load = sum(end - scene.now for end in self.ends)
        self.starts: list[Start] = []
        self.worth: dict[int, float] = {}
        self.wakes: list[float] = []
        failing = [view for view in scene.views if view.failures and not view.suspended]
        self.suspend = tuple(view.name for view in failing if view.failures >= FAILURES)
        self.retries = {scene.places[v.object_id]: self._retry_at(v) for v in failing}

    def decision(self) -> Decision:
        candidates = self._candidates()
        out = self._crowded_out(candidates)
        self._start_free()
        order = self._in_order(candidates, out)
        for place in order:
            if len(self.ends) >= self.slots:
                break
            self._start(place, "more work than slots" if place in out else "due")
        begun = {step.object_id for start in self.starts for step in start.steps}
        late = [place for place in order if self.scene.views[place].object_id not in begun]
        shed = self._shed(late, out)
        waiting = self._waiting(candidates, begun)
        wake_at = min(self.wakes, default=None)
        return Decision(
            starts=tuple(self.starts),
            waiting=waiting,
            shed=shed,
            warnings=_warnings(shed, self.suspend),
            suspend=self.suspend,
            wake_at=wake_at,
            idle=Idle(max(self.slots - len(self.ends), 0), wake_at),
        )

    def _ready(self, place: int) -> bool:
        """Whether a place may start: nobody near it runs, and it is not to be left alone."""
        view = self.scene.views[place]
        return not (
            view.object_id in self.scene.blocked
            or view.suspended
            or self.retries.get(place, self.now) > self.now
        )

    def _retry_at(self, view: ScheduledView) -> float:
        if view.last_failed_at is None:
            return self.now
        return view.last_failed_at + self.policy.retry_after(view.failures, self.tick)

    def _candidates(self) -> list[int]:
        """Who has to start by now, alone or as one of a group, by deadline."""
        scene, spare = self.scene, TICKS * self.tick
        due, costs, room = scene.due, scene.costs, self.policy.room
        found = demand(
            scene.pending,
            due=due,
            costs=costs,
            now=self.now,
            load=self.load,
            slots=self.slots,
            spare=spare,
        )
        if found.wake_in is not None:
            self.wakes.append(self.now + found.wake_in)
        latest = self.now + spare + MOMENT
        return [
            place
            for position, place in enumerate(scene.pending)
            if (position < found.urgent or due[place] - room * costs[place] <= latest)
            and self.retries.get(place, self.now) <= self.now
        ]

    def _crowded_out(self, candidates: Sequence[int]) -> set[int]:
        self.worth = {place: self.scene.worth(place, self.policy) for place in candidates}
        return crowded_out(
            candidates,
            due=self.scene.due,
            costs=self.scene.costs,
            worth=self.worth,
            now=self.now,
            load=self.load,
            slots=self.slots,
        )

    def _in_order(self, candidates: Sequence[int], out: set[int]) -> list[int]:
        """The longest neglected; the late by worth; the kept by deadline; the others by worth."""
        scene = self.scene

        def turn(place: int) -> tuple[int, float]:
            stretch = scene.age(place) / scene.target(place)
            if stretch > self.policy.patience:
                return 0, -stretch
            if place in out:
                return 3, -self.worth[place]
            late = scene.due[place] - scene.costs[place] < self.now
            return (1, -self.worth[place]) if late else (2, scene.due[place])

        return sorted(candidates, key=turn)

    def _start_free(self) -> None:
        """Confirm what nothing changed, if all it reads is confirmed: it takes no slot."""
        scene = self.scene
        for place in scene.free:
            view = scene.views[place]
            above = [scene.views[scene.places[p]] for p in view.parents if p in scene.places]
            if not self._ready(place) or any(parent.stale_since is not None for parent in above):
                continue
            scene.occupy(view.object_id)
            step = Step(view.object_id, view.name, Mode.NO_DATA, 0.0)
            self.starts.append(Start((step,), None, "nothing it reads changed it", 0.0, None))

    def _start(self, place: int, reason: str) -> None:
        scene = self.scene
        option = choose(scene, place, self._ready)
        if option is None:
            scene.hold_readers(scene.views[place].object_id)
            return
        if self.slots <= FEW_SLOTS and len(self.ends) + 1 == self.slots:
            other = self._first(place, option)
            if other is not None:
                option, reason = other, f"before the long {scene.views[place].name}"
        for at in option.places:
            scene.occupy(scene.views[at].object_id)
        self.ends.append(self.now + option.seconds)
        self.starts.append(started(scene, option, reason))

    def _first(self, place: int, option: Option) -> Option | None:
        """Who should have the last slot instead, because the run would outlast its slack."""
        scene, now = self.scene, self.now
        if scene.age(place) > self.policy.patience * scene.target(place):
            return None
        until = min([*self.ends, now + option.seconds])
        best, saved = None, 0.0
        for other in scene.pending:
            cost, due = scene.costs[other], scene.due[other]
            if other in option.places or not now + cost <= due < until + cost:
                continue
            gain = scene.views[other].weight * (until + cost - due)
            end = now + option.seconds - scene.due[place]
            gain -= scene.views[place].weight * (max(end + cost, 0.0) - max(end, 0.0))
            if gain > saved:
                found = choose(scene, other, self._ready)
                best, saved = (found, gain) if found else (best, saved)
        return best

    def _shed(self, order: Sequence[int], out: set[int]) -> tuple[Shed, ...]:
        """Those of the not started, in their turn, that cannot be in time any more."""
        scene = self.scene
        work = sum(end - self.now for end in self.ends)
        shed = []
        for place in order:
            view, cost = scene.views[place], scene.costs[place]
            reach = scene.age(place) + work / self.slots + cost
            work += cost
            if place in out:
                why = f"{len(order)} more are due than {self.slots} slots can run in time"
            elif scene.due[place] < self.now + cost:
                why = "it is late already"
            else:
                continue
            shed.append(Shed(view.object_id, view.name, why, max(reach, scene.target(place))))
        return tuple(shed)

    def _waiting(self, candidates: Sequence[int], begun: set[int]) -> tuple[Waiting, ...]:
        scene, asked = self.scene, set(candidates)
        views, due, costs, retries = scene.views, scene.due, scene.costs, self.retries
        room, spare = self.policy.room, TICKS * self.tick
        found = []
        for place in scene.pending:
            view = views[place]
            if view.object_id in begun:
                continue
            wake: float | None = (at := due[place] - room * costs[place] - spare)
            reason = "not due yet"
            if retries.get(place, self.now) > self.now:
                wake, reason = retries[place], f"failed {view.failures} times in a row"
                self.wakes.append(retries[place])
            elif place in asked:
                reason, wake = self._why_not(place), None
            else:
                self.wakes.append(at)
            found.append(Waiting(view.object_id, view.name, reason, wake))
        return tuple(found)

    def _why_not(self, place: int) -> str:
        if self.scene.views[place].object_id in self.scene.blocked:
            return "what it reads, or reads it, goes first"
        if len(self.ends) >= self.slots:
            return "no slot is free"
        return "a view that it reads cannot be refreshed now"


def _warnings(shed: Sequence[Shed], suspend: Sequence[object]) -> tuple[str, ...]:
    found = [f"{name}: {FAILURES} scheduled refreshes failed in a row" for name in suspend]
    if shed:
        first = [f"{one.name} ({one.effective_target_lag:.3g} s)" for one in shed[:NAMED]]
        others = [f"{len(shed) - NAMED} more"] if len(shed) > NAMED else []
        found.append(f"more work than slots; late will be {', '.join([*first, *others])}")
    return tuple(found)

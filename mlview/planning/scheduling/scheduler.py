"""The scheduler: from how all views stand to what starts now, what waits, and who is late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.planning.scheduling import telling
from mlview.planning.scheduling.choosing import choose, stale_below, started
from mlview.planning.scheduling.decisions import Decision, Idle, Start, Step
from mlview.planning.scheduling.policies import Policy, SlaPolicy
from mlview.planning.scheduling.scene import survey
from mlview.planning.scheduling.suspects import suspect
from mlview.planning.scheduling.turns import asked, turns
from mlview.planning.scheduling.views import Mode
from mlview.planning.scheduling.waiting import Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.planning.scheduling.attainable import Attainability
    from mlview.planning.scheduling.choosing import Option
    from mlview.planning.scheduling.scene import Scene
    from mlview.planning.scheduling.turns import Turns
    from mlview.planning.scheduling.views import ScheduledView

FEW_SLOTS = 4
"""With so few slots, a long run can keep all of them from somebody who is due soon."""
FAILURES = 5
"""After so many scheduled failures of its own in a row somebody has to look at a view."""


class Scheduler:
    """Keeps views within their target lag on a few slots; holds no state between decisions.

    Runs start just in time; where several are due together, early enough for all. If not
    everything fits, those worth least are late, by name. Whoever is several targets old goes
    first, so nobody waits for ever.

    Args:
        slots: refreshes that may run at once.
        tick: seconds between two looks at the clock.
        policy: what a slot is worth to a view; SlaPolicy if not given.
    """

    __slots__ = ("policy", "slots", "tick")

    def __init__(self, slots: int, tick: float, policy: Policy | None = None) -> None:
        self.slots = slots
        self.tick = tick
        self.policy = policy or SlaPolicy()

    def decide(
        self,
        views: Sequence[ScheduledView],
        now: float,
        *,
        running: Sequence[float] = (),
        outlook: Attainability | None = None,
    ) -> Decision:
        """What to do at this moment.

        Args:
            views: every view, parents first.
            now: the moment, in seconds.
            running: when each busy slot is expected to be free again.
            outlook: whether the targets can be met at all, to be said with the decision.
        """
        return _Deciding(self, survey(tuple(views), now, self.policy), running).decision(outlook)


class _Deciding:
    """One decision in the making."""

    def __init__(self, scheduler: Scheduler, scene: Scene, running: Sequence[float]) -> None:
        self.slots, self.tick = scheduler.slots, scheduler.tick
        self.policy, self.scene, self.now = scheduler.policy, scene, scene.now
        self.ends = [max(end, scene.now) for end in running]
        self.starts: list[Start] = []
        failing = [view for view in scene.views if view.failures and not view.suspended]
        own = [view for view in failing if view.failures - view.elsewhere >= FAILURES]
        self.suspend = tuple(view.name for view in own)
        self.retries = {scene.places[v.object_id]: self._retry_at(v) for v in failing}
        self.suspect_runs = any(suspect(scene.views[place]) for place in scene.running)

    def decision(self, outlook: Attainability | None) -> Decision:
        scene, policy, slots, load = self.scene, self.policy, self.slots, self._work()
        found = asked(scene, policy, tick=self.tick, slots=slots, load=load, retries=self.retries)
        given = turns(scene, policy, found.places, slots=slots, load=load)
        self._start_free()
        for place in given.order:
            if len(self.ends) >= slots:
                break
            begins = self._start(place, given)
            if not begins and place in given.neglected:
                self._hold_below(place)
        begun = {scene.places[step.object_id] for start in self.starts for step in start.steps}
        free = max(slots - len(self.ends), 0)
        late = telling.shed(scene, given, begun=begun, work=self._work(), slots=slots)
        return Decision(
            starts=tuple(self.starts),
            waiting=Queue(
                scene, found, self.retries, begun=begun, free=free, suspect_runs=self.suspect_runs
            ),
            shed=late,
            warnings=(
                *(outlook.warnings if outlook else ()),
                *telling.warnings(late, self.suspend, FAILURES),
            ),
            suspend=self.suspend,
            wake_at=found.wake_at,
            idle=Idle(free, found.wake_at),
        )

    def _work(self) -> float:
        """Seconds of work that is running or starts."""
        return sum(end - self.now for end in self.ends)

    def _ready(self, place: int) -> bool:
        """Whether a place may start: nobody near it runs, and it is not to be left alone."""
        view = self.scene.views[place]
        return not (
            view.object_id in self.scene.blocked
            or view.suspended
            or self.retries.get(place, self.now) > self.now
            or (self.suspect_runs and suspect(view))
        )

    def _retry_at(self, view: ScheduledView) -> float:
        if view.last_failed_at is None:
            return self.now
        return view.last_failed_at + self.policy.retry_after(view.failures, self.tick)

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

    def _start(self, place: int, given: Turns) -> bool:
        """Start a view, or somebody shorter before it; False if it cannot run now."""
        scene = self.scene
        option = choose(scene, place, self._ready)
        if option is None:
            scene.hold_readers(scene.views[place].object_id)
            return False
        reason = "more work than slots" if place in given.out else "due"
        if len(self.ends) + 1 == self.slots and place not in given.neglected:
            option = self._first(place, option) or option
            option = self._pressed(option, given) or option
            if place not in option.places:
                reason = f"before the long {scene.views[place].name}"
        for at in option.places:
            scene.occupy(scene.views[at].object_id)
            self.suspect_runs |= suspect(scene.views[at])
        self.ends.append(self.now + option.seconds)
        self.starts.append(started(scene, option, reason))
        return True

    def _hold_below(self, place: int) -> None:
        """Let no stale view below one start alone, so that all of them are free at one moment.

        Otherwise two parents that run in turn could keep a view for ever from one snapshot of both.
        What is not to be tried now is not waited for.
        """
        below = stale_below(self.scene, place)
        views = [self.scene.views[at] for at in below]
        pausing = any(self.retries.get(at, self.now) > self.now for at in (place, *below))
        if not pausing and not any(view.suspended for view in (self.scene.views[place], *views)):
            self.scene.blocked.update(view.object_id for view in views)

    def _pressed(self, option: Option, given: Turns) -> Option | None:
        """Who should have the last slot instead, because it would be neglected until the next."""
        until = min([*self.ends, self.now + option.seconds])
        until = min(until, given.patient_until.get(option.places[-1], until))
        found = [(at, other) for other, at in given.patient_until.items() if at < until]
        options = (choose(self.scene, other, self._ready) for _, other in sorted(found))
        return next((option for option in options if option is not None), None)

    def _first(self, place: int, option: Option) -> Option | None:
        """Who should have the last slot instead, because the run would outlast its slack."""
        if self.slots > FEW_SLOTS:
            return None
        scene, now, standing = self.scene, self.now, self.policy.standing
        until = min([*self.ends, now + option.seconds])
        own, end = standing(scene.views[place].weight), now + option.seconds - scene.due[place]
        best, saved = None, 0.0
        for other in scene.pending:
            cost, due = scene.costs[other], scene.due[other]
            if other in option.places or not now + cost <= due < until + cost:
                continue
            gain = standing(scene.views[other].weight) * (until + cost - due)
            gain -= own * (max(end + cost, 0.0) - max(end, 0.0))
            if gain > saved:
                found = choose(scene, other, self._ready)
                best, saved = (found, gain) if found else (best, saved)
        return best

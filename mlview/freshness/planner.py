"""What the planner would do now: agenda, decision and plan, made alike for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.freshness.planned import in_turn, told
from mlview.planning import Demand
from mlview.planning.scheduling import Scheduler, attainability
from mlview.records import DaemonState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Name
    from mlview.freshness.agenda import Agenda, Surveyor
    from mlview.planning.scheduling import Attainability, Decision
    from mlview.records import Plan
    from mlview.refresh.refresher import Refresher
    from mlview.storage.home import Home

SLOTS = 2
"""Refreshes at once, where no daemon runs that would say how many it carries out."""
TICK = 1.0
SILENCE = timedelta(minutes=1)
"""A daemon that has said nothing for so long is not counted on."""


class Planner:
    """Plans as a daemon would, whether one runs or not."""

    def __init__(self, home: Home, surveyor: Surveyor, refresher: Refresher) -> None:
        self._home = home
        self._surveyor = surveyor
        self._refresher = refresher

    def plan(self) -> Plan:
        """Everything that is stale, in the order in which it would be refreshed, and why."""
        agenda = self._surveyor.agenda()
        demand = Demand(agenda.observed.order, only_stale=True)
        plan, _ = self._refresher.plan(demand)
        return in_turn(told(plan, agenda, self._decision(agenda)))

    def told(self, plan: Plan) -> Plan:
        """A plan that was asked for by name, with what the schedule says of its steps."""
        agenda = self._surveyor.agenda()
        return told(plan, agenda, self._decision(agenda))

    def attainability(self) -> Attainability:
        """Whether all targets can be met on the slots there are."""
        return attainability(self._surveyor.agenda().views, self._capacity()[0])

    def effective_targets(self) -> Mapping[Name, float]:
        """The targets, in seconds, that those views have instead which cannot meet their own."""
        found = self.attainability()
        return dict(zip(found.late, found.effective, strict=True))

    def advice(self, name: Name, *, alone: bool = True) -> tuple[str, ...]:
        """What to tell somebody who has just declared how fresh a view has to be.

        Args:
            name: the view.
            alone: say also what is wrong with this view's target for itself.
        """
        of_all = "the targets"
        meant = (f"{name}: ", of_all) if alone else (of_all,)
        return tuple(said for said in self.attainability().warnings if said.startswith(meant))

    def _decision(self, agenda: Agenda) -> Decision:
        slots, tick = self._capacity()
        running = [agenda.seconds for view in agenda.views if view.running]
        return Scheduler(slots, tick).decide(agenda.views, agenda.seconds, running=running)

    def _capacity(self) -> tuple[int, float]:
        """The slots of the daemons that are alive, and the shortest of their ticks."""
        now = self._home.clock.now()
        alive = [
            beat
            for beat in self._home.catalog.heartbeats()
            if beat.state is DaemonState.RUNNING and now - beat.beat_at <= SILENCE
        ]
        if not alive:
            return SLOTS, TICK
        return sum(beat.slots for beat in alive), min(beat.tick_sec for beat in alive)

"""Plans refreshes, and has them carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.errors import UnknownName, did_you_mean
from mlview.planning import plan_refresh
from mlview.records import Trigger
from mlview.refresh.costing import costs_of
from mlview.refresh.outcomes import Outcome
from mlview.refresh.progress import silent
from mlview.refresh.running import Run

if TYPE_CHECKING:
    from mlview.observation.observer import Observed, Observer
    from mlview.planning import Demand
    from mlview.records import Plan
    from mlview.refresh.progress import Progress
    from mlview.serving.binding import Binder
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


class Refresher:
    """Plans refreshes and carries them out, one after the other."""

    def __init__(self, home: Home, observer: Observer, binder: Binder) -> None:
        self._home = home
        self._observer = observer
        self._binder = binder

    def plan(self, demand: Demand, *, instead: ObjectRow | None = None) -> tuple[Plan, Observed]:
        """What would be done now, and what it was decided from.

        Args:
            demand: what is asked for.
            instead: a row to plan with in place of the stored one (a definition not yet adopted).
        """
        observed = self._observer.look(instead=instead, closely=demand)
        staleness = observed.staleness(self._home.clock.now())
        for name in demand.names:
            if name not in observed.views:
                known = [str(n) for n in observed.views]
                raise UnknownName(
                    f"no model or materialized view named {name}",
                    name=name.plain,
                    hint=did_you_mean(str(name), known),
                )
        plan = plan_refresh(
            demand,
            snapshot=observed.snapshot,
            order=observed.order,
            observations=observed.views,
            staleness=staleness,
            costs=costs_of(self._home, observed, staleness),
        )
        return plan, observed

    def refresh(
        self,
        demand: Demand,
        *,
        trigger: Trigger = Trigger.MANUAL,
        progress: Progress = silent,
        instead: ObjectRow | None = None,
    ) -> Outcome:
        """Carry out what was asked for; a failed step fails what depends on it and nothing else."""
        self._home.catalog.abandon_dead(self._home.clock.now())
        plan, observed = self.plan(demand, instead=instead)
        run = Run(self._home, self._binder, plan, observed, trigger, progress, instead)
        return Outcome(plan, tuple(run.step(step) for step in plan.steps))

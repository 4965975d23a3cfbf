"""Plans refreshes, and has them carried out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlview.errors import UnknownName, did_you_mean
from mlview.planning import Demand, plan_refresh
from mlview.records import Action, Trigger
from mlview.refresh.costing import costs_of
from mlview.refresh.outcomes import Outcome
from mlview.refresh.progress import silent
from mlview.refresh.running import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.definitions import Name
    from mlview.observation.observer import Observed, Observer
    from mlview.records import Plan, Snapshot
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

    def plan(
        self, demand: Demand, *, instead: ObjectRow | None = None, at: Snapshot | None = None
    ) -> tuple[Plan, Observed]:
        """What would be done now, and what it was decided from.

        Args:
            demand: what is asked for.
            instead: a row to plan with in place of the stored one (a definition not yet adopted).
            at: an earlier snapshot to read, for the sake of what its ancestors have of it; where
                they are not all right at that one, the newest is read.
        """
        observed = self._look(demand, instead, at)
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

    def _look(self, demand: Demand, instead: ObjectRow | None, at: Snapshot | None) -> Observed:
        earlier = None if at is None else self._observer.look_back(at, closely=demand)
        return earlier or self._observer.look(instead=instead, closely=demand)

    def refresh(
        self,
        demand: Demand,
        *,
        trigger: Trigger = Trigger.MANUAL,
        progress: Progress = silent,
        instead: ObjectRow | None = None,
        at: int | None = None,
        because: str | None = None,
    ) -> Outcome:
        """Carry out what was asked for; a failed step fails what depends on it and nothing else.

        Args:
            demand: what is asked for.
            trigger: who asks.
            progress: told of every phase.
            instead: a row to refresh in place of the stored one.
            at: the number of an earlier snapshot to read, where the views below allow it.
            because: why now, in words that begin each step's reason.
        """
        self._home.catalog.abandon_dead(self._home.clock.now())
        snapshot = None if at is None else self._home.engine.snapshot(at)
        plan, observed = self.plan(demand, instead=instead, at=snapshot)
        if because is not None:
            steps = (replace(s, reason=f"{because}: {s.reason}") for s in plan.steps)
            plan = replace(plan, steps=tuple(steps))
        run = Run(self._home, self._binder, plan, observed, trigger, progress, instead)
        return Outcome(plan, tuple(run.step(step) for step in plan.steps))

    def confirm(self, observed: Observed, names: Sequence[Name]) -> Outcome:
        """Put on record that nothing changed these views, as a schedule's NO_DATA refresh.

        Those that turn out to have changed are left for their refresh.
        """
        plan = plan_refresh(
            Demand(tuple(names)),
            snapshot=observed.snapshot,
            order=observed.order,
            observations=observed.views,
            staleness=observed.staleness(self._home.clock.now()),
        )
        steps = tuple(step for step in plan.steps if step.action is Action.NO_DATA)
        run = Run(self._home, self._binder, plan, observed, Trigger.SCHEDULED, silent, instead=None)
        return Outcome(replace(plan, steps=steps), tuple(run.step(step) for step in steps))

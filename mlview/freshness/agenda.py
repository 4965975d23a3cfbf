"""How every view stands for the scheduler: gathered from staleness, definitions and history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import TYPE_CHECKING

from mlview.definitions import DOWNSTREAM, Kind, MaterializedView, Model, RefreshMode
from mlview.freshness.triggers import MEASURED, Triggers, columns_of
from mlview.observation.stored import definition_of
from mlview.planning import predict_seconds
from mlview.planning.scheduling import Mode, ScheduledView
from mlview.records import Action, State
from mlview.refresh.costing import REMEMBERED, costs_of, usual_costs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from mlview.definitions import Name, Refreshable, TargetLag
    from mlview.freshness.triggers import Fired
    from mlview.monitoring import Monitor
    from mlview.observation.observer import Observed, Observer
    from mlview.planning import Costs, Observation
    from mlview.records import Staleness, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


@dataclass(frozen=True, slots=True)
class Agenda:
    """All views at one moment, as the scheduler sees them.

    Attributes:
        now: the moment.
        observed: what was seen of every view.
        staleness: how stale each is.
        costs: what refreshing each is expected to take.
        fired: what each REFRESH WHEN came to.
        views: the same for the scheduler, in seconds since 1970, parents first.
        idle: the views that no schedule touches, and why.
    """

    now: datetime
    observed: Observed
    staleness: Mapping[Name, Staleness]
    costs: Mapping[Name, Costs]
    fired: Mapping[Name, Fired]
    views: tuple[ScheduledView, ...]
    idle: Mapping[Name, str]

    @property
    def seconds(self) -> float:
        """The moment in seconds since 1970."""
        return self.now.timestamp()


class Surveyor:
    """Gathers agendas."""

    def __init__(self, home: Home, observer: Observer, monitor: Monitor) -> None:
        self._home = home
        self._observer = observer
        self._monitor = monitor
        self._triggers = Triggers()
        self._usual: dict[int, _Usual] = {}

    def agenda(
        self, *, busy: Collection[int] = (), overhead: float = 0.0, quality: bool = False
    ) -> Agenda:
        """How all views stand now.

        Args:
            busy: ids of views that are about to be refreshed, whatever the history says.
            overhead: seconds that carrying out a refresh takes beside the refresh itself.
            quality: measure the live quality of every model, for policies that ask for it.
        """
        seen = self._observer.look()
        now = self._home.clock.now()
        staleness = seen.staleness(now)
        if quality:
            models = [name for name in seen.order if seen.rows[name].kind is Kind.MODEL]
            staleness |= self._monitor.measured(models, seen, staleness)
        fired = self._fired(seen, staleness)
        costs = self._costs(seen, staleness)
        catalog = self._home.catalog
        running = {one.object_id for one in catalog.running(now)} | set(busy)
        failures = catalog.scheduled_failures()
        views, idle = [], {}
        for name in seen.order:
            row, stale = seen.rows[name], staleness[name]
            definition = _declared(row)
            kept = _why_left_alone(stale)
            if kept is not None:
                idle[name] = kept
            since = _stale_since(row, stale, seen.views[name])
            failed = failures.get(row.id)
            view = ScheduledView(
                object_id=row.id,
                name=name,
                parents=tuple(seen.rows[p].id for p in seen.views[name].reads if p in seen.views),
                target_lag=_seconds(definition.target_lag),
                downstream=definition.target_lag is DOWNSTREAM,
                weight=float(definition.priority or 1),
                stale_since=None if kept or since is None else min(since, now.timestamp()),
                changed_at=None if kept else _changed_at(seen.views[name]),
                read_at=_read_at(seen.live.get(row.id)),
                predicted={
                    mode: seconds + overhead
                    for mode, seconds in _modes(
                        definition, seen.views[name], costs.get(name)
                    ).items()
                },
                live_drop=stale.live_drop,
                live_n=stale.live_n or 0,
                running=row.id in running,
                failures=failed.count if failed else 0,
                elsewhere=failed.elsewhere if failed else 0,
                last_failed_at=failed.last_at.timestamp() if failed else None,
                suspended=row.suspended,
                predicate_due=name in fired and fired[name].due is True,
                gap=self._usual[row.id].gap if row.id in self._usual else 0.0,
            )
            views.append(view)
        return Agenda(now, seen, staleness, costs, fired, tuple(views), idle)

    def _fired(self, seen: Observed, staleness: Mapping[Name, Staleness]) -> Mapping[Name, Fired]:
        """What every REFRESH WHEN comes to; only views whose predicate asks for it are measured."""
        predicates = {}
        for name in seen.order:
            predicate = _declared(seen.rows[name]).refresh_when
            if predicate is not None:
                predicates[name] = predicate
        if not predicates:
            return {}
        measured = dict(staleness)
        asking = {name for name, text in predicates.items() if columns_of(text) & MEASURED}
        measured |= self._monitor.measured(asking, seen, staleness)
        return self._triggers.evaluate(predicates, measured)

    def _costs(self, seen: Observed, staleness: Mapping[Name, Staleness]) -> Mapping[Name, Costs]:
        """By what changed, where anything did; for the others by what usually does."""
        self._learn(seen.live)
        usual = {
            name: self._usual[row.id].costs
            for name, row in seen.rows.items()
            if row.id in self._usual
        }
        return usual | costs_of(self._home, seen, staleness)

    def _learn(self, live: Mapping[int, Version]) -> None:
        """Read the history of those views that have another version than last time."""
        known = {
            object_id: usual
            for object_id, usual in self._usual.items()
            if object_id in live and live[object_id].number == usual.version
        }
        new = [version for object_id, version in live.items() if object_id not in known]
        if new:
            costs = usual_costs(self._home, new)
            ids = tuple(version.object_id for version in new)
            lulls = self._home.catalog.lulls(ids, each=REMEMBERED)
            for version in new:
                object_id = version.object_id
                gap = lulls.get(object_id, 0.0)
                known[object_id] = _Usual(version.number, costs[object_id], gap)
        self._usual = known


@dataclass(frozen=True, slots=True)
class _Usual:
    """What a view's history says of its next refresh, until it has another version."""

    version: int
    costs: Costs
    gap: float


def _declared(row: ObjectRow) -> Refreshable:
    definition = definition_of(row.create_text)
    assert isinstance(definition, MaterializedView | Model)  # noqa: S101 - others have no staleness
    return definition


def _seconds(lag: TargetLag | None) -> float | None:
    return lag.total_seconds() if isinstance(lag, timedelta) else None


def _why_left_alone(stale: Staleness) -> str | None:
    """Why no refresh can help before somebody looks, in words."""
    if stale.state is State.NEEDS_COMPILE:
        return f"somebody has to look at it first: {stale.stale_reason}"
    if stale.state is State.UNUSABLE and stale.lag_sec is None and stale.stale_since is not None:
        return f"what it reads is gone: {stale.stale_reason}"
    return None


def _stale_since(row: ObjectRow, stale: Staleness, observed: Observation) -> float | None:
    """Since when it is behind; a view that was never materialized, since it was declared."""
    if observed.live is None:
        return row.created_at.timestamp()
    return stale.stale_since.timestamp() if stale.stale_since is not None else None


def _changed_at(observed: Observation) -> float | None:
    """The latest change below it, whether it changed the view's own rows or not."""
    moments = [c.last_changed_at for c in observed.changes if c.last_changed_at is not None]
    moments += [move.at for move in observed.moved]
    return max(moments).timestamp() if moments else None


def _read_at(live: Version | None) -> float:
    return -inf if live is None else live.data_timestamp.timestamp()


def _modes(
    definition: Refreshable, observed: Observation, cost: Costs | None
) -> Mapping[Mode, float]:
    """Seconds that each way to refresh it would take, of those its refresh mode allows."""
    if cost is None:
        return {Mode.FULL: predict_seconds(Action.FULL, 0, 0, ())}
    modes = {Mode.FULL: cost.full}
    if cost.incremental is not None and definition.refresh_mode is not RefreshMode.FULL:
        if definition.refresh_mode is not RefreshMode.AUTO:
            modes = {}
        if observed.maintenance.exact or definition.refresh_mode is RefreshMode.APPROXIMATE:
            modes[Mode.INCREMENTAL] = cost.incremental
    return modes or {Mode.FULL: cost.full}

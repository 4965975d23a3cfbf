"""How every view stands for the scheduler: gathered from staleness, definitions and history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import inf, isinf
from typing import TYPE_CHECKING

from mlview.definitions import DOWNSTREAM, Kind, MaterializedView, Model, RefreshMode
from mlview.freshness.triggers import GROWING, MEASURED, Triggers, columns_of
from mlview.observation.stored import definition_of
from mlview.planning import NEVER, predict_seconds
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


PREDICATE_RECHECK = 5.0
"""Seconds between two looks where a REFRESH WHEN may turn true by time alone, nobody knows when."""
WINDOW_RECHECK = 240.0
"""Four times the seconds between two looks at a window of refresh_time() without a target."""
CLOCKS_APART = 60.0
"""Seconds by which the clocks of writers may differ."""
_SOURCE_LAG = "source_lag_sec"
MOVING = GROWING | {"state"}
"""The columns of mlview.staleness that change as time passes."""


@dataclass(frozen=True, slots=True)
class Agenda:
    """All views at one moment, as the scheduler sees them.

    Attributes:
        now: the moment.
        observed: what was seen of every view.
        fired: what each REFRESH WHEN came to.
        views: the same for the scheduler, in seconds since 1970, parents first.
        idle: the views that no schedule touches, and why.
        restless: whether a REFRESH WHEN may turn true although nothing happens, nobody knows when.
    """

    now: datetime
    observed: Observed
    fired: Mapping[Name, Fired]
    views: tuple[ScheduledView, ...]
    idle: Mapping[Name, str]
    restless: bool = False

    @property
    def looks_again(self) -> float | None:
        """Seconds after which time alone may have made something due; None where it cannot."""
        windows = (self._window_moves(view) for view in self.views if not view.suspended)
        found = [seconds for seconds in windows if seconds is not None]
        predicates = [PREDICATE_RECHECK] if self.restless else []
        return min([*predicates, *found], default=None)

    def _window_moves(self, view: ScheduledView) -> float | None:
        """Seconds to the moment at which a window moves, or to a look where that is not known.

        What came in below it since may move at another moment than what its version read.
        """
        seen = self.observed.views[view.name]
        if seen.window_from is None:
            return None
        until = seen.window_until
        if until is None or seen.changes or seen.moved or seen.window_moved(self.now):
            return (view.target_lag or WINDOW_RECHECK) / 4
        return None if until == NEVER else (until - self.now).total_seconds()

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
        predicates, measured = self._asked(seen, staleness)
        fired = self._triggers.evaluate(predicates, measured)
        turns = self._turns(predicates, measured, now.timestamp())
        costs = self._costs(seen, staleness)
        catalog = self._home.catalog
        running = {one.object_id for one in catalog.running(now)} | set(busy)
        failures = catalog.scheduled_failures()
        views: list[ScheduledView] = []
        idle: dict[Name, str] = {}
        for name in seen.order:
            row, stale = seen.rows[name], staleness[name]
            definition = _declared(row)
            kept = self._why_left_alone(seen, name, staleness, idle)
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
                stale_since=None
                if kept or since is None
                else _in_the_past(since, now.timestamp(), _seconds(definition.target_lag)),
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
                killed=failed.killed if failed else 0,
                # A failure of a time to come was before a clock was set back: try again at once.
                last_failed_at=failed.last_at.timestamp()
                if failed and failed.last_at <= now
                else None,
                suspended=row.suspended,
                predicate_due=name in fired and fired[name].due is True,
                predicate_at=_turns_at(fired[name], turns.get(name), now.timestamp())
                if name in fired
                else None,
                gap=self._usual[row.id].gap if row.id in self._usual else 0.0,
            )
            views.append(view)
        restless = any(turn is None for turn in turns.values())
        return Agenda(now, seen, fired, tuple(views), idle, restless)

    def _why_left_alone(
        self,
        seen: Observed,
        name: Name,
        staleness: Mapping[Name, Staleness],
        idle: Mapping[Name, str],
    ) -> str | None:
        """Why no schedule touches a view before something else happens, in words."""
        row, stale = seen.rows[name], staleness[name]
        if stale.state is State.NEEDS_COMPILE:
            return f"somebody has to look at it first: {stale.stale_reason}"
        if stale.state is State.UNUSABLE and row.id in seen.live:
            return f"what it reads is gone: {stale.stale_reason}"
        if row.pinned_version is not None:
            return f"version {row.pinned_version} is pinned"
        if row.held and not self._changed_since_newest(seen, row):
            return "it was rolled back, and nothing changed since its newest version"
        above = [
            read
            for read in seen.views[name].reads
            if read in idle and staleness[read].state is not State.FRESH
        ]
        return f"it reads {above[0]}: {idle[above[0]]}" if above else None

    def _changed_since_newest(self, seen: Observed, row: ObjectRow) -> bool:
        """Whether there is anything to read that the newest version, live or not, has not."""
        versions = self._home.catalog.versions(row.id)
        newest = max(versions, key=lambda version: version.number, default=None)
        if newest is None or newest.fingerprint != row.fingerprint:
            return True
        live = seen.live
        if any(up.object_id in live and live[up.object_id].number != up.version
               for up in newest.upstream):  # fmt: skip
            return True
        touched = self._home.engine.changed_tables(newest.snapshot_id, seen.snapshot.id)
        return not touched.keys().isdisjoint(newest.base_tables.values())

    def _asked(
        self, seen: Observed, staleness: Mapping[Name, Staleness]
    ) -> tuple[Mapping[Name, str], Mapping[Name, Staleness]]:
        """Every REFRESH WHEN, and what it is about: measured only where it asks for that."""
        declared = {name: _declared(seen.rows[name]).refresh_when for name in seen.order}
        predicates = {name: text for name, text in declared.items() if text is not None}
        asking = {name for name, text in predicates.items() if columns_of(text) & MEASURED}
        measured = self._monitor.measured(asking, seen, staleness) if asking else {}
        return predicates, {**staleness, **measured}

    def _turns(
        self, predicates: Mapping[Name, str], staleness: Mapping[Name, Staleness], now: float
    ) -> Mapping[Name, float | None]:
        """When each REFRESH WHEN turns true by time alone; None where nobody knows.

        Only of stale views: no other is ever due. What is not known to be stale since some moment
        may have another state as time passes.
        """
        moving = {
            name: text
            for name, text in predicates.items()
            if staleness[name].stale_since is not None and columns_of(text) & MOVING
        }
        told = {
            name: text
            for name, text in moving.items()
            if staleness[name].lag_sec is not None
            and staleness[name].state is not State.UNKNOWN
            and not (_SOURCE_LAG in columns_of(text) and _is_ahead(staleness[name]))
        }
        return {**dict.fromkeys(moving), **self._triggers.turns(told, staleness, now)}

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


def _stale_since(row: ObjectRow, stale: Staleness, observed: Observation) -> float | None:
    """Since when it is behind; a view that was never materialized, since it was declared."""
    if observed.live is None:
        return row.created_at.timestamp()
    return stale.stale_since.timestamp() if stale.stale_since is not None else None


def _in_the_past(since: float, now: float, target: float | None) -> float:
    """The same moment, or one that can be: a clock may have been ahead, and set back.

    A little ahead counts as now. Where the commit claims to be of another time altogether nobody
    knows how old the view is, and it is due.
    """
    if since <= now + CLOCKS_APART:
        return min(since, now)
    return now - (target or 0.0)


def _changed_at(observed: Observation) -> float | None:
    """The latest change below it, whether it changed the view's own rows or not."""
    moments = [c.last_changed_at for c in observed.changes if c.last_changed_at is not None]
    moments += [move.at for move in observed.moved]
    return max(moments).timestamp() if moments else None


def _is_ahead(stale: Staleness) -> bool:
    """Whether a source's data reach beyond now: its lag stays 0, nobody knows for how long."""
    return stale.source_lag_sec is not None and stale.source_lag_sec <= 0


def _turns_at(fired: Fired, turn: float | None, now: float) -> float | None:
    """When a REFRESH WHEN turned true, or will, as far as that is known."""
    if turn is None or isinf(turn):
        return None
    if fired.due is True:
        return turn if turn <= now else None
    return max(turn, now)


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

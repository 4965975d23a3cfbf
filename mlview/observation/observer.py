"""Gathers what became of everything that live versions read, once per snapshot."""

from __future__ import annotations

from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

from mlview.definitions import Kind, Name
from mlview.observation.closely import Closely
from mlview.observation.inputs import Inputs
from mlview.observation.looking import Deltas, through
from mlview.observation.newest import Newest
from mlview.planning import Observation, judge, judge_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlview.graph import Graph
    from mlview.observation.deltas import ViewDelta
    from mlview.planning import Demand
    from mlview.records import Snapshot, Staleness, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

LIVE_KINDS = (Kind.MATERIALIZED_VIEW, Kind.MODEL)


class Observed:
    """Everything seen at one snapshot and one state of the catalog, which `counter` names."""

    def __init__(
        self,
        snapshot: Snapshot,
        rows: Mapping[Name, ObjectRow],
        live: Mapping[int, Version],
        views: Mapping[Name, Observation],
        graph: Graph,
        deltas: Mapping[int, ViewDelta],
        now: datetime,
        closely: Closely | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.rows = rows
        self.live = live
        self.views = views
        self.graph = graph
        self.deltas = deltas
        self.now = now
        self.closely = closely
        self.counter = 0
        self.order = tuple(n for n in graph.order(rows) if rows[n].kind in LIVE_KINDS)

    @property
    def windows(self) -> bool:
        """Whether any view reads refresh_time(), so that time alone changes what was seen."""
        return any(view.window_from is not None for view in self.views.values())

    def staleness(self, now: datetime) -> dict[Name, Staleness]:
        """How stale every materialized view and model is at a moment."""
        return judge_all(self.views.values(), self.order, now)


class Observer:
    """Looks at the lake and the catalog; answers repeated calls from what it saw last."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._deltas = Deltas(home)
        self._newest = Newest(home)
        self._seen: Observed | None = None
        self._key: tuple[int, int, datetime | None] | None = None
        self._lock = RLock()

    def look_back(self, at: Snapshot, *, closely: Demand) -> Observed | None:
        """What was known of a demand's views at an earlier snapshot; None if nothing can be told.

        What live versions hold is right at that snapshot only where they read none after it.
        """
        with self._lock:
            counter = self._home.catalog.counter()
            seen = self._observe(at, self._home.clock.now(), closely=closely)
            if self._home.catalog.counter() != counter:
                return None
        above = set().union(*(seen.graph.ancestors(name) for name in closely.names))
        read = (seen.live.get(seen.rows[name].id) for name in above if name in seen.rows)
        later = any(version is None or version.snapshot_id > at.id for version in read)
        own = any(
            through(seen.rows[name], seen.live[seen.rows[name].id]) >= at.id
            for name in closely.names
            if name in seen.rows and seen.rows[name].id in seen.live
        )
        return None if later or own else seen

    def look(self, *, instead: ObjectRow | None = None, closely: Demand | None = None) -> Observed:
        """What is known at the lake's newest snapshot.

        Costs one snapshot query and one catalog query where nothing changed since the last call
        (and no window of refresh_time() moved).
        `instead` takes the place of the stored row of the same name, as if it had been adopted.
        With `closely`, changed rows are counted and deltas computed only for what a refresh of
        that demand touches.
        """
        with self._lock:
            while True:
                # The snapshot comes second: what was published before the counter was read was
                # then read at this snapshot or an earlier one.
                counter = self._home.catalog.counter()
                snapshot = self._home.engine.current_snapshot()
                now = self._home.clock.now()
                if instead is None and self._seen is not None:
                    moment = now if self._seen.windows else None
                    known = _covers(self._seen, closely)
                    if known and self._key == (snapshot.id, counter, moment):
                        return self._seen
                seen = self._observe(snapshot, now, instead, closely)
                seen.counter = counter
                if self._home.catalog.counter() != counter:
                    continue  # rows, pointers and versions may be of different moments
                if instead is None:
                    moment = now if seen.windows else None
                    self._seen, self._key = seen, (snapshot.id, counter, moment)
                return seen

    def staleness(self, name: Name, now: datetime) -> Staleness | None:
        """How stale one view is at a moment; None if nothing has that name."""
        return self.look().staleness(now).get(name)

    def _observe(
        self,
        snapshot: Snapshot,
        now: datetime,
        instead: ObjectRow | None = None,
        closely: Demand | None = None,
    ) -> Observed:
        catalog = self._home.catalog
        rows = {row.name: row for row in catalog.objects()}
        if instead is not None:
            rows[instead.name] = instead
        live = catalog.live_versions()
        inputs = Inputs(
            self._home, snapshot, rows, live,
            lambda promise: self._newest.reaches(promise.sources, snapshot, now),
        )  # fmt: skip
        graph = inputs.graph()
        found: dict[Name, Observation] = {}
        known: dict[int, ViewDelta] = {}
        judged: dict[Name, Staleness] = {}
        near = None if closely is None else Closely.of(closely, graph)
        with self._deltas.looking(snapshot.id, live, now) as deltas:
            for name in graph.order(rows):
                if rows[name].kind not in LIVE_KINDS:
                    continue
                counted = near is None or name in near.counted
                observed = inputs.observation(rows[name], counted=counted)
                delta = None
                if near is None or name in near.deltas:
                    observed = deltas.bounded(rows[name], observed)
                    delta = deltas.of(rows[name], observed, judged, inputs.touches(rows[name]))
                if delta is not None:
                    observed, known[rows[name].id] = replace(observed, delta=delta.size), delta
                found[name] = observed
                judged[name] = judge(observed, judged, now)
        views = {name: found[name] for name in rows if name in found}
        return Observed(snapshot, rows, live, views, graph, known, now, near)


def _covers(seen: Observed, closely: Demand | None) -> bool:
    """Whether a look was close enough."""
    if seen.closely is None:
        return True
    return closely is not None and seen.closely.covers(Closely.of(closely, seen.graph))

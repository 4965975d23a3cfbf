"""EXPLAIN, DESCRIBE and SHOW: what would be done, and what is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview import learners
from mlview.definitions import (
    DOWNSTREAM,
    HoldoutLast,
    HoldoutShare,
    Kind,
    Method,
    Model,
    RefreshMode,
    fold,
    format_duration,
    quote,
)
from mlview.lifecycle.cards import describe_score
from mlview.observation.identities import time_column
from mlview.observation.stored import definition_of
from mlview.planning import Demand
from mlview.records import Trigger
from mlview.refresh.maintainability import foreseen, of_query, operators_of
from mlview.refresh.splitting import effective_holdout
from mlview.sql import canonical, inspect, ordered_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlview.definitions import Definition, Freshness, Holdout, Name, Refreshable
    from mlview.freshness.planner import Planner
    from mlview.graph import Graph
    from mlview.lifecycle.creating import Creator, Declaration
    from mlview.observation.observer import Observer
    from mlview.records import Column, Plan, RefreshStep
    from mlview.refresh.refresher import Refresher
    from mlview.serving.binding import Binder
    from mlview.sql import CreateMaterializedView, CreateModel, Refresh, RefreshAll
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


class Explainer:
    """Says what is known, planned and decided, without doing anything."""

    def __init__(
        self,
        home: Home,
        observer: Observer,
        refresher: Refresher,
        creator: Creator,
        binder: Binder,
        planner: Planner,
    ) -> None:
        self._home = home
        self._observer = observer
        self._refresher = refresher
        self._creator = creator
        self._binder = binder
        self._planner = planner

    def create(self, statement: CreateModel | CreateMaterializedView) -> pa.Table:
        """What a CREATE would declare: reads, columns with their roles, and how it is refreshed."""
        existing = self._home.catalog.find(statement.definition.name)
        declared = self._creator.declare(statement, existing)
        definition = statement.definition
        lines = [("kind", str(definition.kind).lower()), ("name", str(definition.name))]
        lines += [
            ("reads", f"{kind.lower()} {name}") for name, kind in declared.reads.direct.items()
        ]
        if declared.columns is None:
            lines.append(("column", "known once the models it reads are trained"))
        columns = declared.columns or ()
        lines += _columns(definition, columns)
        if isinstance(definition, Model):
            lines += _learning(definition, columns)
        lines += self._maintained(definition, declared)
        lines += _refreshing(definition, declared)
        lines += [("notice", notice) for notice in declared.notices]
        return _items(lines)

    def _maintained(self, definition: Refreshable, declared: Declaration) -> list[tuple[str, str]]:
        """How it would be refreshed, and how each operator's change is had."""
        if definition.refresh_mode is RefreshMode.FULL:
            return [("refresh", "FULL, as declared")]
        home, now = self._home, self._home.clock.now()
        snapshot = home.engine.current_snapshot().id
        live = self._observer.look().live
        with home.engine.reader(snapshot, refresh_time=now) as reader:
            operators = operators_of(
                home, reader, definition, declared.reads, lambda row: live[row.id]
            )
        able = foreseen(definition, declared.columns or (), of_query(operators))
        how = "incremental" if able.exact else "approximately"
        said = f"{how}: {able.reason}" if able.possible else f"in full: {able.reason}"
        lines = [("refresh", said)]
        for operator in operators:
            why = f" ({operator.reason})" if operator.reason else ""
            words = str(operator.strategy).lower().replace("_", " ")
            lines.append(("delta", f"{operator.what}: {words}{why}"))
        return lines

    def refresh(self, statement: Refresh | RefreshAll) -> pa.Table:
        """The steps a REFRESH would take now, in order, with their reasons."""
        plan, observed = self._refresher.plan(self.demand(statement))
        return step_table(self._planner.told(plan), observed.graph)

    def demand(self, statement: Refresh | RefreshAll) -> Demand:
        """What a REFRESH statement asks for."""
        full = statement.mode == "FULL"
        name = getattr(statement, "name", None)
        if name is None:
            order = self._observer.look().order
            return Demand(order, full=full, incremental=statement.mode == "INCREMENTAL")
        row = self._home.catalog.get(name, statement.kind)  # type: ignore[union-attr]
        return Demand(
            (row.name,),
            full=full,
            incremental=statement.mode == "INCREMENTAL",
            cascade=statement.cascade,  # type: ignore[union-attr]
        )

    def query(self, query: str) -> pa.Table:
        """How the predictions in a query are answered."""
        facts = inspect(query)
        lines: list[tuple[str, str]] = []
        for relation in facts.relations:
            row = self._binder.find(relation)
            if row is None:
                lines.append((str(relation.name), "read by DuckDB"))
            elif row.kind is Kind.MODEL:
                lines.append((str(row.name), self._answered(row)))
            elif row.kind is Kind.MATERIALIZED_VIEW:
                version = f"version {row.live_version}" if row.live_version else "nothing live"
                lines.append((str(row.name), f"stored rows of {version}"))
            else:
                lines.append((str(row.name), "view, expanded"))
        for call in facts.calls:
            row = self._home.catalog.get(call.model, Kind.MODEL)
            lines.append((f"ML.{call.function} of {row.name}", self._answered(row)))
        return pa.table(
            {"relation": [line[0] for line in lines], "answered_by": [line[1] for line in lines]}
        )

    def describe(self, name: Name, kind: Kind) -> pa.Table:
        """Everything known of one view, as rows of (item, value)."""
        row = self._home.catalog.get(name, kind)
        seen = self._observer.look()
        stale = seen.staleness(self._home.clock.now())[row.name]
        live = seen.live.get(row.id)
        definition = definition_of(row.create_text)
        lines: list[tuple[str, Any]] = [
            ("name", row.name.plain),
            ("kind", str(row.kind).lower()),
            ("state", f"{stale.state}: {stale.stale_reason}"),
            ("live version", row.live_version),
            ("target lag", _target(definition)),
            ("refresh when", getattr(definition, "refresh_when", None)),
            ("freshness", _freshness(getattr(definition, "freshness", None))),
            ("priority", getattr(definition, "priority", None)),
            ("owner", row.owner),
            ("comment", row.comment),
        ]
        if live is not None:
            lines += [
                (
                    "snapshot",
                    f"{live.snapshot_id}, data of {live.data_timestamp:%Y-%m-%d %H:%M:%S} UTC",
                ),
                ("reads", ", ".join(map(str, seen.graph.parents(row.name)))),
                *(("column", f"{quote(c.name)} {c.type}") for c in live.schema),
            ]
            if live.method is not None:
                lines += [
                    ("method", live.method),
                    ("parameters", ", ".join(f"{k} => {v}" for k, v in live.parameters.items())),
                    *_pairs("preprocessing", live.details.get("preprocessing", [])),
                    *_pairs("missing", live.details.get("missing", {}).items()),
                    *_pairs("left out", live.details.get("ignored", [])),
                    ("held out by", live.details.get("holdout", {}).get("by")),
                    ("row order", ", ".join(live.row_order)),
                    *((metric.name, describe_score(metric)) for metric in live.metrics),
                ]
        lines.append(("definition", row.create_text))
        return _items((item, str(value)) for item, value in lines if value not in (None, ""))

    def show(self, kind: Kind) -> pa.Table:
        """The views or models there are."""
        seen = self._observer.look()
        staleness = seen.staleness(self._home.clock.now())
        rows = [row for row in seen.rows.values() if row.kind is kind]
        return pa.table(
            {
                "name": pa.array([r.name.plain for r in rows], pa.string()),
                "state": pa.array([str(staleness[r.name].state) for r in rows], pa.string()),
                "live_version": pa.array([r.live_version for r in rows], pa.int64()),
                "lag_sec": pa.array([staleness[r.name].lag_sec for r in rows], pa.float64()),
                "comment": pa.array([r.comment for r in rows], pa.string()),
            }
        )

    def _answered(self, row: ObjectRow) -> str:
        if row.live_version is None:
            return f"nothing live: REFRESH MODEL {row.name};"
        version = self._home.catalog.version(row.id, row.live_version)
        return (
            f"version {version.number} ({version.method}) as a vectorized function over Arrow "
            "batches: compiling to SQL is not available in this release"
        )


def step_table(plan: Plan, graph: Graph) -> pa.Table:
    """Steps as rows, in order, with what reads each of them."""
    rows = plan.steps
    return pa.table(
        {
            "position": pa.array([s.position for s in rows], pa.int64()),
            "name": pa.array([s.name.plain for s in rows], pa.string()),
            "action": pa.array([str(s.action) for s in rows], pa.string()),
            "reason": pa.array([s.reason for s in rows], pa.string()),
            "changed": pa.array(["; ".join(map(_changed, s.changes)) for s in rows], pa.string()),
            "trigger": pa.array([str(Trigger.MANUAL) for _ in rows], pa.string()),
            "delta": pa.array([_delta(s) for s in rows], pa.string()),
            "predicted_seconds": pa.array([s.predicted_seconds for s in rows], pa.float64()),
            "predicted_full_seconds": pa.array(
                [s.predicted_full_seconds for s in rows], pa.float64()
            ),
            "predicted_incremental_seconds": pa.array(
                [s.predicted_incremental_seconds for s in rows], pa.float64()
            ),
            "due_at": pa.array([s.due_at for s in rows], pa.timestamp("us", tz="UTC")),
            "start_at": pa.array([s.start_at for s in rows], pa.timestamp("us", tz="UTC")),
            "sheds": pa.array([s.sheds for s in rows], pa.string()),
            "exact": pa.array([s.exact for s in rows], pa.bool_()),
            "followed_by": pa.array([_readers(graph, s.name) for s in rows], pa.string()),
            "snapshot_id": pa.array([plan.snapshot.id for _ in rows], pa.int64()),
        }
    )


def _readers(graph: Graph, name: Name) -> str:
    return ", ".join(map(str, graph.descendants(name)))


def _delta(step: RefreshStep) -> str | None:
    """The change of the view's own query, where it is known before it is refreshed."""
    if step.delta is None:
        return None
    return f"+{step.delta.inserted:,} -{step.delta.deleted:,}"


def _changed(change: Any) -> str:
    if change.rows is None:
        return f"{change.name}: altered"
    return f"{change.name}: +{change.inserted:,} -{change.deleted:,}"


def _columns(definition: Refreshable, columns: Sequence[Column]) -> list[tuple[str, str]]:
    if not isinstance(definition, Model):
        return [("column", f"{quote(c.name)} {c.type}") for c in columns]
    time = time_column(definition, columns) if columns else None
    roles = {fold(name): ", IGNORE" for name in definition.ignore}
    if time is not None:
        roles[fold(time)] = ", TIME: orders and splits, no feature"
    roles |= {fold(key): ", KEY: identity, no feature" for key in definition.key}
    if definition.target is not None:
        roles[fold(definition.target)] = ", the label"
    return [
        ("column", f"{quote(c.name)} {c.type}{roles.get(fold(c.name), ', feature')}")
        for c in columns
    ]


def _learning(definition: Model, columns: Sequence[Column]) -> list[tuple[str, str]]:
    lines = []
    label = next((c for c in columns if fold(c.name) == fold(definition.target or "")), None)
    match definition.method:
        case Method() as method:
            lines.append(("method", learners.resolve(method).name))
        case None if label is not None:
            method = learners.default_method(learners.label_task(label))
            lines.append(("method", f"{method.name}, by default"))
        case None if definition.target is None:
            lines.append(("method", f"{learners.resolve(None).name}, by default"))
        case None:
            lines.append(("method", "chosen by the label's type"))
        case _:
            lines.append(("method", "a Pipeline given from Python"))
    if definition.target is not None and columns:
        held = effective_holdout(definition, time_column(definition, columns))
        lines.append(("holdout", _held_out(held)))
    return lines


def _held_out(holdout: Holdout) -> str:
    match holdout:
        case HoldoutLast(last):
            newest = format_duration(last) if isinstance(last, timedelta) else f"{last:g}"
            return f"the last {newest} by time, then refitted on all rows"
        case HoldoutShare(share, by, refit):
            keys = f" of {', '.join(map(quote, by))}" if by else ""
            then = ", then refitted on all rows" if refit else ""
            return f"a share of {share:g} by identity{keys}{then}"


def _refreshing(definition: Refreshable, declared: Declaration) -> list[tuple[str, str]]:
    lines = [("target lag", _target(definition))]
    if definition.refresh_when is not None:
        lines.append(("refresh when", definition.refresh_when))
    if declared.reads.refresh_time:
        lines.append(("window", "reads refresh_time(): rows leave it as time passes"))
    if declared.reads.order_matters:
        lines.append(("evaluation", "single-threaded, because sums of floats depend on the order"))
    if ordered_limits(definition.query):
        lines.append(("ties", "ORDER BY with LIMIT: ties are broken on all output columns"))
    lines.append(("canonical query", canonical(definition.query)))
    return lines


def _pairs(item: str, said: Iterable[tuple[str | list[str], object]]) -> list[tuple[str, str]]:
    """One line for each column, or several together, and what is said of it."""
    return [
        (item, f"{', '.join(map(quote, [names] if isinstance(names, str) else names))}: {text}")
        for names, text in said
    ]


def _freshness(promise: Freshness | None) -> str | None:
    if promise is None:
        return None
    parts = [
        f"{word} after {format_duration(length)}"
        for word, length in (("warn", promise.warn_after), ("error", promise.error_after))
        if length is not None
    ]
    parts += [
        f"source {'.'.join(source.column)} within {format_duration(source.within)}"
        for source in promise.sources
    ]
    return ", ".join(parts)


def _target(definition: Definition) -> str:
    lag = getattr(definition, "target_lag", None)
    if isinstance(lag, timedelta):
        return format_duration(lag)
    if lag is DOWNSTREAM:
        return "DOWNSTREAM"
    condition = getattr(definition, "refresh_when", None)
    return "none: refreshed by hand" if condition is None else "none: REFRESH WHEN alone decides"


def _items(lines: Iterable[tuple[str, str]]) -> pa.Table:
    pairs = list(lines)
    return pa.table(
        {
            "item": pa.array([item for item, _ in pairs], pa.string()),
            "value": pa.array([value for _, value in pairs], pa.string()),
        }
    )

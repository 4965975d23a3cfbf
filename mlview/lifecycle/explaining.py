"""EXPLAIN: what would be done, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.definitions import Kind, Model, RefreshMode
from mlview.lifecycle.items import as_table, column_items, learning_items, refreshing_items
from mlview.lifecycle.steps import step_table
from mlview.planning import Demand
from mlview.refresh.maintainability import foreseen, of_query, operators_of
from mlview.sql import inspect

if TYPE_CHECKING:
    from mlview.definitions import Refreshable
    from mlview.freshness.planner import Planner
    from mlview.lifecycle.creating import Creator, Declaration
    from mlview.lifecycle.items import Item
    from mlview.observation.observer import Observer
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
        lines += column_items(definition, columns)
        if isinstance(definition, Model):
            lines += learning_items(definition, columns)
        lines += self._maintained(definition, declared)
        lines += refreshing_items(definition, declared)
        lines += [("notice", notice) for notice in declared.notices]
        return as_table(lines)

    def _maintained(self, definition: Refreshable, declared: Declaration) -> list[Item]:
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
        lines: list[Item] = []
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

    def _answered(self, row: ObjectRow) -> str:
        if row.live_version is None:
            return f"nothing live: REFRESH MODEL {row.name};"
        version = self._home.catalog.version(row.id, row.live_version)
        return (
            f"version {version.number} ({version.method}) as a vectorized function over Arrow "
            "batches: compiling to SQL is not available in this release"
        )

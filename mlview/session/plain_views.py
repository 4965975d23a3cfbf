"""CREATE VIEW and DROP VIEW: some views are DuckDB's to keep, others mlview's."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from mlview.definitions import Kind
from mlview.errors import DefinitionRefused
from mlview.lifecycle.naming import refuse_reserved, refuse_taken
from mlview.observation.reads import LAKE
from mlview.session.guarding import elsewhere
from mlview.session.querying import system_table
from mlview.session.result import Result, said
from mlview.sql import inspect

if TYPE_CHECKING:
    from mlview.engines import LakeConnection
    from mlview.session.guarding import Guard
    from mlview.session.querying import Queries
    from mlview.session.services import Services
    from mlview.sql import BaseDdl, CreateView


class PlainViews:
    """Views that are not materialized, as one connection makes and drops them."""

    def __init__(
        self, services: Services, connection: LakeConnection, guard: Guard, queries: Queries
    ) -> None:
        self._services = services
        self._connection = connection
        self._guard = guard
        self._queries = queries

    def create(self, statement: CreateView) -> Result:
        """DuckDB keeps a view over base tables, mlview one that has to be bound late."""
        view, home = statement.view, self._services.home
        row = home.catalog.find(view.name)
        facts = inspect(view.query)
        late = self._queries.late(facts)
        if any(map(system_table, facts.relations)):
            raise DefinitionRefused(
                f"the view {view.name} would read a system table as it was the last time",
                name=view.name.plain,
                hint="read system tables directly: each is made when it is read",
            )
        if statement.temporary and late:
            raise DefinitionRefused(
                f"the temporary view {view.name} would read a view or model, which DuckDB does "
                "not know",
                name=view.name.plain,
                hint=f"CREATE VIEW {view.name} AS ...",
            )
        if not late:
            if row is not None:
                if row.kind is Kind.VIEW and statement.or_replace and not statement.temporary:
                    self._guard.refuse_in_transaction()
                    home.catalog.drop([row.id], now=home.clock.now())
                else:
                    refuse_taken(home, view.name)
            refuse_reserved(view.name)
            return self._queries.run(statement.text, None, {})
        self._guard.refuse_in_transaction()
        in_lake = row is None and self._connection.exists(view.name) is Kind.VIEW
        if in_lake and statement.if_not_exists:
            return said(f"view {view.name} exists already")
        self._services.creator.keep_view(
            statement, statement.text, instead_of_lakes=in_lake and statement.or_replace
        )
        if in_lake:
            self._connection.run(f"DROP VIEW {LAKE}.{view.name.qualified}")
        return said(f"view {view.name} created: it is bound when it is read")

    def is_kept(self, ddl: BaseDdl | None) -> TypeGuard[BaseDdl]:
        """Whether a DROP VIEW is of a view that mlview keeps."""
        if ddl is None or ddl.operation != "DROP" or ddl.kind != "VIEW" or elsewhere(ddl.catalog):
            return False
        row = self._services.home.catalog.find(ddl.name)
        return row is not None and row.kind is Kind.VIEW

    def drop(self, ddl: BaseDdl) -> Result:
        """Drop a view that mlview keeps."""
        self._guard.refuse_in_transaction()
        return said(self._services.alterer.drop_names([ddl.name], Kind.VIEW, cascade=ddl.cascade))

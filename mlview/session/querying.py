"""Ordinary SQL, with what only mlview knows bound to rows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlview.definitions import fold
from mlview.errors import BindProblem, MlviewError, UnknownName, did_you_mean
from mlview.lifecycle.creating import not_available
from mlview.serving.scopes import live_scope
from mlview.serving.targets import OnConnection
from mlview.session.result import Result
from mlview.session.system_tables import COLUMNS, LATER_TABLES
from mlview.session.variables import as_arrow
from mlview.sql import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlview.engines import LakeConnection
    from mlview.serving.scopes import Scope
    from mlview.session.guarding import Guard
    from mlview.session.services import Services
    from mlview.sql import BaseDdl, QueryFacts, Relation

ROW_KINDS = frozenset(
    {"SELECT", "EXPLAIN", "CALL", "PRAGMA", "RELATION", "EXECUTE", "VARIABLE_SET"}
)


class Queries:
    """Runs statements that DuckDB answers on one connection."""

    def __init__(self, services: Services, connection: LakeConnection, guard: Guard) -> None:
        self._services = services
        self._connection = connection
        self._guard = guard

    def run(
        self,
        text: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
        ddl: BaseDdl | None = None,
    ) -> Result:
        """The answer; the caller's dataframes and mlview's system tables can be read by name."""
        facts = inspect(text)
        self._guard.refuse_upkeep(text)
        self._guard.refuse_writes(facts)
        self._guard.refuse_stored_text(text, ddl, late=self.late(facts))
        now = self._services.home.clock.now()
        scope = live_scope(self._services.home, OnConnection(self._connection), now)
        try:
            self._bind_variables(facts, variables, scope)
            for name in _system_tables(facts):
                self._connection.bind_system_table(name, self._services.system.table(name))
                scope.adopt(f"__mlview_{name}")
            bound = self._services.binder.bind(text, scope)
            with scope.asking(text), _columns_of(text, bound):
                result = self._connection.run(bound, parameters)
                if scope.busy or facts.refresh_time:
                    result.settle()
        finally:
            scope.release()
        return Result(result, notices=tuple(scope.notices), has_rows=result.kind in ROW_KINDS)

    def _bind_variables(
        self, facts: QueryFacts, variables: Mapping[str, Any], scope: Scope
    ) -> None:
        """Register the caller's dataframes under the names that nothing in the lake has."""
        names = [r.name for r in facts.relations if r.catalog is None and not r.schema_given]
        for call in facts.calls:
            names += [by for _, by in call.replaced]
            names += [call.table] if call.table is not None else []
            if call.query is not None:
                self._bind_variables(inspect(call.query), variables, scope)
        for name in names:
            if name.name not in variables or self._services.home.catalog.find(name) is not None:
                continue
            data = as_arrow(variables[name.name])
            if data is not None and self._connection.exists(name) is None:
                scope.give(name.name, data)

    def late(self, facts: QueryFacts) -> bool:
        """Whether a query reads what only mlview can bind, at the moment it runs."""
        return (
            bool(facts.calls)
            or facts.refresh_time
            or any(self._services.binder.find(r) is not None for r in facts.relations)
        )


def _system_tables(facts: QueryFacts) -> list[str]:
    """System tables a query names, each once."""
    found: dict[str, None] = {}
    for relation in facts.relations:
        name = system_table(relation)
        if name is not None:
            if name in LATER_TABLES:
                raise not_available(f"mlview.{name}")
            if name not in COLUMNS:
                raise _no_system_table(relation)
            found[name] = None
    return list(found)


@contextmanager
def _columns_of(typed: str, bound: str) -> Iterator[None]:
    """Columns that DuckDB counted in another text than the one that was typed are not told."""
    try:
        yield
    except MlviewError as error:
        if typed != bound:
            error.column = None
        if isinstance(error, BindProblem) and 'column "__mlview_' in error.message:
            said = "what ML functions give is rows: they stand where a table does"
            raise BindProblem(said, hint="FROM ML.PREDICT(MODEL name, TABLE rows)") from error
        raise


def system_table(relation: Relation) -> str | None:
    """The system table that a reference means, if it means one."""
    schema = relation.name.schema if relation.catalog is None else relation.catalog
    return fold(relation.name.name) if fold(schema) == "mlview" else None


def _no_system_table(relation: Relation) -> UnknownName:
    return UnknownName(
        f"no system table mlview.{relation.name.name}",
        name=relation.name.plain,
        hint=did_you_mean(relation.name.name, COLUMNS) or f"there are: {', '.join(COLUMNS)}",
    )

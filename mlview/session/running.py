"""One statement at a time: which part of mlview answers it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeGuard

import pyarrow as pa

from mlview.definitions import Kind, Name, fold
from mlview.errors import (
    BindProblem,
    DefinitionRefused,
    MlviewError,
    UnknownName,
    UsageProblem,
    did_you_mean,
)
from mlview.lifecycle.creating import not_available
from mlview.lifecycle.naming import refuse_reserved, refuse_taken
from mlview.observation.reads import LAKE
from mlview.refresh.progress import silent
from mlview.serving.scopes import live_scope
from mlview.serving.targets import OnConnection
from mlview.session.encoding import refuse_surrogates
from mlview.session.guarding import Guard, elsewhere
from mlview.session.refreshing import outcome_result
from mlview.session.result import Result, said
from mlview.session.system_tables import COLUMNS, LATER_TABLES
from mlview.session.variables import as_arrow
from mlview.sql import (
    Alter,
    CommentOn,
    CreateMaterializedView,
    CreateModel,
    CreateView,
    Describe,
    Drop,
    ExplainCreate,
    ExplainQuery,
    ExplainRefresh,
    Later,
    Ordinary,
    Refresh,
    RefreshAll,
    SetRetention,
    Show,
    ShowCreate,
    Undrop,
    condition_start,
    inspect,
    parse_statement,
    position,
    split_script,
    unavailable,
)
from mlview.upkeep.retention import set_retention

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlview.engines import LakeConnection
    from mlview.refresh.progress import Progress
    from mlview.serving.scopes import Scope
    from mlview.session.services import Services
    from mlview.sql import BaseDdl, Piece, QueryFacts, Relation, Statement

SHOWN_KINDS = {"MODELS": Kind.MODEL, "MATERIALIZED VIEWS": Kind.MATERIALIZED_VIEW}


class Runner:
    """Runs statements on one connection."""

    def __init__(self, services: Services, connection: LakeConnection) -> None:
        self._services = services
        self._connection = connection
        self._guard = Guard(services, connection)
        self.progress: Progress = silent

    def run(
        self,
        script: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
    ) -> Iterator[Result]:
        """The results of a script's statements, each run when it is asked for.

        Errors say the line and column within the script.
        """
        refuse_surrogates(script, parameters)
        pieces = split_script(script)
        if parameters and len(pieces) != 1:
            raise UsageProblem(
                f"parameters go with one statement, this script has {len(pieces)}",
                hint="run the statements one by one",
            )
        for piece in pieces:
            yield self._piece(piece, parameters, variables, alone=len(pieces) == 1)

    def _piece(
        self,
        piece: Piece,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
        *,
        alone: bool,
    ) -> Result:
        statement = parse_statement(piece)
        try:
            return self.statement(statement, parameters, variables)
        except MlviewError as error:
            if error.line is not None:
                _place(error, piece, self._counted_from(error, statement, piece.text))
            elif not alone:
                error.at(piece.line, piece.column)
            raise

    def _counted_from(self, error: MlviewError, statement: Statement, text: str) -> int:
        """The offset in a statement from which the place of an error is counted."""
        if "condition" in error.facts:
            return condition_start(text) or 0
        part = self._judged_alone(statement)
        return 0 if part is None else max(text.rfind(part), 0)

    def _judged_alone(self, statement: Statement) -> str | None:
        """The part of a statement that errors count positions in, if it is not all of it."""
        match statement:
            case CreateModel() | CreateMaterializedView() | ExplainCreate():
                inner = statement.statement if isinstance(statement, ExplainCreate) else statement
                return inner.definition.query
            case CreateView(view) if self._late(inspect(view.query)):
                return view.query
            case _:
                return None

    def statement(
        self,
        statement: Statement,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> Result:
        """The answer to one statement."""
        match statement:
            case Ordinary() | CreateView() | ExplainQuery() | Show():
                return self._typed(statement, parameters, variables or {})
            case Describe() | ShowCreate() | ExplainCreate() | ExplainRefresh() | Later():
                return self._told(statement)
            case _:
                self._guard.refuse_in_transaction()
                return self._done(statement)

    def _typed(
        self,
        statement: Ordinary | CreateView | ExplainQuery | Show,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
    ) -> Result:
        """Statements whose text may be DuckDB's to answer."""
        match statement:
            case CreateView():
                return self._create_view(statement)
            case ExplainQuery():
                return self._explain_query(statement, parameters, variables)
            case Show(what, text):
                return self._show(what, text, variables)
            case Ordinary(text, ddl):
                if self._is_kept_view(ddl):
                    return self._drop_view(ddl)
                if ddl is not None and self._guard.drops_readers(ddl):
                    return said(self._guard.drop(ddl))
                self._guard.check(ddl)
                return self._query(text, parameters, variables, ddl)

    def _told(
        self, statement: Describe | ShowCreate | ExplainCreate | ExplainRefresh | Later
    ) -> Result:
        """Statements that change nothing."""
        services = self._services
        match statement:
            case Describe(kind, name):
                return Result(services.explainer.describe(name, kind))
            case ShowCreate(kind, name):
                text = services.home.catalog.get(name, kind).create_text
                return Result(pa.table({"definition": [f"{text};"]}))
            case ExplainCreate(inner):
                return Result(services.explainer.create(inner))
            case ExplainRefresh(inner):
                _refuse_unavailable(inner)
                return Result(services.explainer.refresh(inner))
            case Later():
                raise not_available(statement.feature)

    def _done(
        self,
        statement: CreateModel
        | CreateMaterializedView
        | Refresh
        | RefreshAll
        | Alter
        | CommentOn
        | Drop
        | Undrop
        | SetRetention,
    ) -> Result:
        """Statements that change what is declared or live."""
        alterer = self._services.alterer
        match statement:
            case CreateModel() | CreateMaterializedView():
                card = self._services.creator.create(statement, progress=self.progress)
                return Result(card.table(), card=card, notices=card.notices)
            case Refresh() | RefreshAll():
                return self.refresh(statement)
            case Alter():
                return said(alterer.alter(statement), alterer.advice(statement))
            case CommentOn():
                return said(alterer.comment(statement))
            case Drop():
                return said(alterer.drop(statement))
            case Undrop():
                return said(alterer.undrop(statement))
            case SetRetention(versions, snapshots):
                catalog = self._services.home.catalog
                kept = set_retention(catalog, versions=versions, snapshots=snapshots)
                return said(f"kept from now on: {kept}")

    def refresh(self, statement: Refresh | RefreshAll) -> Result:
        """Refresh, and say step by step what was done.

        Raises:
            MlviewError: the first step's, where one view was asked for and something failed.
        """
        _refuse_unavailable(statement)
        demand = self._services.explainer.demand(statement)
        outcome = self._services.refresher.refresh(demand, progress=self.progress)
        return outcome_result(outcome, strict=len(demand.names) == 1)

    def _query(
        self,
        text: str,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
        ddl: BaseDdl | None = None,
    ) -> Result:
        facts = inspect(text)
        self._guard.refuse_upkeep(text)
        self._guard.refuse_writes(facts)
        self._guard.refuse_stored_text(text, ddl, late=self._late(facts))
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

    def _create_view(self, statement: CreateView) -> Result:
        """DuckDB keeps a view over base tables, mlview one that has to be bound late."""
        view, home = statement.view, self._services.home
        row = home.catalog.find(view.name)
        facts = inspect(view.query)
        late = self._late(facts)
        if any(map(_system_table, facts.relations)):
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
            return self._query(statement.text, None, {})
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

    def _late(self, facts: QueryFacts) -> bool:
        """Whether a query reads what only mlview can bind, at the moment it runs."""
        return (
            bool(facts.calls)
            or facts.refresh_time
            or any(self._services.binder.find(r) is not None for r in facts.relations)
        )

    def _explain_query(
        self,
        statement: ExplainQuery,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
    ) -> Result:
        if self._late(inspect(statement.query)):
            return Result(self._services.explainer.query(statement.query))
        return self._query(statement.text, parameters, variables)

    def _show(self, what: str, text: str, variables: Mapping[str, Any]) -> Result:
        if what not in SHOWN_KINDS:
            raise not_available(f"SHOW {what}")
        if what == "MODELS" and self._connection.exists(Name("models")) is not None:
            return self._query(text, None, variables)
        return Result(self._services.explainer.show(SHOWN_KINDS[what]))

    def _is_kept_view(self, ddl: BaseDdl | None) -> TypeGuard[BaseDdl]:
        """Whether a DROP VIEW is of a view that mlview keeps."""
        if ddl is None or ddl.operation != "DROP" or ddl.kind != "VIEW" or elsewhere(ddl.catalog):
            return False
        row = self._services.home.catalog.find(ddl.name)
        return row is not None and row.kind is Kind.VIEW

    def _drop_view(self, ddl: BaseDdl) -> Result:
        self._guard.refuse_in_transaction()
        return said(self._services.alterer.drop_names([ddl.name], Kind.VIEW, cascade=ddl.cascade))


ROW_KINDS = frozenset(
    {"SELECT", "EXPLAIN", "CALL", "PRAGMA", "RELATION", "EXECUTE", "VARIABLE_SET"}
)


def _refuse_unavailable(statement: Statement) -> None:
    missing = unavailable(statement)
    if missing is not None:
        raise not_available(missing)


def _system_tables(facts: QueryFacts) -> list[str]:
    """System tables a query names, each once."""
    found: dict[str, None] = {}
    for relation in facts.relations:
        name = _system_table(relation)
        if name is not None:
            if name in LATER_TABLES:
                raise not_available(f"mlview.{name}")
            if name not in COLUMNS:
                raise _no_system_table(relation)
            found[name] = None
    return list(found)


def _place(error: MlviewError, piece: Piece, start: int) -> None:
    """Let an error's position be one in the script, where it was one from an offset of a piece."""
    line, column = position(piece.text, start)
    for first_line, first_column in ((line, column), (piece.line, piece.column)):
        assert error.line is not None  # noqa: S101 - the caller looked
        if error.line == 1 and error.column is not None:
            error.column += first_column - 1
        error.line += first_line - 1


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


def _system_table(relation: Relation) -> str | None:
    """The system table that a reference means, if it means one."""
    schema = relation.name.schema if relation.catalog is None else relation.catalog
    return fold(relation.name.name) if fold(schema) == "mlview" else None


def _no_system_table(relation: Relation) -> UnknownName:
    return UnknownName(
        f"no system table mlview.{relation.name.name}",
        name=relation.name.plain,
        hint=did_you_mean(relation.name.name, COLUMNS) or f"there are: {', '.join(COLUMNS)}",
    )

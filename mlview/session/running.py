"""One statement at a time: which part of mlview answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.definitions import Kind, Name
from mlview.errors import (
    MlviewError,
    SyntaxProblem,
    UnknownName,
    UsageProblem,
)
from mlview.lifecycle.creating import not_available
from mlview.refresh.progress import silent
from mlview.session.encoding import refuse_surrogates
from mlview.session.guarding import Guard
from mlview.session.plain_views import PlainViews
from mlview.session.querying import Queries
from mlview.session.refreshing import outcome_result
from mlview.session.result import Result, said
from mlview.session.system_tables import COLUMNS
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
    meant,
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
    from mlview.session.services import Services
    from mlview.sql import Piece, Statement

SHOWN_KINDS = {"MODELS": Kind.MODEL, "MATERIALIZED VIEWS": Kind.MATERIALIZED_VIEW}


class Runner:
    """Runs statements on one connection."""

    def __init__(self, services: Services, connection: LakeConnection) -> None:
        self._services = services
        self._connection = connection
        self._guard = Guard(services, connection)
        self._queries = Queries(services, connection, self._guard)
        self._views = PlainViews(services, connection, self._guard, self._queries)
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
            if error.hint is None and isinstance(error, SyntaxProblem | UnknownName):
                error.hint = meant(piece.text, COLUMNS)
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
            case CreateView(view) if self._queries.late(inspect(view.query)):
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
                return self._views.create(statement)
            case ExplainQuery():
                return self._explain_query(statement, parameters, variables)
            case Show(what, text):
                return self._show(what, text, variables)
            case Ordinary(text, ddl):
                if self._views.is_kept(ddl):
                    return self._views.drop(ddl)
                if ddl is not None and self._guard.drops_readers(ddl):
                    return said(self._guard.drop(ddl))
                self._guard.check(ddl)
                return self._queries.run(text, parameters, variables, ddl)

    def _told(
        self, statement: Describe | ShowCreate | ExplainCreate | ExplainRefresh | Later
    ) -> Result:
        """Statements that change nothing."""
        services = self._services
        match statement:
            case Describe(kind, name):
                return Result(services.describer.describe(name, kind))
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

    def _explain_query(
        self,
        statement: ExplainQuery,
        parameters: Sequence[Any] | Mapping[str, Any] | None,
        variables: Mapping[str, Any],
    ) -> Result:
        if self._queries.late(inspect(statement.query)):
            return Result(self._services.explainer.query(statement.query))
        return self._queries.run(statement.text, parameters, variables)

    def _show(self, what: str, text: str, variables: Mapping[str, Any]) -> Result:
        if what not in SHOWN_KINDS:
            raise not_available(f"SHOW {what}")
        if what == "MODELS" and self._connection.exists(Name("models")) is not None:
            return self._queries.run(text, None, variables)
        return Result(self._services.describer.show(SHOWN_KINDS[what]))


def _refuse_unavailable(statement: Statement) -> None:
    missing = unavailable(statement)
    if missing is not None:
        raise not_available(missing)


def _place(error: MlviewError, piece: Piece, start: int) -> None:
    """Let an error's position be one in the script, where it was one from an offset of a piece."""
    line, column = position(piece.text, start)
    for first_line, first_column in ((line, column), (piece.line, piece.column)):
        assert error.line is not None  # noqa: S101 - the caller looked
        if error.line == 1 and error.column is not None:
            error.column += first_column - 1
        error.line += first_line - 1

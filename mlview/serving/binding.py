"""Names of views and models in a query, bound to versions so that DuckDB can run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import DEFAULT_SCHEMA, Kind, PlainView, fold, quote
from mlview.engines.storable import as_declared
from mlview.errors import BindProblem, MlviewError, SyntaxProblem, UnknownName, unplaced
from mlview.observation.reads import lake_name
from mlview.observation.stored import definition_of, model_of
from mlview.serving.lookup import VersionsAt, schema_changed
from mlview.serving.prediction import with_predictions
from mlview.serving.scopes import scope_at
from mlview.sql import (
    Edit,
    Pushed,
    break_ties,
    inspect,
    ordered_limits,
    pushdown,
    substitute,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import pyarrow as pa

    from mlview.definitions import Name
    from mlview.records import Version
    from mlview.serving.loading import Loader
    from mlview.serving.scopes import Scope
    from mlview.sql import At, Call, Relation
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

NOTHING_ASKED = Pushed()


class Binder:
    """Turns a query over views and models into one that DuckDB can run on a target."""

    def __init__(
        self, home: Home, loader: Loader, answer: Callable[[Binder, Call, Scope], pa.Table]
    ) -> None:
        self.home = home
        self.loader = loader
        self._answer = answer

    def bind(self, query: str, scope: Scope) -> str:
        """The text to run, after everything it names has been bound on the scope's target.

        Raises:
            NotMaterialized: it reads something that has no live version.
        """
        facts = inspect(query)
        alone = len(facts.relations) == 1 and not facts.calls and not facts.targets
        edits: list[Edit] = []
        for relation in facts.relations:
            asked = self._asked(query, relation, scope) if alone else Pushed()
            edits += self._relation(relation, scope, asked)
        edits += [edit for call in facts.calls for edit in self._call(call, scope)]
        return substitute(query, edits) if edits else query

    def define(self, query: str, scope: Scope) -> str:
        """As `bind`, for the query of a definition: the ties of ORDER BY with LIMIT are broken."""
        bound = self.bind(query, scope)
        if not ordered_limits(query):
            return bound
        return self.bind(break_ties(query, len(scope.target.describe(bound))), scope)

    def find(self, relation: Relation) -> ObjectRow | None:
        """The view or model that a reference names, if it names one."""
        name = lake_name(relation)
        return None if name is None else self.home.catalog.find(name)

    def rows(
        self, row: ObjectRow, version: Version, scope: Scope, asked: Pushed = NOTHING_ASKED
    ) -> pa.Table:
        """A model's own query on the scope's target, with the version's predictions beside it.

        Rows that are not asked for are not predicted. Conditions are the user's and judged under
        the user's settings, so the definition's rows come first.
        """
        target = scope.target
        data = self.own_rows(row, version, scope, Pushed() if asked.conditions else asked)
        if asked.conditions:
            name = scope.fresh_name()
            target.bind_table(name, data)
            scope.adopt(name)
            data = scope.rows(asked.of(f"FROM {name}"))
        return self.predicted(row.name, version, data, scope)

    def own_rows(
        self, row: ObjectRow, version: Version, scope: Scope, asked: Pushed = NOTHING_ASKED
    ) -> pa.Table:
        """A version's own query on the scope's target.

        Raises:
            SchemaChanged: the lake no longer has what the query reads.
        """
        try:
            with scope.target.as_definition(scope.refresh_time):
                query = self.define(model_of(version).query, scope)
                return scope.rows(asked.of(query))
        except (BindProblem, UnknownName) as problem:
            raise schema_changed(problem, row.name, row.kind, version.number) from problem

    def predicted(self, name: Name, version: Version, data: pa.Table, scope: Scope) -> pa.Table:
        """Rows with a version's predictions beside them."""
        fitted = self.loader.fitted(version, name.plain)
        answer, unseen = with_predictions(fitted, data, name)
        scope.answered.append((name, version))
        scope.notices += [
            f"{name}: {count:,} values of {column} were never seen in training"
            for column, count in unseen.items()
        ]
        return answer

    def _asked(self, query: str, relation: Relation, scope: Scope) -> Pushed:
        """What a query over one model alone asks of its rows before they are predicted."""
        row = self.find(relation)
        if row is None or row.kind is not Kind.MODEL or relation.at is not None:
            return Pushed()
        return pushdown(query, relation, [c.name for c in scope.choice.version(row).schema])

    def _relation(self, relation: Relation, scope: Scope, asked: Pushed) -> Iterator[Edit]:
        row = self.find(relation)
        if row is None:
            yield from self._moment_of_table(relation, scope)
            return
        plain = relation.at is None and relation.catalog is None
        own_name = plain and relation.name.key[0] == row.name.key[0] == DEFAULT_SCHEMA
        bound = self._name_for(row, relation.at, scope, asked, own_name=own_name)
        if own_name:
            return
        alias = "" if relation.alias is not None else f" AS {quote(row.name.name)}"
        if relation.at is None:
            yield Edit(relation.start, relation.end, bound + alias)
        else:  # AT may stand behind the alias
            yield Edit(relation.start, relation.end, bound)
            yield Edit(relation.at.start, relation.at.end, alias.strip())

    def _moment_of_table(self, relation: Relation, scope: Scope) -> Iterator[Edit]:
        """Under a virtual clock the lake's own commit times are not the ones users mean."""
        at = relation.at
        if at is None or at.kind != "TIMESTAMP" or not self.home.clock.virtual:
            return
        snapshot = self.home.engine.snapshot_at(self._moment(at, scope))
        yield Edit(at.start, at.end, f"AT (VERSION => {snapshot.id})")

    def _name_for(
        self, row: ObjectRow, at: At | None, scope: Scope, asked: Pushed, *, own_name: bool
    ) -> str:
        moment = None if at is None else self._moment(at, scope)

        def bind() -> str:
            name = row.name.name if own_name else scope.fresh_name()
            return self._bind_object(row, moment, scope, name, asked)

        return scope.remembered((row.id, moment, own_name, asked), bind)

    def _bind_object(
        self, row: ObjectRow, moment: datetime | None, scope: Scope, name: str, asked: Pushed
    ) -> str:
        choice = scope.choice if moment is None else VersionsAt(self.home, moment)
        match row.kind:
            case Kind.MATERIALIZED_VIEW if row.live_version is None and scope.columns_only:
                query = definition_of(row.create_text).query
                scope.target.bind_view(name, self.define(query, scope))
            case Kind.MATERIALIZED_VIEW:
                version = choice.version(row)
                stored = version.stored_snapshot
                if stored is None:
                    raise MlviewError(f"{row.name} has no stored rows", code="DATABASE_DAMAGED")
                relation = self.home.engine.materialization(row.id, stored)
                scope.target.bind_view(name, as_declared(relation, version.schema))
            case Kind.MODEL if moment is None:
                scope.target.bind_table(name, self.rows(row, choice.version(row), scope, asked))
            case Kind.VIEW if moment is None:
                self._bind_plain_view(row, scope, name)
            case _:
                assert moment is not None  # noqa: S101 - the cases above are those without
                scope.target.bind_table(name, self._rows_at(row, moment, scope))
        return name

    def _bind_plain_view(self, row: ObjectRow, scope: Scope, name: str) -> None:
        query = self._plain_view(row, scope)
        if not inspect(query).refresh_time:
            scope.target.bind_view(name, query)
            return
        with scope.target.as_definition(scope.refresh_time):
            scope.target.bind_table(name, scope.rows(query))

    def _plain_view(self, row: ObjectRow, scope: Scope) -> str:
        view = definition_of(row.create_text)
        assert isinstance(view, PlainView)  # noqa: S101 - the row says so
        query = self.bind(view.query, scope)
        if not view.columns:
            return query
        return f"SELECT * FROM ({query}\n) AS view({', '.join(map(quote, view.columns))})"

    def _rows_at(self, row: ObjectRow, moment: datetime, outer: Scope) -> pa.Table:
        """What a model or a plain view would have answered at a moment."""
        with scope_at(self.home, moment, outer) as scope:
            if row.kind is Kind.MODEL:
                return self.rows(row, scope.choice.version(row), scope)
            return scope.target.table(self._plain_view(row, scope))

    def _moment(self, at: At, scope: Scope) -> datetime:
        """The moment that an AT clause means."""
        engine = self.home.engine
        asked = "BIGINT" if at.kind == "VERSION" else "TIMESTAMPTZ"
        query = f"SELECT CAST({at.expression} AS {asked}) AS answer"
        with scope.asking(query):
            answer = scope.target.table(query).column(0)[0].as_py()
        if answer is None:
            raise SyntaxProblem(
                f"AT ({at.kind} => {at.expression}) is NULL", hint="AT (TIMESTAMP => a moment)"
            )
        moment: datetime = engine.snapshot(answer).time if at.kind == "VERSION" else answer
        return moment

    def _call(self, call: Call, scope: Scope) -> Iterator[Edit]:
        name = scope.fresh_name()
        with unplaced():
            scope.target.bind_table(name, self._answered(call, scope))
        scope.adopt(name)
        alias = "" if call.alias is not None else f" AS {fold(call.function)}"
        yield Edit(call.start, call.end, name + alias)
        if call.at is not None:  # it may stand behind the alias
            yield Edit(call.at.start, call.at.end, "")

    def _answered(self, call: Call, scope: Scope) -> pa.Table:
        """The rows of a call, as they are now or were at its moment."""
        if call.at is None:
            return self._answer(self, call, scope)
        with scope_at(self.home, self._moment(call.at, scope), scope) as past:
            return self._answer(self, call, past)

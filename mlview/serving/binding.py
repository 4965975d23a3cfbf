"""Names of views and models in a query, bound to versions so that DuckDB can run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.definitions import DEFAULT_SCHEMA, Kind, PlainView, fold, quote
from mlview.errors import MlviewError
from mlview.observation.reads import lake_name
from mlview.observation.stored import definition_of, model_of
from mlview.serving.lookup import LiveVersions, VersionsAt
from mlview.serving.prediction import with_predictions
from mlview.serving.targets import OnReader
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
    from mlview.serving.lookup import VersionChoice
    from mlview.serving.targets import Target
    from mlview.sql import At, Call, Relation
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

NOTHING_ASKED = Pushed()


@dataclass
class Scope:
    """The bindings of one statement: made as names are met, all let go together.

    Attributes:
        target: where the text will run.
        choice: which version a name stands for.
        refresh_time: what refresh_time() answers in definitions.
        notices: what the user should be told.
        answered: models that were answered, with the version that did.
    """

    target: Target
    choice: VersionChoice
    refresh_time: datetime
    notices: list[str] = field(default_factory=list)
    answered: list[tuple[Name, Version]] = field(default_factory=list)
    _bound: dict[tuple[object, ...], str] = field(default_factory=dict)
    _count: int = 0

    def fresh_name(self) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"__mlview_{self._count}"

    def remembered(self, key: tuple[object, ...], bind: Callable[[], str]) -> str:
        """The name bound for a key, binding it the first time."""
        if key not in self._bound:
            self._bound[key] = bind()
        return self._bound[key]

    @property
    def busy(self) -> bool:
        """Whether anything is bound that a result might still read."""
        return bool(self._bound)

    def adopt(self, name: str) -> None:
        """Let go of a name that someone else bound when the statement is over."""
        self._bound[("adopted", name)] = name

    def release(self) -> None:
        """Unbind everything."""
        for name in self._bound.values():
            self.target.unbind(name)
        self._bound.clear()


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
        edits += [self._call(call, scope) for call in facts.calls]
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
        with target.as_definition(scope.refresh_time):
            query = self.define(model_of(version).query, scope)
            data = target.table(query if asked.conditions else asked.of(query))
        if asked.conditions:
            name = scope.fresh_name()
            target.bind_table(name, data)
            scope.adopt(name)
            data = target.table(asked.of(f"FROM {name}"))
        return self.predicted(row.name, version, data, scope)

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
            case Kind.MATERIALIZED_VIEW:
                stored = choice.version(row).stored_snapshot
                if stored is None:
                    raise MlviewError(f"{row.name} has no stored rows", code="DATABASE_DAMAGED")
                relation = self.home.engine.materialization(row.id, stored)
                scope.target.bind_view(name, f"FROM {relation}")
            case Kind.MODEL if moment is None:
                scope.target.bind_table(name, self.rows(row, choice.version(row), scope, asked))
            case Kind.MODEL:
                scope.target.bind_table(name, self._rows_at(row, moment))
            case Kind.VIEW if moment is None:
                scope.target.bind_view(name, self._plain_view(row, scope))
            case _:
                scope.target.bind_table(name, self._view_at(row, moment))
        return name

    def _plain_view(self, row: ObjectRow, scope: Scope) -> str:
        view = definition_of(row.create_text)
        assert isinstance(view, PlainView)  # noqa: S101 - the row says so
        query = self.bind(view.query, scope)
        if not view.columns:
            return query
        return f"SELECT * FROM ({query}\n) AS view({', '.join(map(quote, view.columns))})"

    def _rows_at(self, row: ObjectRow, moment: datetime | None) -> pa.Table:
        assert moment is not None  # noqa: S101 - the caller matched it
        with self._scope_at(moment) as scope:
            return self.rows(row, scope.choice.version(row), scope)

    def _view_at(self, row: ObjectRow, moment: datetime | None) -> pa.Table:
        assert moment is not None  # noqa: S101 - the caller matched it
        with self._scope_at(moment) as scope:
            return scope.target.table(self._plain_view(row, scope))

    def _scope_at(self, moment: datetime) -> _ScopeAt:
        return _ScopeAt(self.home, moment)

    def _moment(self, at: At, scope: Scope) -> datetime:
        """The moment that an AT clause means."""
        engine = self.home.engine
        if at.kind == "VERSION":
            answer = scope.target.table(f"SELECT CAST({at.expression} AS BIGINT) AS v")
            return engine.snapshot(answer.column(0)[0].as_py()).time
        answer = scope.target.table(f"SELECT CAST({at.expression} AS TIMESTAMPTZ) AS t")
        moment: datetime = answer.column(0)[0].as_py()
        return moment

    def _call(self, call: Call, scope: Scope) -> Edit:
        name = scope.fresh_name()
        scope.target.bind_table(name, self._answer(self, call, scope))
        scope.adopt(name)
        alias = "" if call.alias is not None else f" AS {fold(call.function)}"
        return Edit(call.start, call.end_with_at, name + alias)


class _ScopeAt:
    """A scope on a reader at the lake's snapshot of a moment."""

    def __init__(self, home: Home, moment: datetime) -> None:
        self._home, self._moment = home, moment

    def __enter__(self) -> Scope:
        snapshot = self._home.engine.snapshot_at(self._moment)
        self._reader = self._home.engine.reader(snapshot.id, refresh_time=self._moment)
        reader = self._reader.__enter__()
        self._scope = Scope(OnReader(reader), VersionsAt(self._home, self._moment), self._moment)
        return self._scope

    def __exit__(self, *exc: object) -> None:
        self._scope.release()
        self._reader.__exit__(*exc)  # type: ignore[arg-type]


def live_scope(home: Home, target: Target, now: datetime) -> Scope:
    """A scope in which every name stands for what is live."""
    return Scope(target, LiveVersions(home), now)

"""CREATE MODEL, CREATE MATERIALIZED VIEW and the views mlview keeps itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mlview import learners
from mlview.definitions import (
    ArtifactMethod,
    Kind,
    Method,
    Model,
    fingerprint,
    fold,
    format_duration,
    quote,
)
from mlview.engines.definable import refuse_what_changes_underneath
from mlview.errors import MlviewError, NameTaken, NotAvailable, UnknownName, did_you_mean
from mlview.freshness.declaring import check_freshness
from mlview.lifecycle.cards import Card, model_card, view_card
from mlview.lifecycle.naming import about, refuse_taken
from mlview.observation.reads import LAKE, resolve
from mlview.observation.stored import definition_of
from mlview.planning import Demand
from mlview.records import Trigger
from mlview.refresh.columns import refuse_duplicates
from mlview.refresh.progress import silent
from mlview.refresh.reading import check_columns
from mlview.serving.scopes import columns_scope
from mlview.serving.targets import OnReader
from mlview.sql import canonical, check_definition, render, unavailable

if TYPE_CHECKING:
    from mlview.definitions import Definition, Name, Refreshable
    from mlview.engines import SnapshotReader
    from mlview.freshness.planner import Planner
    from mlview.observation.observer import Observer
    from mlview.observation.reads import Reads
    from mlview.records import Column
    from mlview.refresh.outcomes import Outcome
    from mlview.refresh.progress import Progress
    from mlview.refresh.refresher import Refresher
    from mlview.serving.binding import Binder
    from mlview.sql import CreateMaterializedView, CreateModel, CreateView
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


@dataclass(frozen=True)
class Declaration:
    """A definition that was looked at and may be created: what it reads, and its digest.

    `columns` are the query's, or None where a model it reads was never trained.
    """

    definition: Definition
    reads: Reads
    text: str
    fingerprint: str
    notices: tuple[str, ...] = ()
    columns: tuple[Column, ...] | None = None


class Creator:
    """Declares views and models, and materializes them."""

    def __init__(
        self,
        home: Home,
        observer: Observer,
        binder: Binder,
        refresher: Refresher,
        planner: Planner,
    ) -> None:
        self._home = home
        self._observer = observer
        self._binder = binder
        self._refresher = refresher
        self._planner = planner

    def create(
        self,
        statement: CreateModel | CreateMaterializedView,
        *,
        progress: Progress = silent,
    ) -> Card:
        """Declare a view or model and materialize it; the card says what came of it.

        Raises:
            NameTaken: something else has the name.
            NotAvailable: a clause whose behaviour is not part of this release.
        """
        name = statement.definition.name
        existing = self._existing(statement)
        if existing is not None and statement.if_not_exists:
            return Card(name, (("result", f"{existing.kind.lower()} {name} exists already"),))
        declared = self.declare(statement, existing)
        if existing is not None:
            return self._replace(statement, declared, existing, progress)
        row = self._home.catalog.define(
            statement.definition.kind,
            name,
            declared.text,
            declared.fingerprint,
            owner=statement.definition.owner,
            now=self._home.clock.now(),
        )
        if statement.with_no_data:
            return Card(
                name,
                (("result", "declared, not materialized yet"),),
                declared.notices,
                f"REFRESH {row.kind} {name};",
            )
        try:
            outcome = self._refresher.refresh(
                Demand((name,)), trigger=Trigger.CREATION, progress=progress
            )
            _raise_first(outcome)
        except BaseException:
            self._forget(row)
            raise
        return self._card(statement.definition, declared, outcome)

    def declare(
        self,
        statement: CreateModel | CreateMaterializedView,
        existing: ObjectRow | None,
    ) -> Declaration:
        """Look at a definition from every side without creating anything.

        Raises:
            StatementError, NameProblem, CycleFound: what is wrong with it.
        """
        with about(statement.definition.name):
            return self._declared(statement, existing)

    def _declared(
        self, statement: CreateModel | CreateMaterializedView, existing: ObjectRow | None
    ) -> Declaration:
        missing = unavailable(statement)
        if missing is not None:
            raise not_available(missing)
        definition = statement.definition
        refuse_taken(self._home, definition.name, except_for=existing)
        declared = self._look(definition)
        notices = list(declared.notices)
        if isinstance(definition, Model):
            _check_method(self._home, definition)
        notices += check_freshness(self._home, definition)
        notices += self._warnings(definition, declared.reads)
        columns = (
            None if self._unmaterialized(declared.reads) else self._bind(definition, declared.reads)
        )
        if columns is not None:
            refuse_duplicates(columns)
            if isinstance(definition, Model):
                check_columns(definition, columns)
        return replace(declared, notices=tuple(notices), columns=columns)

    def keep_view(
        self, statement: CreateView, text: str, *, instead_of_lakes: bool = False
    ) -> None:
        """Keep a plain view that reads a materialized view, a prediction or refresh_time().

        With `instead_of_lakes` it takes the name of a view that the lake still has.
        """
        view = statement.view
        existing = self._home.catalog.find(view.name)
        if existing is not None and existing.kind is Kind.VIEW:
            if statement.if_not_exists:
                return
            if not statement.or_replace:
                raise NameTaken(
                    f"view {view.name} exists already",
                    name=view.name.plain,
                    hint=f"CREATE OR REPLACE VIEW {view.name} AS ...",
                )
        replaced = existing if existing is not None and existing.kind is Kind.VIEW else None
        if not instead_of_lakes:
            refuse_taken(self._home, view.name, except_for=replaced)
        declared = self._look(view)
        if not self._unmaterialized(declared.reads):
            self._bind(view, declared.reads)
        now = self._home.clock.now()
        catalog = self._home.catalog
        if replaced is not None:
            catalog.redefine(replaced.id, text, declared.fingerprint, owner=None, now=now)
        else:
            catalog.define(Kind.VIEW, view.name, text, declared.fingerprint, owner=None, now=now)

    def _existing(self, statement: CreateModel | CreateMaterializedView) -> ObjectRow | None:
        name = statement.definition.name
        row = self._home.catalog.find(name)
        if row is None:
            return None
        if row.kind is not statement.definition.kind:
            raise NameTaken(
                f"{name} is a {row.kind.lower()} already",
                name=name.plain,
                hint=f"DROP {row.kind} {name}; or use another name",
            )
        if not (statement.or_replace or statement.if_not_exists):
            raise NameTaken(
                f"{row.kind.lower()} {name} exists already",
                name=name.plain,
                hint=f"CREATE OR REPLACE {row.kind} {name} ...",
            )
        return row

    def _look(self, definition: Definition) -> Declaration:
        check_definition(definition.query)
        engine = self._home.engine
        snapshot = engine.current_snapshot().id
        reads = resolve(self._home, definition.query, snapshot, what=str(definition.name))
        self._observer.look().graph.check_cycle(definition.name, tuple(reads.direct))
        return Declaration(
            definition=definition,
            reads=reads,
            text=render(definition),
            fingerprint=fingerprint(definition, canonical(definition.query)),
        )

    def _unmaterialized(self, reads: Reads) -> bool:
        """Whether it reads a model of which nobody knows yet what it will answer with."""
        rows = reads.upstream.values()
        return any(row.kind is Kind.MODEL and row.live_version is None for row in rows)

    def _bind(self, definition: Definition, reads: Reads) -> tuple[Column, ...]:
        """The columns of the body, as DuckDB judges it at the newest snapshot."""
        engine, now = self._home.engine, self._home.clock.now()
        with engine.reader(engine.current_snapshot().id, refresh_time=now) as reader:
            self._check_schema(definition.name, reader)
            scope = columns_scope(self._home, OnReader(reader), now)
            try:
                bound = self._binder.bind(definition.query, scope)
                columns = scope.target.describe(bound)
                for text in (bound, *reads.lake_views.values()):
                    refuse_what_changes_underneath(reader, text)
                return columns
            finally:
                scope.release()

    def _check_schema(self, name: Name, reader: SnapshotReader) -> None:
        """A view or model lives in a schema of the lake."""
        known = reader.table(
            f"SELECT schema_name FROM duckdb_schemas() WHERE database_name = '{LAKE}'"
        )["schema_name"].to_pylist()
        if fold(name.schema) not in map(fold, known):
            raise UnknownName(
                f"there is no schema {name.schema}",
                name=name.plain,
                hint=did_you_mean(name.schema, known) or f"CREATE SCHEMA {quote(name.schema)};",
            )

    def _warnings(self, definition: Refreshable, reads: Reads) -> list[str]:
        """A target lag that is tighter than what it reads can give."""
        own = definition.target_lag
        if not isinstance(own, timedelta):
            return []
        said = []
        for row in reads.upstream.values():
            theirs = getattr(definition_of(row.create_text), "target_lag", None)
            if isinstance(theirs, timedelta) and theirs > own:
                said.append(
                    f"TARGET_LAG '{format_duration(own)}' is tighter than the "
                    f"'{format_duration(theirs)}' of {row.name}, which it reads"
                )
        return said

    def _replace(
        self,
        statement: CreateModel | CreateMaterializedView,
        declared: Declaration,
        existing: ObjectRow,
        progress: Progress,
    ) -> Card:
        """The old definition keeps serving until the new one is live."""
        definition = statement.definition
        if statement.with_no_data:
            self._redefine(existing, declared)
            return Card(
                definition.name,
                (("result", "declared anew; the version before serves until the next refresh"),),
                declared.notices,
                f"REFRESH {existing.kind} {definition.name};",
            )
        instead = replace(
            existing,
            create_text=declared.text,
            fingerprint=declared.fingerprint,
            owner=definition.owner,
        )
        outcome = self._refresher.refresh(
            Demand((definition.name,), full=True),
            trigger=Trigger.CREATION,
            progress=progress,
            instead=instead,
        )
        _raise_first(outcome)
        if not outcome.steps[-1].published:  # a pin holds the version, not what was declared
            self._redefine(existing, declared)
        return self._card(definition, declared, outcome)

    def _redefine(self, row: ObjectRow, declared: Declaration) -> None:
        self._home.catalog.redefine(
            row.id,
            declared.text,
            declared.fingerprint,
            owner=getattr(declared.definition, "owner", None),
            now=self._home.clock.now(),
        )

    def _forget(self, row: ObjectRow) -> None:
        """A creation that failed leaves nothing behind but its line in the history."""
        self._home.catalog.purge(row.id)
        self._home.engine.drop_materialization(row.id)

    def _card(self, definition: Refreshable, declared: Declaration, outcome: Outcome) -> Card:
        last = outcome.steps[-1]
        notices = (*declared.notices, *last.notices)
        assert last.version is not None  # noqa: S101 - it did not fail
        if isinstance(definition.target_lag, timedelta):
            seconds = definition.target_lag.total_seconds()
            if last.seconds >= seconds:
                took = f"a refresh took {last.seconds:,.1f} s"
                notices = (*notices, f"TARGET_LAG of {seconds:,.3g} s cannot be met: {took}")
            notices = (*notices, *self._planner.advice(definition.name, alone=False))
        if isinstance(definition, Model):
            return model_card(definition, last.version, last.seconds, notices)
        return view_card(definition.name, last.version, last.seconds, notices)


def not_available(what: str) -> NotAvailable:
    """The error of a clause whose behaviour is not part of this release."""
    return NotAvailable(
        f"{what} is understood but not available in this release, and nothing was done",
        hint="leave it out",
    )


def _check_method(home: Home, definition: Model) -> None:
    match definition.method:
        case Method() as method:
            learners.resolve(method)
        case ArtifactMethod(sha256) if not home.artifacts.exists(sha256):
            raise MlviewError(
                f"there is no artifact sha256:{sha256[:12]}... in this database",
                code="ARTIFACT_MISSING",
                hint="give the Pipeline from Python: db.create_model(..., using=pipeline)",
            )
        case _:
            pass


def _raise_first(outcome: Outcome) -> None:
    if outcome.first_error is not None:
        raise outcome.first_error

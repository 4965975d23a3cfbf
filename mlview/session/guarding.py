"""What ordinary statements may not do to names that views and models need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import DEFAULT_SCHEMA, Kind, Name, always_quote, fold
from mlview.errors import (
    DefinitionRefused,
    DependentsExist,
    InTransaction,
    NameProblem,
    UsageProblem,
)
from mlview.lifecycle.naming import (
    dependents,
    refuse_dependents,
    refuse_renamed,
    refuse_reserved,
    refuse_taken,
)
from mlview.observation.reads import LAKE
from mlview.sql import rewriting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.engines import LakeConnection
    from mlview.session.services import Services
    from mlview.sql import BaseDdl, QueryFacts

_STORED_TEXT = frozenset({"MACRO", "FUNCTION"})
_PREPARE = "PREPARE"
LONGEST_FOLDER = 200


class Guard:
    """Protects names of mlview, and what views read, from ordinary statements."""

    def __init__(self, services: Services, connection: LakeConnection) -> None:
        self._home = services.home
        self._observer = services.observer
        self._alterer = services.alterer
        self._connection = connection

    def refuse_in_transaction(self) -> None:
        """Refuse what the catalog would keep even if the transaction were rolled back.

        Raises:
            InTransaction: between BEGIN and COMMIT.
        """
        if self._connection.in_transaction:
            raise InTransaction(
                "views and models are not declared, altered, dropped or refreshed inside a "
                "transaction",
                hint="COMMIT; first",
            )

    def refuse_writes(self, facts: QueryFacts) -> None:
        """Refuse to write what only a refresh writes.

        Raises:
            NameProblem: READ_ONLY.
        """
        for target in facts.targets:
            row = self._home.catalog.find(target)
            if row is not None:
                raise NameProblem(
                    f"{row.name} is a {row.kind.lower()}: it is written by REFRESH only",
                    name=row.name.plain,
                    code="READ_ONLY",
                    hint=f"change the tables it reads, then REFRESH {row.kind} {row.name};",
                )

    def refuse_stored_text(self, text: str, ddl: BaseDdl | None, *, late: bool) -> None:
        """Refuse texts that DuckDB would keep, and that read what is bound when it is read.

        Raises:
            DefinitionRefused: a macro or a prepared statement over a view or model.
        """
        if not late:
            return
        if text[: len(_PREPARE)].upper() == _PREPARE:
            raise DefinitionRefused(
                "a prepared statement would read a view or model as it is now, and never again",
                hint="db.sql(query, parameters) binds them at every call",
            )
        if ddl is not None and ddl.operation == "CREATE" and ddl.kind in _STORED_TEXT:
            raise DefinitionRefused(
                f"the macro {ddl.name} would read a view or model, which DuckDB does not know",
                name=ddl.name.plain,
                hint=f"CREATE VIEW {ddl.name} AS ... is bound when it is read",
            )

    def refuse_upkeep(self, text: str) -> None:
        """Refuse what rewrites the past that versions were made from, or lets go of it.

        Raises:
            UsageProblem: CHECKPOINT, or a call of DuckLake's functions for that.
        """
        found = rewriting(text)
        if found is not None:
            raise UsageProblem(
                f"{found} would change snapshots that versions were made from",
                hint="mlview gc tidies up the files of the lake; the daemon does it by itself",
            )

    def check(self, ddl: BaseDdl | None) -> None:
        """Refuse names that are taken, and the loss of what views and models read.

        Raises:
            NameProblem: the name belongs to mlview, or to something else.
            DependentsExist: listing who reads what would be lost.
        """
        if ddl is None or elsewhere(ddl.catalog):
            return
        match ddl.operation, ddl.kind:
            case "CREATE", "TABLE" | "VIEW":
                self._check_new(ddl)
            case "CREATE", "SCHEMA":
                refuse_reserved(Name("x", ddl.name.name))
                _refuse_long(ddl)
            case "RENAME", "TABLE" | "VIEW":
                self._check_kind(ddl)
                if ddl.new_name is not None:
                    refuse_taken(self._home, ddl.new_name)
                refuse_renamed(self._observer.look().graph, ddl.name)
            case "DROP", "TABLE" | "VIEW":
                self._check_kind(ddl)
                refuse_dependents(self._observer.look().graph, ddl.name, Kind(ddl.kind))
            case "DROP", "SCHEMA":
                self._check_schema(ddl)

    def drops_readers(self, ddl: BaseDdl | None) -> bool:
        """Whether a DROP ... CASCADE takes more with it than DuckDB knows."""
        if ddl is None or ddl.operation != "DROP" or not ddl.cascade or elsewhere(ddl.catalog):
            return False
        if ddl.kind not in ("TABLE", "VIEW", "SCHEMA"):
            return False
        if ddl.kind != "SCHEMA":
            self._check_kind(ddl)
        return ddl.kind == "TABLE" or bool(self._lost(ddl)[1])

    def drop(self, ddl: BaseDdl) -> str:
        """Carry out a DROP ... CASCADE: what is named, then everything that reads it.

        DuckLake knows no CASCADE for tables, and nothing of views and models. The lake goes first:
        whoever is interrupted in between finds them UNUSABLE, and can drop them.
        """
        names, readers = self._lost(ddl)
        gone = ddl.if_exists and not readers and ddl.kind != "SCHEMA"
        if gone and self._connection.exists(ddl.name) is None:
            return f"no {ddl.kind.lower()} {ddl.name}, nothing done"
        kept = [name for name in readers if self._home.catalog.find(name) is not None]
        if kept:
            self.refuse_in_transaction()
        views = [name for name in readers if name not in kept]
        texts = [f"DROP VIEW IF EXISTS {_in_lake(name)}" for name in reversed(views)]
        exists = " IF EXISTS" if ddl.if_exists else ""
        if ddl.kind == "SCHEMA":
            texts.append(f"DROP SCHEMA{exists} {LAKE}.{always_quote(ddl.name.name)} CASCADE")
        else:
            texts.append(f"DROP {ddl.kind}{exists} {_in_lake(ddl.name)}")
        self._together(texts)
        self._alterer.forget(kept)
        named = [f"schema {ddl.name.name}"] if ddl.kind == "SCHEMA" else list(map(str, names))
        return "dropped " + ", ".join([*named, *map(str, readers)])

    def _together(self, texts: Sequence[str]) -> None:
        alone = self._connection.in_transaction or len(texts) == 1
        if not alone:
            self._connection.begin()
        try:
            for text in texts:
                self._connection.run(text)
            if not alone:
                self._connection.commit()
        except BaseException:
            if not alone and self._connection.in_transaction:
                self._connection.rollback()
            raise

    def _lost(self, ddl: BaseDdl) -> tuple[list[Name], tuple[Name, ...]]:
        """What a DROP names, and what reads that or lives in the schema it names."""
        graph = self._observer.look().graph
        if ddl.kind != "SCHEMA":
            return [ddl.name], dependents(graph, [ddl.name])
        schema = fold(ddl.name.name)
        snapshot = self._home.engine.current_snapshot().id
        inside = [
            name
            for known in (self._home.engine.tables(snapshot), self._home.engine.views(snapshot))
            for name in known
            if name.key[0] == schema
        ]
        kept = [row.name for row in self._home.catalog.objects() if row.name.key[0] == schema]
        outside = [name for name in dependents(graph, [*inside, *kept]) if name not in inside]
        return inside, (*kept, *(name for name in outside if name not in kept))

    def _check_new(self, ddl: BaseDdl) -> None:
        if not ddl.temporary:
            refuse_reserved(ddl.name)
            _refuse_long(ddl)
        if self._home.catalog.find(ddl.name) is not None:
            refuse_taken(self._home, ddl.name)

    def _check_kind(self, ddl: BaseDdl) -> None:
        row, kind = self._home.catalog.find(ddl.name), Kind(ddl.kind)
        if row is not None and row.kind is not kind:
            raise NameProblem(
                f"{row.name} is a {row.kind.lower()}, not a {kind.lower()}",
                name=row.name.plain,
                hint=f"{ddl.operation if ddl.operation == 'DROP' else 'ALTER'} {row.kind} "
                f"{row.name} ...",
            )

    def _check_schema(self, ddl: BaseDdl) -> None:
        refuse_reserved(Name("x", ddl.name.name))
        _, readers = self._lost(ddl)
        if readers:
            raise DependentsExist(
                f"schema {ddl.name.name} holds, or is read by, {', '.join(map(str, readers))}",
                name=ddl.name.name,
                hint=f"DROP SCHEMA {always_quote(ddl.name.name)} CASCADE; drops them all",
                dependents=tuple(r.plain for r in readers),
            )


def _refuse_long(ddl: BaseDdl) -> None:
    """Refuse names of tables and schemas that the lake cannot make a folder of."""
    for name in (ddl.name.name, ddl.name.schema):
        if ddl.kind != "VIEW" and len(name.encode()) > LONGEST_FOLDER:
            raise NameProblem(
                f"the name {name[:20]}... has {len(name.encode()):,} bytes; a table's name is also "
                f"a folder's, which has at most {LONGEST_FOLDER}",
                code="NAME_TOO_LONG",
                hint="give it a shorter name",
            )


def _in_lake(name: Name) -> str:
    schema = name.schema or DEFAULT_SCHEMA
    return f"{LAKE}.{always_quote(schema)}.{always_quote(name.name)}"


def elsewhere(catalog: str | None) -> bool:
    """Whether the database part of a name is another one than the lake."""
    return catalog is not None and fold(catalog) != LAKE

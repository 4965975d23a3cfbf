"""Everything a query reads, followed through plain views and through models' own queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.definitions import RESERVED_SCHEMAS, Kind, Model, Name, fold, quote
from mlview.errors import DefinitionRefused, UnknownName, did_you_mean
from mlview.observation.stored import definition_of
from mlview.sql import inspect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlview.records import TableState
    from mlview.sql import Relation
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

LAKE = "lake"  # what the lake is called on every connection


def lake_name(relation: Relation) -> Name | None:
    """The name in the lake that a reference means; None if it reads elsewhere.

    `lake.flights` is a table of the lake's default schema, as DuckDB reads it.
    """
    if relation.catalog is not None:
        return relation.name if fold(relation.catalog) == LAKE else None
    if relation.schema_given and relation.name.key[0] == LAKE:
        return Name(relation.name.name)
    return relation.name


@dataclass
class Reads:
    """What one query reads.

    Attributes:
        direct: relations as the query names them, with their kinds.
        base_tables: base tables, through plain views and through the queries of models read.
        lake_views: plain views the lake keeps, with their text.
        upstream: materialized views and models by object id, in the order they were met.
        kept_views: plain views mlview keeps, by object id.
        refresh_time: whether anything evaluated here reads refresh_time().
        order_matters: whether float results depend on the order of evaluation.
    """

    direct: dict[Name, Kind] = field(default_factory=dict)
    base_tables: dict[Name, TableState] = field(default_factory=dict)
    lake_views: dict[Name, str] = field(default_factory=dict)
    upstream: dict[int, ObjectRow] = field(default_factory=dict)
    kept_views: dict[int, ObjectRow] = field(default_factory=dict)
    refresh_time: bool = False
    order_matters: bool = False


def resolve(home: Home, query: str, snapshot_id: int, *, what: str) -> Reads:
    """What a definition's query reads at a snapshot.

    Args:
        home: the database.
        query: the query's text.
        snapshot_id: the lake snapshot names are looked up at.
        what: whose query it is, for errors.

    Raises:
        UnknownName: a relation does not exist, or is not one a definition may read.
        DefinitionRefused: it reads outside the lake.
    """
    known = _Known(
        home.engine.tables(snapshot_id), home.engine.views(snapshot_id), home.catalog.find, what
    )
    reads = Reads()
    for name, kind in _follow(query, known, reads, set()):
        reads.direct.setdefault(name, kind)
    return reads


@dataclass(frozen=True)
class _Known:
    tables: Mapping[Name, TableState]
    views: Mapping[Name, str]
    find: Callable[[Name], ObjectRow | None]
    what: str


def _follow(query: str, known: _Known, reads: Reads, seen: set[Name]) -> list[tuple[Name, Kind]]:
    facts = inspect(query)
    reads.refresh_time |= facts.refresh_time
    reads.order_matters |= facts.aggregates
    met = [
        (relation.name, _one(relation.name, known, reads, seen, relation))
        for relation in facts.relations
    ]
    for call in facts.calls:
        met.append((call.model, _one(call.model, known, reads, seen, None)))
        inputs = [by for _, by in call.replaced] + ([call.table] if call.table else [])
        met += [(name, _one(name, known, reads, seen, None)) for name in inputs]
        if call.query is not None:
            met += _follow(call.query, known, reads, seen)
    return met


def _one(
    name: Name, known: _Known, reads: Reads, seen: set[Name], relation: Relation | None
) -> Kind:
    """The kind of one relation, after everything below it was followed."""
    if relation is not None:
        inside = lake_name(relation)
        if inside is None:
            raise _outside(relation, known)
        name = inside
    if name.key[0] in RESERVED_SCHEMAS:
        raise DefinitionRefused(
            f"{known.what} reads {name}, which has no snapshots: its changes could not be seen",
            hint="a definition reads tables and views of the lake only",
        )
    row = known.find(name)
    if row is not None:
        if name not in seen:
            seen.add(name)
            _object(row, known, reads, seen)
        return row.kind
    if name in known.tables:
        state = known.tables[name]
        reads.base_tables.setdefault(state.name, state)
        return Kind.TABLE
    if name in known.views:
        text = known.views[name]
        reads.lake_views[name] = text
        if name not in seen:
            seen.add(name)
            _follow(text, known, reads, seen)
        return Kind.VIEW
    raise _unknown(name, known)


def _object(row: ObjectRow, known: _Known, reads: Reads, seen: set[Name]) -> None:
    if row.kind is Kind.VIEW:
        reads.kept_views[row.id] = row
        _follow(definition_of(row.create_text).query, known, reads, seen)
        return
    reads.upstream[row.id] = row
    definition = definition_of(row.create_text)
    if isinstance(definition, Model):
        # A model's rows are its own query at the reader's snapshot, so its inputs are read too.
        _follow(definition.query, known, reads, seen)


def _outside(relation: Relation, known: _Known) -> DefinitionRefused:
    full = f"{relation.catalog}.{relation.name.schema}.{relation.name.name}"
    return DefinitionRefused(
        f"{known.what} reads {full}, which is not in the lake: its changes could not be seen",
        hint=f"CREATE TABLE {quote(relation.name.name)} AS FROM {full};",
    )


def _unknown(name: Name, known: _Known) -> UnknownName:
    everything = [str(n) for n in (*known.tables, *known.views)]
    kept = f"CREATE TABLE {quote(name.name)} AS FROM {name};"
    hint = did_you_mean(str(name), everything) or (
        f"a definition reads tables and views of the lake only: {kept}"
    )
    return UnknownName(
        f"no table or view named {name} in the lake, which {known.what} reads",
        name=name.plain,
        hint=hint,
    )

"""What a view's query reads, as it was for the live version and as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import Kind, Name, PlainView, fold, quote
from mlview.engines.storable import as_declared
from mlview.errors import LakeProblem
from mlview.observation.stored import definition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlview.engines.differencing.binding import Resolve
    from mlview.engines.sources import Source
    from mlview.records import Column, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

LAKE = "lake"
_STORE = "store"
NO_DELTA = "NO_DELTA"


def sources(
    home: Home,
    recorded: Mapping[int, int],
    through: int,
    until: int,
    version_of: Callable[[ObjectRow], Version],
) -> Resolve:
    """Looks up names of a query at both ends of its delta.

    Args:
        home: the database.
        recorded: the versions of views that were read at the delta's start, by object id.
        through: the lake snapshot the delta starts at.
        until: the lake snapshot the delta ends at.
        version_of: the version of a view or model that counts at the end.

    The function raises LakeProblem (NO_DELTA) for what has no delta: a table that was dropped,
    recreated or altered in between, a model, or something the version did not read.
    """
    views = home.engine.views(until)
    stored: dict[str, Source] = {}

    def resolve(catalog: str | None, schema: str | None, table: str) -> Source | str:
        if catalog == _STORE:
            return stored[table]
        name = _name(catalog, schema, table)
        row = home.catalog.find(name)
        if row is not None:
            found = _object(home, row, recorded, version_of)
            if isinstance(found, str) or row.kind is not Kind.MATERIALIZED_VIEW:
                return found
            return _as_declared(found, version_of(row).schema, f"v{row.id}", stored)
        if name in views:
            return views[name]
        return home.engine.source(name, through, until)

    return resolve


def _name(catalog: str | None, schema: str | None, table: str) -> Name:
    """The name in the lake that a reference means: `lake.flights` is in the default schema."""
    if schema is None or (catalog is None and fold(schema) == LAKE):
        return Name(table)
    return Name(table, schema)


def _object(
    home: Home,
    row: ObjectRow,
    recorded: Mapping[int, int],
    version_of: Callable[[ObjectRow], Version],
) -> Source | str:
    match row.kind:
        case Kind.VIEW:
            return _plain_view(row)
        case Kind.MATERIALIZED_VIEW if row.id in recorded:
            before = home.catalog.version(row.id, recorded[row.id]).stored_snapshot
            after = version_of(row).stored_snapshot
            if before is not None and after is not None:
                return home.engine.stored_source(row.id, before, after)
            raise _no_delta(f"{row.name} has no stored rows")
        case Kind.MATERIALIZED_VIEW:
            raise _no_delta(f"the live version did not read {row.name}")
        case _:
            raise _no_delta(f"it reads predictions of {row.name}")


def _as_declared(
    source: Source, columns: Sequence[Column], name: str, stored: dict[str, Source]
) -> Source | str:
    """A stored view, or a query that gives its columns the types of the view again."""
    stored[name] = source
    relation = f"{_STORE}.main.{name}"
    query = as_declared(relation, columns)
    return source if query == f"FROM {relation}" else query


def _plain_view(row: ObjectRow) -> str:
    view = definition_of(row.create_text)
    assert isinstance(view, PlainView)  # noqa: S101 - the row says so
    if not view.columns:
        return view.query
    return f"SELECT * FROM ({view.query}\n) AS view({', '.join(map(quote, view.columns))})"


def _no_delta(why: str) -> LakeProblem:
    return LakeProblem(f"there is no delta: {why}", code=NO_DELTA, hint="it is refreshed in full")

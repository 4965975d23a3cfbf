"""Who may have which name, and what stands in the way of losing one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlview.definitions import RESERVED_SCHEMAS, Kind
from mlview.errors import DependentsExist, MlviewError, NameTaken, ReservedName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview.definitions import Name
    from mlview.graph import Graph
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


def refuse_reserved(name: Name) -> None:
    """Refuse names in mlview's own schemas.

    Raises:
        ReservedName: the schema is reserved.
    """
    if name.key[0] in RESERVED_SCHEMAS:
        raise ReservedName(
            f"schema {name.schema} belongs to mlview",
            name=name.plain,
            hint=f"use another: {name.name} or my.{name.name}",
        )
    if name.name.startswith("__mlview"):
        raise ReservedName(
            "names that begin with __mlview belong to mlview", name=name.plain, hint="use another"
        )


def refuse_taken(home: Home, name: Name, *, except_for: ObjectRow | None = None) -> None:
    """Refuse a name that a table, a view or a model has already.

    Raises:
        NameTaken: saying what has it.
        ReservedName: the schema is reserved.
    """
    refuse_reserved(name)
    row = home.catalog.find(name)
    if row is not None and (except_for is None or row.id != except_for.id):
        raise NameTaken(
            f"{row.name} is a {row.kind.lower()} already",
            name=name.plain,
            hint=f"CREATE OR REPLACE {row.kind} {row.name} ..., or DROP {row.kind} {row.name};",
        )
    snapshot = home.engine.current_snapshot().id
    for kind, known in (
        (Kind.TABLE, home.engine.tables(snapshot)),
        (Kind.VIEW, home.engine.views(snapshot)),
    ):
        if name in known:
            raise NameTaken(
                f"{name} is a {kind.lower()} of the lake already",
                name=name.plain,
                hint=f"use another name, or DROP {kind} {name};",
            )


def dependents(graph: Graph, names: Sequence[Name]) -> tuple[Name, ...]:
    """Everything that reads any of the names, directly or not, readers of readers last."""
    below = {d for name in names if name in graph for d in graph.descendants(name)}
    return tuple(n for n in graph.order(below | set(names) & set(graph)) if n in below - set(names))


def refuse_dependents(graph: Graph, name: Name, kind: Kind) -> None:
    """Refuse to lose a name that others read.

    Raises:
        DependentsExist: listing who reads it.
    """
    readers = dependents(graph, [name])
    if readers:
        listed = ", ".join(f"{graph.kind(r).lower()} {r}" for r in readers)
        raise DependentsExist(
            f"{name} is read by {listed}",
            name=name.plain,
            hint=f"DROP {kind} {name} CASCADE; drops them all",
            dependents=tuple(r.plain for r in readers),
        )


def refuse_renamed(graph: Graph, name: Name) -> None:
    """Refuse another name for what definitions name.

    Raises:
        DependentsExist: listing them.
    """
    readers = dependents(graph, [name])
    if readers:
        raise DependentsExist(
            f"{name} is named in the definition of {', '.join(map(str, readers))}",
            name=name.plain,
            hint="declare those anew with the new name after dropping them",
            dependents=tuple(r.plain for r in readers),
        )


@contextmanager
def about(name: Name) -> Iterator[None]:
    """Errors from inside concern this view or model, unless they name another."""
    try:
        yield
    except MlviewError as error:
        if error.name is None:
            error.name = name.plain
        raise

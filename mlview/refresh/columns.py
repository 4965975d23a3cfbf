"""The columns a version has: each once, and those of the version before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import fold, quote
from mlview.errors import DefinitionRefused, SchemaChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlview.records import Column


def keep_columns(
    described: Sequence[Column], before: Sequence[Column] | None
) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns a version takes from its query, and what to tell the user.

    Where the definition is the one of the version before, a column that a base table gained since
    is left out, however the query is written.

    Args:
        described: the query's columns now.
        before: those of the version before; None where the definition is new.

    Raises:
        DefinitionRefused: two columns have one name.
        SchemaChanged: a column that the version before had is gone.
    """
    refuse_duplicates(described)
    if before is None:
        return tuple(described), ()
    now = {fold(column.name): column for column in described}
    gone = [column.name for column in before if fold(column.name) not in now]
    if gone:
        raise SchemaChanged(
            f"the query no longer has a column {', '.join(gone)}",
            hint="declare it anew with CREATE OR REPLACE",
        )
    known = {fold(column.name) for column in before}
    more = [column.name for column in described if fold(column.name) not in known]
    notices = [f"new columns stay out until it is declared anew: {', '.join(more)}"] if more else []
    return tuple(now[fold(column.name)] for column in before), tuple(notices)


def refuse_duplicates(columns: Iterable[Column]) -> None:
    """Each column has a name of its own, ASCII case aside.

    Raises:
        DefinitionRefused: two columns have one name.
    """
    seen: dict[str, str] = {}
    for column in columns:
        if fold(column.name) in seen:
            raise DefinitionRefused(
                f"two output columns are called {seen[fold(column.name)]} and {column.name}",
                hint=f"give one another name: ... AS {quote(column.name + '_2')}",
            )
        seen[fold(column.name)] = column.name

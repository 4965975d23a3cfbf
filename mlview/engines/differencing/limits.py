"""What has no exact change: macros of users, and columns called as mlview calls its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.engines.sources import WEIGHT
from mlview.errors import LakeProblem, MlviewError, ReservedName

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlview.engines.differencing.binding import Binding
    from mlview.engines.readers import SnapshotReader
    from mlview.records import Column

_CALLED = re.compile(r'([\w]+)"?\s*\(')
_IN_LAKE = "SELECT DISTINCT macro_name FROM __ducklake_metadata_lake.main.ducklake_macro"
_ANYWHERE = "SELECT function_name FROM system.main.duckdb_functions() WHERE NOT internal"


def refuse_what_is_not_ours(binding: Binding, query: str, columns: Sequence[Column]) -> None:
    """Refuse a query whose change cannot be told from its tree.

    Raises:
        ReservedName: a column is called as the weight is.
        LakeProblem: `NO_DELTA`, a macro of the lake is called, which may read anything.
    """
    if any(fold(column.name) == WEIGHT for column in columns):
        raise ReservedName(
            f"a column is called {WEIGHT}, which is mlview's own", hint="give it another alias"
        )
    found = called_macros(binding.reader, (query, *binding.views))
    if found:
        raise LakeProblem(
            f"the macro {found[0]}() may read anything, at one moment only",
            hint="write out what it says",
            code="NO_DELTA",
        )


def called_macros(reader: SnapshotReader, texts: Iterable[str]) -> list[str]:
    """The macros (folded) of the lake that may be called in some queries."""
    called = {fold(name) for text in texts for name in _CALLED.findall(text)}
    return sorted(called & _macros(reader))


def _macros(reader: SnapshotReader) -> frozenset[str]:
    """The macros (folded) of the lake, whenever they were made."""
    try:
        rows = reader.run(_IN_LAKE)
    except MlviewError:
        rows = [row for row in reader.run(_ANYWHERE) if row[0] != "refresh_time"]
    return frozenset(fold(name) for (name,) in rows)

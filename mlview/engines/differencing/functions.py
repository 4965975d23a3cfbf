"""The functions that DuckDB has, and which of them put rows together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mlview.engines.readers import SnapshotReader

_CALL = re.compile(r"(\w+)\(")
_ALL = (
    "SELECT function_name, function_type, any_value(macro_definition ORDER BY macro_definition) "
    "FROM duckdb_functions() WHERE internal "
    "AND function_type IN ('aggregate', 'scalar', 'macro') GROUP BY ALL"
)


@dataclass(frozen=True, slots=True)
class Functions:
    """Names of DuckDB's own functions; those that users define are none of them."""

    aggregates: frozenset[str]
    others: frozenset[str]

    _known: ClassVar[list[Functions]] = []

    @classmethod
    def of(cls, reader: SnapshotReader) -> Functions:
        """Those of this DuckDB; asked for once per process."""
        if not cls._known:
            cls._known.append(cls._asked(reader))
        return cls._known[0]

    @classmethod
    def _asked(cls, reader: SnapshotReader) -> Functions:
        rows = reader.run(_ALL)
        aggregates = {name for name, kind, _ in rows if kind == "aggregate"}
        for name, kind, definition in rows:
            if kind == "macro" and aggregates & set(_CALL.findall(definition or "")):
                aggregates.add(name)
        others = {name for name, _, _ in rows} - aggregates
        return cls(frozenset(aggregates), frozenset(others))

"""DuckLake's names of types as DuckDB spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.engines.metadata import ColumnRow

# https://ducklake.select/docs/stable/specification/data_types
_DUCKDB = {
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "int128": "HUGEINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "uint128": "UHUGEINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "timetz": "TIME WITH TIME ZONE",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
}


def duckdb_type(column: ColumnRow, children: Mapping[int, Sequence[ColumnRow]]) -> str:
    """The type of a column, nested ones put together from their child columns."""
    nested = [(child, duckdb_type(child, children)) for child in children.get(column.id, ())]
    match column.type:
        case "list":
            return f"{nested[0][1]}[]"
        case "map":
            return f"MAP({nested[0][1]}, {nested[1][1]})"
        case "struct":
            fields = ", ".join(f"{quote(child.name)} {kind}" for child, kind in nested)
            return f"STRUCT({fields})"
        case plain:
            return _DUCKDB.get(plain, plain.upper())

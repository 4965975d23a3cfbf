"""DuckDB types as Arrow types, and which widen into which without loss."""

from __future__ import annotations

import re

import pyarrow as pa

_ARROW = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "HUGEINT": pa.decimal128(38, 0),
    "UHUGEINT": pa.decimal128(38, 0),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "MAP(VARCHAR, DOUBLE)": pa.map_(pa.string(), pa.float64()),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)", re.IGNORECASE)


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type in which DuckDB hands over a number, a text or a probability map.

    >>> arrow_type("DECIMAL(10,2)"), arrow_type("INTEGER")
    (Decimal128Type(decimal128(10, 2)), DataType(int32))
    """
    decimal = _DECIMAL.fullmatch(name)
    if decimal:
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    return _ARROW[name]


def duckdb_type(kind: pa.DataType) -> str:
    """The DuckDB type of an Arrow column, for messages."""
    for name, known in _ARROW.items():
        if known == kind:
            return name
    if pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        return "VARCHAR"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE" if kind.tz else "TIMESTAMP"
    if pa.types.is_date(kind):
        return "DATE"
    if pa.types.is_time(kind):
        return "TIME"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return str(kind)

"""Single values as people read them."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa

_BYTES = 20


def column_values(column: pa.ChunkedArray) -> list[Any]:
    """The values of a column; a moment that Python cannot hold is a text, such as `infinity`.

    >>> import pyarrow as pa
    >>> column_values(pa.chunked_array([pa.array([2**63 - 1, 0], pa.timestamp("us"))]))
    ['infinity', datetime.datetime(1970, 1, 1, 0, 0)]
    """
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            raise
        return [_far_moment(value) for value in column]


def is_moment(type_name: str) -> bool:
    """Whether values of a DuckDB or Arrow type are moments."""
    return type_name.lower().startswith(("timestamp", "date"))


def moments(rows: list[tuple[Any, ...]], table: pa.Table) -> list[tuple[Any, ...]]:
    """The same rows, moments that Python cannot hold as texts, where DuckDB gives the last day."""
    read = {
        i: column_values(table.column(i))
        for i, field in enumerate(table.schema)
        if pa.types.is_timestamp(field.type) or pa.types.is_date(field.type)
    }
    far = {i: values for i, values in read.items() if any(isinstance(v, str) for v in values)}
    if not far:
        return rows
    return [
        tuple(
            far[i][number] if i in far and isinstance(far[i][number], str) else value
            for i, value in enumerate(row)
        )
        for number, row in enumerate(rows)
    ]


def _far_moment(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        number = int(value.value)
        bits = value.type.bit_width - 1
        if abs(number) >= 2**bits - 1:
            return "infinity" if number > 0 else "-infinity"
        unit: Any = value.type.unit if pa.types.is_timestamp(value.type) else "D"
        return str(np.datetime64(number, unit)).replace("T", " ")


def format_value(value: Any) -> str:
    """One value, short and unambiguous.

    >>> format_value(None), format_value(True), format_value(0.123456789), format_value([1, None])
    ('NULL', 'true', '0.123457', '[1, NULL]')
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6g}" if math.isfinite(value) else str(value)
        case datetime() | date() | time():
            return _moment(value)
        case bytes():
            return value[:_BYTES].hex() + ("..." if len(value) > _BYTES else "")
        case dict():
            return "{" + ", ".join(f"{k}: {format_value(v)}" for k, v in value.items()) + "}"
        case list() if value and all(isinstance(v, tuple) and len(v) == 2 for v in value):  # noqa: PLR2004 - how Arrow gives a map's entries
            return "{" + ", ".join(f"{k}: {format_value(v)}" for k, v in value) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(format_value, value)) + "]"
        case _:
            return str(value)


def _moment(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="seconds" if not value.microsecond else "auto")
        return text.replace("+00:00", "+00")
    return value.isoformat()

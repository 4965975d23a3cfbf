"""Columns in memory that are read as a histogram reads them without asking DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.engines.tallies import Readable
    from mlview.planning.histograms import Histogram
    from mlview.records import Column

_PLAIN = {
    "DOUBLE": pa.float64(),
    "FLOAT": pa.float32(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(),
}
"""Types whose values Arrow makes a DOUBLE or a VARCHAR of exactly as DuckDB does."""


def plainly_read(table: pa.Table, columns: Sequence[Column]) -> list[pa.ChunkedArray] | None:
    """Each column as DOUBLE or VARCHAR; None if only DuckDB knows how to read one of them.

    >>> from mlview.records import Column
    >>> [column] = plainly_read(pa.table({"x": [1, None]}), [Column("x", "BIGINT")])
    >>> column.to_pylist()
    [1.0, None]
    """
    read = []
    for column in columns:
        wanted = _PLAIN.get(column.type.upper())
        if wanted is None or table.column_names.count(column.name) != 1:
            return None
        values = table[column.name]
        if values.type != wanted:
            return None
        read.append(values if wanted == pa.string() else values.cast(pa.float64(), safe=False))
    return read


def as_tallied(part: Readable, bins: Histogram, values: pa.Array) -> list[pa.Array]:
    """What the SQL of a column's tally would have made of these values."""
    if part.kind == "number":
        return [values]
    levels = pa.array(bins.levels, pa.string())
    return [pc.add(pc.index_in(values, levels), 1), pc.is_null(values)]

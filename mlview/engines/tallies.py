"""Counting the batches of a query in the bins of histograms.

Measured on 20 columns x 1M rows of a lake, in units of one plain `sum` of each column: Arrow
batches counted by comparisons 4, `histogram(x, edges)` and `count_if(x > edge)` 7, GROUPING SETS
over bin numbers 13, `count(*) FILTER` 63. Hence numbers are compared here, batch by batch. The
positions of texts come from DuckDB, which looks each entry of a dictionary up once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from mlview.definitions import always_quote, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.planning.histograms import Histogram, Kind
    from mlview.records import Column

Counts = tuple[tuple[int, ...], int]
"""Rows per bin, and missing rows."""

_NUMBERS = frozenset(
    [
        *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT"),
        *("UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM", "BOOLEAN"),
    ]
)
_MOMENTS = frozenset(
    [
        *("DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
        *("TIMESTAMPTZ", "TIMETZ"),
    ]
)
_TEXTS = frozenset(["VARCHAR", "ENUM", "JSON"])
_LEAST = pa.scalar(-math.inf)


@dataclass(frozen=True, slots=True)
class Readable:
    """A column as it is read: numbers and moments as DOUBLE, text as VARCHAR."""

    column: str
    kind: Kind
    sql: str


def readable(column: Column) -> Readable | None:
    """How a column is read; None for types that have no histogram."""
    name = always_quote(column.name)
    kind = column.type.upper()
    word = "" if kind.endswith("]") else kind.partition("(")[0].partition(" ")[0]
    if word in _NUMBERS:
        return Readable(column.name, "number", f"{name}::DOUBLE")
    if word in _MOMENTS:
        # NULL for 'infinity', as estimators are given it.
        return Readable(column.name, "number", f"epoch({name})::DOUBLE")
    if word in _TEXTS:
        return Readable(column.name, "category", f"{name}::VARCHAR")
    return None


def tally(part: Readable, bins: Histogram) -> NumberTally | LevelTally:
    """An empty tally of a column in the bins of a histogram."""
    if part.kind == "category":
        return LevelTally(part, bins.levels)
    return NumberTally(part, bins.inner)


@dataclass(slots=True)
class NumberTally:
    """Counts numbers between inner edges: how many there are, and how many above each edge."""

    part: Readable
    inner: tuple[float, ...]
    rows: int = 0
    above: list[int] = field(init=False)
    edges: list[pa.DoubleScalar] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is above any edge yet."""
        self.above = [0] * (len(self.inner) + 1)
        self.edges = [pa.scalar(edge) for edge in self.inner]

    @property
    def sql(self) -> tuple[str, ...]:
        """The columns it is added from."""
        return (self.part.sql,)

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Count a batch. NULL and NaN compare as false."""
        (values,) = columns
        self.rows += len(values)
        self.above[0] += pc.greater_equal(values, _LEAST).true_count
        for position, edge in enumerate(self.edges, start=1):
            self.above[position] += pc.greater(values, edge).true_count

    def result(self) -> Counts:
        """What was counted so far."""
        counts = tuple(over - beyond for over, beyond in pairwise([*self.above, 0]))
        return counts, self.rows - self.above[0]


@dataclass(slots=True)
class LevelTally:
    """Counts texts by their position among the levels, others in one bin more."""

    part: Readable
    levels: tuple[str, ...]
    rows: int = 0
    missing: int = 0
    found: list[int] = field(init=False)

    def __post_init__(self) -> None:
        """No level was found yet."""
        self.found = [0] * len(self.levels)

    @property
    def sql(self) -> tuple[str, ...]:
        """The columns it is added from: the position, NULL for others, and whether it is NULL."""
        known = ", ".join(map(_text, self.levels))
        position = f"list_position([{known}]::VARCHAR[], {self.part.sql})::INTEGER"
        return position, f"{self.part.sql} IS NULL"

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Count a batch."""
        positions, nulls = columns
        self.rows += len(positions)
        self.missing += nulls.true_count
        for one in pc.value_counts(positions.drop_null()).to_pylist():
            self.found[one["values"] - 1] += one["counts"]

    def result(self) -> Counts:
        """What was counted so far."""
        others = self.rows - self.missing - sum(self.found)
        return (*self.found, others), self.missing


def _text(value: str) -> str:
    """A text as SQL; DuckDB's parser ends at a NUL."""
    return " || chr(0) || ".join(map(literal, value.split("\0")))

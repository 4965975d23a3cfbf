"""Rows as texts that tell every value apart, and comparing them with room for float sums."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from mlview.engines.readers import SnapshotReader

RELATIVE, ABSOLUTE = 1e-9, 1e-9
_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|nan|inf)")

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a query: how many there are, and which have floats in them."""

    types: tuple[str, ...]

    @property
    def floats(self) -> frozenset[int]:
        """The positions of columns whose values have floats."""
        return frozenset(
            at for at, type_ in enumerate(self.types) if "DOUBLE" in type_ or "FLOAT" in type_
        )


def rows_of(copy: duckdb.DuckDBPyConnection, query: str, columns: int) -> Counter[Row]:
    """The rows of a query as texts, and how many there are of each."""
    return _counted([(*row, 1) for row in copy.execute(_as_texts(query, columns)).fetchall()])


def weighted_rows_of(reader: SnapshotReader, relation: str, columns: int) -> list[tuple[Row, int]]:
    """The rows of a relation as texts, and its last column."""
    table = reader.table(_as_texts(f"FROM {relation}", columns, "w"), threads=1)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return [(_plain(row[:columns]), row[columns]) for row in rows]


def read_rows(reader: SnapshotReader, query: str, columns: int) -> Counter[Row]:
    """The same as `rows_of`, by a reader of an engine."""
    table = reader.table(_as_texts(query, columns), threads=1)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return _counted([(*row, 1) for row in rows])


def _as_texts(query: str, columns: int, *more: str) -> str:
    names = [f"c{at}" for at in range(columns)]
    texts = ", ".join([*(f"{name}::VARCHAR" for name in names), *more])
    listed = ", ".join([*names, *more])
    return f"SELECT {texts} FROM (SELECT * FROM ({query})) AS q({listed})"


def _plain(row: Row) -> Row:
    """The row with one spelling of NaN."""
    return tuple(text.replace("-nan", "nan") if text else text for text in row)


def _counted(rows: Iterable[tuple[Any, ...]]) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for *row, weight in rows:
        found[_plain(tuple(row))] += weight
    return found


def differences(one: Counter[Row], other: Counter[Row], floats: frozenset[int]) -> list[str]:
    """What one multiset has more, and the other; nothing where they are equal.

    Floats may differ in their last digits.
    """
    more, less = one - other, other - one
    if floats and more and len(list(more.elements())) == len(list(less.elements())):
        pairs = zip_longest(_sorted(more.elements(), floats), _sorted(less.elements(), floats))
        if all(_close(left, right, floats) for left, right in pairs):
            return []
    return [f"+{count} {row}" for row, count in more.items()] + [
        f"-{count} {row}" for row, count in less.items()
    ]


def _sorted(rows: Iterable[Row], floats: frozenset[int]) -> list[Row]:
    def key(row: Row) -> tuple[list[str], list[float]]:
        exact = [_NUMBER.sub("#", f"{t}") if at in floats else f"{t}" for at, t in enumerate(row)]
        numbers = [float(n) for at in sorted(floats) for n in _NUMBER.findall(row[at] or "")]
        return exact, [0.0 if n != n else n for n in numbers]  # noqa: PLR0124 - NaN has no order

    return sorted(rows, key=key)


def _close(left: Row, right: Row, floats: frozenset[int]) -> bool:
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if one == other:
            continue
        if at not in floats or one is None or other is None:
            return False
        if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
            return False
        numbers = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
        if not all(_near(float(a), float(b)) for a, b in numbers):
            return False
    return True


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= max(ABSOLUTE, RELATIVE * max(abs(one), abs(other)))

"""Signed rows put together: equal rows are netted, rows that can be told apart are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlview.definitions import always_quote, literal
from mlview.engines.sources import WEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

_FLOATS = frozenset(["FLOAT", "DOUBLE"])
# Of these, values count as equal to DuckDB that print differently.
_LOOSE = re.compile(r"FLOAT|DOUBLE|INTERVAL|TIME WITH TIME ZONE|VARIANT|GEOMETRY|UNION")
_NESTED = re.compile(r"[\[(]")


def told_apart(column: str, kind: str, *, collated: bool = False) -> str | None:
    """SQL that differs for values of a column that DuckDB groups together, or None.

    0.0 and -0.0 are equal, and 1 / x tells them apart; so are '1 month' and '30 days'.
    """
    if kind in _FLOATS:
        return f"({column} = 0 AND signbit({column}))"
    if _LOOSE.search(kind):
        return f"CAST({column} AS VARCHAR)"
    if collated and "VARCHAR" in kind:
        return f"encode(CAST({column} AS VARCHAR))"
    return None


def netted(
    pieces: Sequence[tuple[int, str]],
    columns: Sequence[tuple[str, str]],
    *,
    collated: bool = False,
) -> str:
    """SQL for the net signed rows of queries that have these columns (name, type) by position."""
    inner = [f"c{place}" for place in range(len(columns))]
    rows = " UNION ALL ".join(
        f"SELECT *, {sign}::BIGINT AS w FROM ({sql}\n) AS q({', '.join(inner)})"
        for sign, sql in pieces
    )
    return _grouped(rows, inner, columns, collated=collated)


def netted_signed(signed: str, columns: Sequence[tuple[str, str]]) -> str:
    """SQL for the net of those columns of a SELECT that has a weight already."""
    picked = ", ".join(f"{always_quote(n)} AS c{i}" for i, (n, _) in enumerate(columns))
    inner = [f"c{place}" for place in range(len(columns))]
    rows = f"SELECT {picked}, {WEIGHT} AS w FROM ({signed}\n)"
    return _grouped(rows, inner, columns)


def _grouped(
    rows: str, inner: Sequence[str], columns: Sequence[tuple[str, str]], *, collated: bool = False
) -> str:
    named = ", ".join(
        f"{_picked(column, kind, collated=collated)} AS {always_quote(name)}"
        for column, (name, kind) in zip(inner, columns, strict=True)
    )
    apart = [
        told_apart(column, kind, collated=collated)
        for column, (_, kind) in zip(inner, columns, strict=True)
    ]
    keys = ", ".join([*inner, *(key for key in apart if key is not None)])
    return (
        f"SELECT {named}, sum(w)::BIGINT AS {WEIGHT} FROM ({rows}) "
        f"GROUP BY {keys} HAVING sum(w) <> 0"
    )


def _picked(column: str, kind: str, *, collated: bool) -> str:
    return column


def measured(table: str) -> str:
    """SQL for inserted and deleted rows, and the most copies of one row, of a table of net rows."""
    return (
        f"SELECT coalesce(sum({WEIGHT}) FILTER ({WEIGHT} > 0), 0)::BIGINT, "
        f"coalesce(-sum({WEIGHT}) FILTER ({WEIGHT} < 0), 0)::BIGINT, "
        f"coalesce(max(abs({WEIGHT})), 0)::BIGINT FROM {table}"
    )


def repeated(table: str, columns: Sequence[str], condition: str, copies: int) -> str:
    """SQL for the rows of a table of net rows that meet a condition, as often as they weigh."""
    picked = ", ".join(map(always_quote, columns))
    if copies <= 1:
        return f"SELECT {picked} FROM {table} WHERE {condition}"
    return (
        f"SELECT {picked} FROM (SELECT *, unnest(range(abs({WEIGHT}))) AS __mlview_copy "
        f"FROM {table} WHERE {condition})"
    )


def moment_sql(iso: str) -> str:
    """SQL for a moment."""
    return f"TIMESTAMPTZ {literal(iso)}"

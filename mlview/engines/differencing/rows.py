"""Signed rows put together: equal rows are netted, rows that can be told apart are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.engines.exactness import grouping_keys
from mlview.engines.sources import WEIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence


def netted(
    pieces: Sequence[tuple[int, str]],
    columns: Sequence[tuple[str, str]],
    *,
    collated: bool = False,
) -> str:
    """SQL for the net signed rows of queries that have these columns (name, type) by position."""
    inner = _inner(columns)
    return _grouped(_united(pieces, inner), inner, columns, collated=collated)


def signed(pieces: Sequence[tuple[int, str]], columns: Sequence[tuple[str, str]]) -> str:
    """SQL for the same rows as they come, not yet netted."""
    inner = _inner(columns)
    return f"SELECT {_named(inner, columns)}, w AS {WEIGHT} FROM ({_united(pieces, inner)})"


def picked(signed: str, columns: Sequence[tuple[str, str]]) -> str:
    """SQL for some columns of a SELECT that has a weight already, not yet netted."""
    names = ", ".join(always_quote(name) for name, _ in columns)
    return f"SELECT {names}, {WEIGHT} FROM ({signed}\n)"


def repeats(table: str, columns: Sequence[str]) -> str:
    """SQL for whether any two rows of a table may be the same.

    Rows of different hashes differ, and few that differ share one: an order of magnitude faster
    than to group rows of many columns.
    """
    hashed = f"system.main.hash({', '.join(map(always_quote, columns))})"
    return (
        f"SELECT EXISTS (SELECT 1 FROM {table} GROUP BY {hashed} "
        "HAVING system.main.count_star() > 1)"
    )


def netted_signed(signed: str, columns: Sequence[tuple[str, str]]) -> str:
    """SQL for the net of those columns of a SELECT that has a weight already."""
    inner = _inner(columns)
    names = ", ".join(
        f"{always_quote(name)} AS {column}"
        for (name, _), column in zip(columns, inner, strict=True)
    )
    rows = f"SELECT {names}, {WEIGHT} AS w FROM ({signed}\n)"
    return _grouped(rows, inner, columns)


def _inner(columns: Sequence[tuple[str, str]]) -> list[str]:
    return [f"c{place}" for place in range(len(columns))]


def _united(pieces: Sequence[tuple[int, str]], inner: Sequence[str]) -> str:
    return " UNION ALL ".join(
        f"SELECT *, {sign}::BIGINT AS w FROM ({sql}\n) AS q({', '.join(inner)})"
        for sign, sql in pieces
    )


def _named(inner: Sequence[str], columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(
        f"{column} AS {always_quote(name)}"
        for column, (name, _) in zip(inner, columns, strict=True)
    )


def _grouped(
    rows: str, inner: Sequence[str], columns: Sequence[tuple[str, str]], *, collated: bool = False
) -> str:
    keys = ", ".join(
        key
        for column, (_, kind) in zip(inner, columns, strict=True)
        for key in _keys(column, kind, collated=collated)
    )
    return (
        f"SELECT {_named(inner, columns)}, system.main.sum(w)::BIGINT AS {WEIGHT} FROM ({rows}) "
        f"GROUP BY {keys} HAVING system.main.sum(w) <> 0"
    )


def _keys(column: str, kind: str, *, collated: bool) -> tuple[str, ...]:
    """What to group by, so that only rows that are the same are put together."""
    if collated and "VARCHAR" in kind:
        return (column, f"system.main.encode(CAST({column} AS VARCHAR))")
    return grouping_keys(column, kind)


def measured(table: str) -> str:
    """SQL for the sums of positive and of negative weights of a table of net rows, and extremes.

    Without operators: DuckDB would look each up in the lake first, which takes milliseconds.
    """
    total = f"system.main.sum({WEIGHT})"
    return (
        f"SELECT {total} FILTER ({WEIGHT} > 0), {total} FILTER ({WEIGHT} < 0), "
        f"system.main.max({WEIGHT}), system.main.min({WEIGHT}) FROM {table}"
    )


def repeated(table: str, columns: Sequence[str], condition: str, copies: int) -> str:
    """SQL for the rows of a table of net rows that meet a condition, as often as they weigh."""
    picked = ", ".join(map(always_quote, columns))
    if copies <= 1:
        return f"SELECT {picked} FROM {table} WHERE {condition}"
    return (
        f"SELECT {picked} FROM (SELECT *, "
        f"unnest(system.main.range(system.main.abs({WEIGHT}))) AS __mlview_copy "
        f"FROM {table} WHERE {condition})"
    )

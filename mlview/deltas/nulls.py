"""NULL as written in a branch of a set operation, which has a type only beside the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlview.deltas.trees import cast

if TYPE_CHECKING:
    from mlview.deltas.plans import Columns, Facts
    from mlview.deltas.trees import Tree

_PLAIN = frozenset(
    [
        *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"),
        *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "VARCHAR", "BLOB", "UUID"),
        *("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "INTERVAL"),
    ]
)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def with_typed_nulls(query: Tree, facts: Facts) -> Tree:
    """A set operation whose branches each have its types when they stand alone.

    Only what is written as NULL in a select list is changed, where its type has a plain name.
    """
    if query["setop_type"].endswith("BY_NAME"):
        return query
    found: Columns | None = None
    if any(map(_writes_null, _branches(query))):
        found = facts.columns(query)
    return query if found is None else _typed(query, found)


def _branches(query: Tree) -> list[Tree]:
    """The SELECTs of a chain of set operations."""
    found, waiting = [], [query]
    while waiting:
        here = waiting.pop()
        if _is_chained(here):
            waiting.extend([here["right"], here["left"]])
        elif here["type"] == "SELECT_NODE":
            found.append(here)
    return found


def _is_chained(query: Tree) -> bool:
    plain = query["type"] == "SET_OPERATION_NODE" and not query["setop_type"].endswith("BY_NAME")
    return plain and not query["cte_map"]["map"]


def _writes_null(query: Tree) -> bool:
    return any(map(_is_null, query["select_list"]))


def _is_null(item: Tree) -> bool:
    return bool(item["class"] == "CONSTANT" and item["value"]["is_null"])


def _typed(query: Tree, columns: Columns) -> Tree:
    if _is_chained(query):
        return {**query, **{side: _typed(query[side], columns) for side in ("left", "right")}}
    if query["type"] != "SELECT_NODE" or len(query["select_list"]) != len(columns):
        return query
    items = [
        _null_of(item, kind) if _is_null(item) else item
        for item, (_, kind) in zip(query["select_list"], columns, strict=True)
    ]
    return {**query, "select_list": items}


def _null_of(item: Tree, kind: str) -> Tree:
    alias = {"alias": item["alias"]}
    if kind in _PLAIN:
        return {**cast({**item, "alias": ""}, kind), **alias}
    decimal = _DECIMAL.fullmatch(kind)
    if decimal is None:
        return item
    width, scale = map(int, decimal.groups())
    named = {"type": "DECIMAL_TYPE_INFO", "alias": "", "extension_info": None}
    cast_type = {"id": "DECIMAL", "type_info": {**named, "width": width, "scale": scale}}
    return {**cast({**item, "alias": ""}, "DECIMAL"), "cast_type": cast_type, **alias}

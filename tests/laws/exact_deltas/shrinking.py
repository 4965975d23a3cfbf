"""Making a query that breaks the law, and the rows it breaks on, as small as can be."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exact_deltas.scenarios import Scenario

_QUERIES = frozenset(["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE"])
_ITEMS = frozenset(["BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST"])
_OPTIONAL = ("where_clause", "having", "qualify", "filter")
_LISTS = ("select_list", "children", "modifiers", "orders", "map", "partitions", "case_checks")


def smaller_queries(query: str) -> Iterator[str]:
    """Queries with one thing less, those with much less first."""
    asked = duckdb.connect()
    text = asked.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    tree = json.loads(text[0] if text else "{}")
    if tree.get("error"):
        return
    for edited in _smaller(tree):
        try:
            row = asked.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(edited)])
            found = row.fetchone()
        except duckdb.Error:
            continue
        if found and len(found[0]) < len(query) + 8:
            yield found[0]


def shrunk_query(query: str, breaks: Callable[[str], bool], *, attempts: int = 600) -> str:
    """The smallest query found that still breaks the law."""
    while True:
        for smaller in smaller_queries(query):
            attempts -= 1
            if attempts < 0:
                return query
            if len(smaller) < len(query) and breaks(smaller):
                query = smaller
                break
        else:
            return query


def smaller_scenarios(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with fewer statements or rows."""
    for at, transaction in enumerate(scenario.changes):
        for which in range(len(transaction)):
            fewer = [sql for n, sql in enumerate(transaction) if n != which]
            changes = [fewer if n == at else sql for n, sql in enumerate(scenario.changes)]
            yield replace(scenario, changes=changes)
    for name, rows in scenario.filling.items():
        for step in (max(len(rows) // 2, 1), 1):
            for at in range(0, len(rows), step):
                kept = rows[:at] + rows[at + step :]
                yield replace(scenario, filling={**scenario.filling, name: kept})


def shrunk_scenario(
    scenario: Scenario, breaks: Callable[[Scenario], bool], *, attempts: int = 60
) -> Scenario:
    """The smallest scenario found in which the law is still broken."""
    while True:
        for smaller in smaller_scenarios(scenario):
            attempts -= 1
            if attempts < 0:
                return scenario
            if breaks(smaller):
                scenario = smaller
                break
        else:
            return scenario


def _kind(node: Any) -> str:
    """What a node of DuckDB's tree may be replaced by: others of its kind."""
    if not isinstance(node, dict):
        return ""
    type_ = str(node.get("type"))
    if type_ in _QUERIES:
        return "query"
    if "class" in node:
        return "expression"
    return "item" if type_ in _ITEMS else ""


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, node
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in pairs:
        if isinstance(child, dict | list):
            yield from _paths(child, (*path, key))


def _with(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    edited = copy.copy(tree)
    edited[path[0]] = _with(tree[path[0]], path[1:], value)
    return edited


def _smaller(tree: Any) -> Iterator[Any]:
    for path, node in _paths(tree):
        kind = _kind(node)
        if kind:
            for inner_path, inner in _paths(node):
                if inner_path and _kind(inner) == kind:
                    alias = {"alias": node["alias"] or inner["alias"]} if "alias" in node else {}
                    yield _with(tree, path, {**inner, **alias})
        if isinstance(node, list) and path and path[-1] in _LISTS:
            for at in range(len(node)):
                yield _with(tree, path, node[:at] + node[at + 1 :])
        if isinstance(node, dict):
            for name in _OPTIONAL:
                if node.get(name) is not None:
                    yield _with(tree, (*path, name), None)

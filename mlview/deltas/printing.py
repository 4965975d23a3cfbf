"""Trees put so that DuckDB's printer gives a text with the same meaning, and the check of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.definitions import quote
from mlview.deltas.trees import boolean, branches_of, cast, integer, is_appended, rewrite, text

if TYPE_CHECKING:
    from mlview.deltas.trees import Tree

_IDLE = frozenset(["query_location", "without_rowid"])


def printable(query: Tree) -> Tree:
    """The query in a form that survives printing.

    Numbers of type DOUBLE lose their type in print, and commas between FROM items bind weaker than
    the JOIN beside them.
    """

    def change(node: Tree) -> Any:
        if node.get("class") == "CONSTANT":
            return _constant(node)
        if node.get("type") == "JOIN":
            return {key: rewrite(value, change) for key, value in _join(node).items()}
        return None

    put: Tree = rewrite(query, change)
    return put


def quoted(query: Tree) -> Tree:
    """The query with the qualifiers of stars in quotes, which DuckDB prints as they are."""

    def change(node: Tree) -> Tree | None:
        name = node.get("relation_name")
        if not isinstance(name, str) or not name:
            return None
        renamed = {**node, "relation_name": quote(name)}
        return {key: rewrite(value, change) for key, value in renamed.items()}

    put: Tree = rewrite(query, change)
    return put


def same_meaning(query: Tree, again: Tree) -> bool:
    """Whether a tree and what its print was read as are the same."""
    return bool(_bare(query) == _bare(again))


def _constant(node: Tree) -> Tree | None:
    value = node["value"]
    kind = value["type"]["id"]
    if value["is_null"]:
        return None
    if kind == "DOUBLE":
        return {**cast(text(repr(float(value["value"]))), "DOUBLE"), "alias": node["alias"]}
    if kind == "BOOLEAN":
        return {**boolean(bool(value["value"])), "alias": node["alias"]}
    if kind == "DECIMAL" and not value["type"]["type_info"]["scale"]:
        whole = cast(integer(value["value"]), "DECIMAL")
        return {**whole, "cast_type": value["type"], "alias": node["alias"]}
    return None


def _join(join: Tree) -> Tree:
    """A join with ON TRUE in place of a comma that would not bind as it stands."""
    sides = {}
    for side in ("left", "right"):
        inner = join[side]
        commas = inner["type"] == "JOIN" and inner["ref_type"] == "CROSS"
        binds = join["ref_type"] == "CROSS" and side == "left"
        sides[side] = _on_true(inner) if commas and not binds else inner
    return {**join, **sides}


def _on_true(join: Tree) -> Tree:
    return {**join, "ref_type": "REGULAR", "condition": boolean(True)}


def _bare(value: Any) -> Any:
    """What counts of a tree: no positions, no empty fields, no order in which UNION ALL nests."""
    if isinstance(value, list):
        return [_bare(each) if isinstance(each, dict | list) else each for each in value]
    if is_appended(value):
        return [_bare(branch) for branch in branches_of(value)]
    shown = {}
    for key, inner in value.items():
        bare = _bare(inner) if isinstance(inner, dict | list) else inner
        if (bare or isinstance(bare, float)) and key not in _IDLE:
            shown[key] = bare
    listed = _values(shown)
    return shown if listed is None else listed


def _values(item: dict[str, Any]) -> dict[str, Any] | None:
    """VALUES in FROM, which is read with one more SELECT around it than was printed."""
    if item.get("type") != "SUBQUERY" or item.get("alias") != "valueslist":
        return None
    query = item.get("subquery", {}).get("node", {})
    inner: dict[str, Any] = query.get("from_table", {})
    plain = set(query) <= {"type", "cte_map", "select_list", "from_table", "aggregate_handling"}
    return inner if plain and inner.get("type") == "EXPRESSION_LIST" else None

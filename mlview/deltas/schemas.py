"""`main.t.x` put as `t.x`: what stands in place of a table has its name and no schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.definitions import DEFAULT_SCHEMA, fold
from mlview.deltas.inputs import items_of
from mlview.deltas.trees import rewrite, walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.deltas.trees import Tree

_Names = dict[str, list[str]]


def without_schemas(query: Tree) -> Tree:
    """The query with columns named by relation only.

    Where relations of one name in several schemas are read, each gets an alias of its own.
    """
    tables = {_key(item) for item in walk(query) if _is_plain(item)}
    several = {name for _, name in tables if sum(name == other for _, other in tables) > 1}
    named: Tree = _Named(tables, several).named(query, {})
    return named


def _is_plain(item: Tree) -> bool:
    return item.get("type") == "BASE_TABLE" and not item["alias"]


def _key(item: Tree) -> tuple[str, str]:
    return fold(item["schema_name"] or DEFAULT_SCHEMA), fold(item["table_name"])


class _Named:
    def __init__(self, tables: set[tuple[str, str]], several: set[str]) -> None:
        self._tables = tables
        self._several = several

    def named(self, tree: Tree, scope: Mapping[str, list[str]]) -> Any:
        """A tree, with what each relation name that several have stands for around it."""

        def change(node: Tree) -> Any:
            if node.get("type") == "SELECT_NODE":
                return self._select(node, scope)
            if _is_plain(node) and fold(node["table_name"]) in self._several:
                return {**node, "alias": _alias(*_key(node))}
            if node.get("class") == "COLUMN_REF":
                return {**node, "column_names": self._column(node["column_names"], scope)}
            if node.get("class") == "STAR" and fold(node["relation_name"]) in self._several:
                # Its own expressions are looked at as well.
                renamed = {**node, "relation_name": _found(node["relation_name"], scope)}
                return {key: self.named(value, scope) for key, value in renamed.items()}
            return None

        return rewrite(tree, change)

    def _select(self, query: Tree, outer: Mapping[str, list[str]]) -> Tree:
        own: _Names = {}
        for item in items_of(query["from_table"]):
            name = fold(item["alias"] or item.get("table_name") or "")
            if name in self._several:
                alias = _alias(*_key(item)) if _is_plain(item) else item["alias"]
                own.setdefault(name, []).append(alias)
        scope = {**outer, **own}
        return {key: self.named(value, scope) for key, value in query.items()}

    def _column(self, names: list[str], scope: Mapping[str, list[str]]) -> list[str]:
        for skipped in (1, 2):
            schema, name = (*names[skipped - 1 : skipped + 1], "", "")[:2]
            key = (fold(schema), fold(name))
            if len(names) > skipped + 1 and key in self._tables:
                shown = _alias(*key) if key[1] in self._several else names[skipped]
                return [shown, *names[skipped + 1 :]]
        if len(names) > 1 and fold(names[0]) in self._several:
            return [_found(names[0], scope), *names[1:]]
        return names


def _found(name: str, scope: Mapping[str, list[str]]) -> str:
    known = scope.get(fold(name), [])
    return known[0] if len(known) == 1 else name


def _alias(schema: str, name: str) -> str:
    return f"{schema}.{name}"

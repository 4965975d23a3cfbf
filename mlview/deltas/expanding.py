"""Names of a query put in terms of inputs: CTEs and plain views opened, relations numbered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlview.definitions import fold
from mlview.deltas.inputs import Inputs, Moment, Query, Relation, from_item, moment
from mlview.deltas.schemas import without_schemas
from mlview.deltas.trees import derived, is_query, rewrite, select, star, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlview.deltas.trees import Tree

_CONTAINERS = frozenset(["CTE_NODE", "STATEMENT_NODE"])


class NotFollowed(Exception):
    """A tree that cannot be taken apart; says why in the user's words."""


@dataclass(slots=True)
class Expander:
    """Opens the names of one query.

    Attributes:
        view: the tree of a plain view of this catalog, schema and name, or None of a relation.
        inputs: where the inputs are gathered.
        times: whether calls of refresh_time() become inputs; else they stay.
        opens: whether CTEs become inputs too; else they stay where they are.
    """

    view: Callable[[str | None, str | None, str], Tree | None]
    inputs: Inputs
    times: bool = True
    opens: bool = True
    _known: dict[tuple[str | None, str | None, str], Relation | Query] = field(default_factory=dict)

    def expand(self, query: Tree) -> Tree:
        """The query with an input for each relation, CTE and view.

        Raises:
            NotFollowed: it has something in it that is not known here.
        """
        return self._query(without_schemas(query), {})

    def _query(self, query: Tree, scope: Mapping[str, Query | None]) -> Tree:
        if query["type"] in _CONTAINERS:
            raise NotFollowed("a query of a kind that is not known here")
        inner = dict(scope)
        kept = []
        for entry in query["cte_map"]["map"]:
            if self.opens:
                inner[fold(entry["key"])] = self._cte(entry["key"], entry["value"], inner)
                continue
            kept.append({**entry, "value": self._children(entry["value"], inner)})
            inner[fold(entry["key"])] = None
        rest = {key: value for key, value in query.items() if key != "cte_map"}
        if query["type"] == "RECURSIVE_CTE_NODE":
            inner[fold(query["cte_name"])] = None
        children = {key: self._children(value, inner) for key, value in rest.items()}
        return {**children, "cte_map": {"map": kept}}

    def _cte(self, name: str, value: Tree, scope: Mapping[str, Query | None]) -> Query:
        body = self._query(value["query"]["node"], scope)
        if body["type"] == "RECURSIVE_CTE_NODE":
            held = {**value, "query": {**value["query"], "node": body}}
            reading = select([star()], table(name))
            return Query({**reading, "cte_map": {"map": [{"key": name, "value": held}]}})
        columns = value.get("aliases") or []
        return Query(select([star()], derived(body, name, columns)) if columns else body)

    def _children(self, tree: Any, scope: Mapping[str, Query | None]) -> Any:
        if isinstance(tree, list):
            return [self._children(each, scope) for each in tree]
        if not isinstance(tree, dict):
            return tree
        if is_query(tree):
            return self._query(tree, scope)
        if tree.get("type") == "BASE_TABLE":
            return self._item(tree, scope)
        if _is_refresh_time(tree) and self.times:
            return {**moment(self.inputs.add(Moment())), "alias": tree["alias"]}
        children = {}
        for key, value in tree.items():  # no comprehensions: one call for each level
            if isinstance(value, list):
                found = []
                for each in value:
                    found.append(self._children(each, scope))  # noqa: PERF401
                children[key] = found
            else:
                children[key] = self._children(value, scope) if isinstance(value, dict) else value
        return children

    def _item(self, item: Tree, scope: Mapping[str, Query | None]) -> Tree:
        name, schema = item["table_name"], item["schema_name"]
        if item["at_clause"] is not None:
            raise NotFollowed("a relation at a moment of its own")
        plain = not schema and not item["catalog_name"]
        if plain and fold(name) in scope:
            found: Relation | Query | None = scope[fold(name)]
            if found is None:
                return item
        elif fold(schema) == "recurring":
            return item
        else:
            found = self._relation(item["catalog_name"] or None, schema or None, name)
        place = from_item(self.inputs.add(found), item["alias"] or name)
        return {**place, "column_name_alias": item["column_name_alias"], "sample": item["sample"]}

    def _relation(self, catalog: str | None, schema: str | None, name: str) -> Relation | Query:
        key = (fold(catalog or "") or None, fold(schema or "") or None, fold(name))
        if key not in self._known:
            view = self.view(catalog, schema, name)
            known = Relation(catalog, schema, name) if view is None else Query(self.expand(view))
            self._known[key] = known
        return self._known[key]


def _is_refresh_time(node: Tree) -> bool:
    return (
        node.get("class") == "FUNCTION"
        and fold(node.get("function_name", "")) == "refresh_time"
        and not node["children"]
    )


def at_moment(tree: Tree, constant: Tree) -> Tree:
    """The tree with a constant for each call of refresh_time()."""

    def change(node: Tree) -> Tree | None:
        return {**constant, "alias": node["alias"]} if _is_refresh_time(node) else None

    return rewrite(tree, change)  # type: ignore[no-any-return]

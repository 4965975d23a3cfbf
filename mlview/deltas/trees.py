"""DuckDB's parse trees as JSON gives them: walking, rewriting and building them.

A tree is what `json_serialize_sql` of DuckDB 1.5 writes: nested dicts and lists. Trees are values:
every function here gives a new one and shares what it did not touch.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from mlview.definitions import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Tree: TypeAlias = "dict[str, Any]"

QUERY_NODES = frozenset(
    ["SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE", "STATEMENT_NODE"]
)
_NOT_MEANING = frozenset(["query_location", "alias"])


def is_query(tree: Any) -> bool:
    """Whether a tree is a query: a SELECT, a set operation or a recursion."""
    if not isinstance(tree, dict):
        return False
    kind = tree.get("type")  # a constant's is a dict
    return isinstance(kind, str) and kind in QUERY_NODES


def walk(tree: Any) -> Iterator[Tree]:
    """Every node of a tree, those of nested queries too, from the outside in."""
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            yield here
            waiting.extend(reversed(here.values()))
        elif isinstance(here, list):
            waiting.extend(reversed(here))


def walk_here(tree: Any) -> Iterator[Tree]:
    """Every node of a tree but those of the queries in it."""
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if not is_query(here):
                yield here
                waiting.extend(reversed(here.values()))
        elif isinstance(here, list):
            waiting.extend(reversed(here))


def rewrite(tree: Any, change: Callable[[Tree], Any]) -> Any:
    """The tree with each node for which `change` gives another tree replaced by that.

    `change` gives None for what stays, whose children are looked at in turn.
    """
    if isinstance(tree, dict):
        changed = change(tree)
        return _rewritten(tree, change) if changed is None else changed
    if isinstance(tree, list):
        return [rewrite(value, change) for value in tree]
    return tree


def _rewritten(tree: Tree, change: Callable[[Tree], Any]) -> Tree:
    """The same with the children of a node; one call for each level, so that trees may be deep."""
    made = {}
    for key, value in tree.items():
        new: Any = value
        if isinstance(value, dict):
            changed = change(value)
            new = _rewritten(value, change) if changed is None else changed
        elif isinstance(value, list):
            new = []
            for each in value:
                changed = change(each) if isinstance(each, dict) else None
                if changed is not None:
                    new.append(changed)
                elif isinstance(each, dict):
                    new.append(_rewritten(each, change))
                else:
                    new.append(rewrite(each, change))
        made[key] = new
    return made


def rewrite_here(tree: Any, change: Callable[[Tree], Any]) -> Any:
    """The same outside of the queries in the tree."""
    return rewrite(tree, lambda node: node if is_query(node) else change(node))


def meaning(expression: Tree) -> str:
    """A text that two expressions share where they are written alike, whatever their case.

    Aliases and positions do not count.
    """

    def plain(node: Tree) -> Tree | None:
        if node.get("class") == "COLUMN_REF":
            return {"column": [fold(name) for name in node["column_names"]]}
        if _NOT_MEANING.isdisjoint(node):
            return None
        bare: Tree = rewrite({k: v for k, v in node.items() if k not in _NOT_MEANING}, plain)
        return bare

    return json.dumps(rewrite(expression, plain), sort_keys=True)


def column(*names: str) -> Tree:
    """A reference to a column, qualified as given."""
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": list(names)}


def aliased(expression: Tree, alias: str) -> Tree:
    """The expression under a name."""
    return {**expression, "alias": alias}


def star() -> Tree:
    """All columns."""
    return {
        "class": "STAR",
        "type": "STAR",
        "alias": "",
        "relation_name": "",
        "exclude_list": [],
        "replace_list": [],
        "columns": False,
        "expr": None,
        "qualified_exclude_list": [],
        "rename_list": [],
    }


def integer(value: int) -> Tree:
    """An integer."""
    kind = {"id": "INTEGER", "type_info": None}
    return _constant({"type": kind, "is_null": False, "value": value})


def boolean(value: bool) -> Tree:
    """TRUE or FALSE."""
    return cast(text("t" if value else "f"), "BOOLEAN")


def text(value: str) -> Tree:
    """A string."""
    kind = {"id": "VARCHAR", "type_info": None}
    return _constant({"type": kind, "is_null": False, "value": value})


def _constant(value: Tree) -> Tree:
    return {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "value": value}


def cast(expression: Tree, type_id: str) -> Tree:
    """The expression as another type, by DuckDB's internal name of it."""
    return {
        "class": "CAST",
        "type": "OPERATOR_CAST",
        "alias": "",
        "child": expression,
        "cast_type": {"id": type_id, "type_info": None},
        "try_cast": False,
    }


def call(name: str, arguments: Sequence[Tree], *, schema: str = "", catalog: str = "") -> Tree:
    """A function of some arguments."""
    return {
        "class": "FUNCTION",
        "type": "FUNCTION",
        "alias": "",
        "function_name": name,
        "schema": schema,
        "children": list(arguments),
        "filter": None,
        "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
        "distinct": False,
        "is_operator": False,
        "export_state": False,
        "catalog": catalog,
    }


def compare(kind: str, left: Tree, right: Tree) -> Tree:
    """A comparison, by DuckDB's internal name of it."""
    return {"class": "COMPARISON", "type": kind, "alias": "", "left": left, "right": right}


def conjunction(conditions: Sequence[Tree], kind: str = "CONJUNCTION_AND") -> Tree | None:
    """All of the conditions, or with `CONJUNCTION_OR` any of them; None of none."""
    if len(conditions) < 2:  # noqa: PLR2004 - one needs no AND
        return conditions[0] if conditions else None
    return {"class": "CONJUNCTION", "type": kind, "alias": "", "children": list(conditions)}


def conjuncts(condition: Tree | None) -> list[Tree]:
    """What AND joins, one by one."""
    if condition is None:
        return []
    if condition.get("type") == "CONJUNCTION_AND":
        return [part for child in condition["children"] for part in conjuncts(child)]
    return [condition]


def is_true(condition: Tree, *, then: bool) -> Tree:
    """Whether a condition is true (`then`), or else whether it is false or NULL."""
    return {
        "class": "CASE",
        "type": "CASE_EXPR",
        "alias": "",
        "case_checks": [{"when_expr": condition, "then_expr": boolean(then)}],
        "else_expr": boolean(not then),
    }


def select(
    select_list: Sequence[Tree],
    from_table: Tree,
    where: Tree | None = None,
    *,
    distinct: bool = False,
) -> Tree:
    """A SELECT without anything behind its WHERE."""
    modifiers = [{"type": "DISTINCT_MODIFIER", "distinct_on_targets": []}] if distinct else []
    return {
        "type": "SELECT_NODE",
        "modifiers": modifiers,
        "cte_map": {"map": []},
        "select_list": list(select_list),
        "from_table": from_table,
        "where_clause": where,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }


def statement(query: Tree) -> Tree:
    """A query as expressions and FROM items hold it."""
    return {"node": query, "named_param_map": []}


def table(name: str, *, schema: str = "", catalog: str = "", alias: str = "") -> Tree:
    """A FROM item: a table by name."""
    return {
        "type": "BASE_TABLE",
        "alias": alias,
        "sample": None,
        "schema_name": schema,
        "table_name": name,
        "column_name_alias": [],
        "catalog_name": catalog,
        "at_clause": None,
    }


def derived(query: Tree, alias: str = "", columns: Sequence[str] = ()) -> Tree:
    """A FROM item: a query in parentheses."""
    return {
        "type": "SUBQUERY",
        "alias": alias,
        "sample": None,
        "subquery": statement(query),
        "column_name_alias": list(columns),
    }


def with_entry(name: str, query: Tree) -> Tree:
    """An entry of WITH: a query under a name."""
    value = {
        "aliases": [],
        "query": statement(query),
        "materialized": "CTE_MATERIALIZE_DEFAULT",
        "key_targets": [],
    }
    return {"key": name, "value": value}


def is_appended(query: Tree) -> bool:
    """Whether a query is A UNION ALL B and nothing else."""
    plain = query.get("type") == "SET_OPERATION_NODE" and query["setop_type"] == "UNION"
    return bool(
        plain and query["setop_all"] and not query["modifiers"] and not query["cte_map"]["map"]
    )


def branches_of(query: Tree) -> list[Tree]:
    """The queries that UNION ALL puts one behind the other, however they are nested."""
    found, waiting = [], [query]
    while waiting:
        here = waiting.pop()
        if is_appended(here):
            waiting.extend([here["right"], here["left"]])
        else:
            found.append(here)
    return found


def exists(query: Tree) -> Tree:
    """EXISTS (query)."""
    return {
        "class": "SUBQUERY",
        "type": "SUBQUERY",
        "alias": "",
        "subquery_type": "EXISTS",
        "subquery": statement(query),
        "child": None,
        "comparison_type": "INVALID",
    }


def member(expression: Tree, query: Tree) -> Tree:
    """`expression IN (query)`."""
    return {
        **exists(query),
        "subquery_type": "ANY",
        "child": expression,
        "comparison_type": "COMPARE_EQUAL",
    }


def with_where(query: Tree, condition: Tree) -> Tree:
    """A SELECT with one more condition in its WHERE."""
    return {**query, "where_clause": conjunction([*conjuncts(query["where_clause"]), condition])}

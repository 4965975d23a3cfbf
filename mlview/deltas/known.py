"""What these rules were written for: everything else is a full difference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.definitions import fold
from mlview.deltas.inputs import Moment, items_of, names_in
from mlview.deltas.scopes import Scope, Whose
from mlview.deltas.trees import is_query, select, star, walk, walk_here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

_ITEMS = frozenset(["BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY"])
_CLASSES = frozenset(
    [
        *("COLUMN_REF", "CONSTANT", "FUNCTION", "COMPARISON", "CONJUNCTION", "OPERATOR", "CAST"),
        *("CASE", "BETWEEN", "STAR", "SUBQUERY", "WINDOW", "LAMBDA", "COLLATE"),
        "POSITIONAL_REFERENCE",
    ]
)
_MODIFIERS = frozenset(
    ["ORDER_MODIFIER", "DISTINCT_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"]
)
_SPREADING = frozenset(["unnest", "unlist"])
_SCHEMAS = frozenset(["", "main", "pg_catalog"])
_HIDING = frozenset(["COMPARE_IN", "COMPARE_NOT_IN"])


def unfollowed(query: Tree, facts: Facts) -> str | None:
    """What in a SELECT no rule was written for, in words, or None."""
    if query["type"] != "SELECT_NODE" or query["cte_map"]["map"]:
        return "WITH RECURSIVE"
    if query["sample"] is not None:
        return "a sample"
    items = items_of(query["from_table"])
    return (
        next(filter(None, map(_item, items)), None)
        or next(filter(None, (_modifier(m) for m in query["modifiers"])), None)
        or next(filter(None, (_expression(node, facts) for node in _expressions(query))), None)
        or next(filter(None, (_nested(node, facts) for node in _queries(query))), None)
        or _repeated(query, facts)
    )


def _item(item: Tree) -> str | None:
    if item["sample"] is not None:
        return "a sample"
    match item["type"]:
        case "BASE_TABLE" if item.get("stands_for") is None:
            return "WITH RECURSIVE"
        case kind if kind not in _ITEMS:
            return str(kind).replace("_", " ")
        case _:
            return None


def _modifier(modifier: Tree) -> str | None:
    return None if modifier["type"] in _MODIFIERS else str(modifier["type"])


def _expressions(query: Tree) -> Iterator[Tree]:
    for node in walk_here(list(query.values())):
        if "class" in node:
            yield node


def _expression(node: Tree, facts: Facts) -> str | None:
    kind = node["class"]
    if kind not in _CLASSES:
        return f"an expression of the kind {kind}"
    if kind != "FUNCTION" or node.get("stands_for") is not None:
        return None
    name = fold(node["function_name"])
    known = name in facts.functions or name in facts.aggregates or name in _SPREADING
    if node["catalog"] or fold(node["schema"]) not in _SCHEMAS or not known:
        return f"the function {name}()"
    return None


def has_columns(tree: Tree | list[Tree]) -> bool:
    """Whether COLUMNS(...) is in an expression, which then is one for each column it stands for."""
    return any(node.get("columns") is True for node in walk_here(tree) if "class" in node)


def _repeated(query: Tree, facts: Facts) -> str | None:
    """A condition with COLUMNS is a conjunction, and not that any more as a part of another."""
    others = [part for name, part in query.items() if name != "select_list"]
    if has_columns(others):
        return "COLUMNS() in a condition"
    moments = any(isinstance(facts.input(name), Moment) for name in names_in(query))
    return "COLUMNS() beside refresh_time()" if moments and has_columns([*query.values()]) else None


def _queries(query: Tree) -> Iterator[Tree]:
    """The queries inside of a SELECT that may see its columns, however deep."""
    for node in walk(list(query.values())):
        if is_query(node):
            yield node


def _nested(query: Tree, facts: Facts) -> str | None:
    """An aggregate inside of a query can belong to the SELECT around it."""
    if query["type"] != "SELECT_NODE":
        return None
    found = [node for node in _expressions(query) if is_aggregate(node, facts)]
    if not found or facts.columns(query) is not None:
        return None
    scope = scope_of(query["from_table"], facts)
    if scope is None or any(
        scope.whose(node) is not Whose.INNER for node in found if _has_columns(node)
    ):
        return "an aggregate of columns of an outer query"
    return None


def _has_columns(aggregate: Tree) -> bool:
    return any(
        node.get("class") in ("COLUMN_REF", "SUBQUERY") for node in walk(aggregate["children"])
    )


def scope_of(from_table: Tree, facts: Facts) -> Scope | None:
    """The names that a FROM clause brings, None if it cannot stand alone."""
    columns = facts.columns(select([star()], from_table))
    if columns is None:
        return None
    aliases = [item["alias"] for item in items_of(from_table) if item["alias"]]
    # Semi and anti joins hide the columns of one side, and stars those that USING puts together.
    for item in items_of(from_table):
        own = facts.columns(select([star()], item))
        columns = (*columns, *(own or ()))
    return Scope.of(aliases, (name for name, _ in columns))


def is_aggregate(node: Tree, facts: Facts) -> bool:
    """Whether an expression puts rows together by itself."""
    return (
        node.get("class") == "FUNCTION"
        and node.get("stands_for") is None
        and fold(node["function_name"]) in facts.aggregates
    )


def has_aggregate(expression: Tree, facts: Facts) -> bool:
    """Whether an expression puts rows together, not counting the queries in it."""
    return any(is_aggregate(node, facts) for node in walk_here(expression))


def has_window(expression: Tree) -> bool:
    """Whether an expression looks at other rows through a window."""
    return any(node.get("class") == "WINDOW" for node in walk_here(expression))


def spreads(expression: Tree) -> bool:
    """Whether an expression makes several rows of one."""
    return any(
        node.get("class") == "FUNCTION" and fold(node.get("function_name") or "") in _SPREADING
        for node in walk_here(expression)
    )


def has_collation(tree: Tree) -> bool:
    """Whether texts that differ may count as equal."""
    return any(node.get("class") == "COLLATE" for node in walk(tree))


def shows_collation(tree: Tree) -> bool:
    """Whether a value of the query may be collated, and with it what is grouped or netted by it.

    COLLATE in a comparison or in an ORDER BY decides which rows there are and where they stand;
    no value that comes out of it is collated.
    """
    waiting: list[Any] = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, dict):
            if here.get("class") == "COLLATE":
                return True
            waiting.extend(_queries_in(here) if _hides_collation(here) else here.values())
    return False


def _hides_collation(node: Tree) -> bool:
    compares = node.get("class") in ("COMPARISON", "BETWEEN")
    among = node.get("class") == "OPERATOR" and node["type"] in _HIDING
    return compares or among or "null_order" in node


def _queries_in(node: Tree) -> list[Tree]:
    """The queries in an expression, without looking into them."""
    found, waiting = [], [*node.values()]
    while waiting:
        here = waiting.pop()
        if is_query(here):
            found.append(here)
        elif isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, dict):
            waiting.extend(here.values())
    return found

"""Sums of floats depend on the order of their rows: they must not decide what belongs together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, names_in
from mlview.deltas.joins import conditions_of
from mlview.deltas.known import is_aggregate
from mlview.deltas.scopes import references
from mlview.deltas.trees import conjuncts, is_query, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlview.deltas.blocks import Block
    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

_FLOATS = re.compile(r"\b(FLOAT|DOUBLE)\b")
# The same whatever the order; all others count as sums.
_ORDERLESS = frozenset(
    [
        *(
            "count",
            "count_star",
            "count_if",
            "min",
            "max",
            "arg_min",
            "arg_max",
            "min_by",
            "max_by",
        ),
        *("bool_and", "bool_or", "mode", "median", "quantile_cont", "quantile_disc", "row_number"),
        *("rank", "dense_rank", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"),
        *("first", "last", "any_value", "list", "array_agg", "percent_rank", "cume_dist"),
    ]
)
_ORDERINGS = frozenset(
    [
        *("COMPARE_LESSTHAN", "COMPARE_GREATERTHAN"),
        *("COMPARE_LESSTHANOREQUALTO", "COMPARE_GREATERTHANOREQUALTO", "COMPARE_BETWEEN"),
    ]
)


def blurred_columns(name: str, facts: Facts) -> frozenset[str]:
    """The columns (folded) of an input that may be other in their last digits, each time.

    Raises:
        NotFollowed: the columns cannot be told.
    """
    given = facts.input(name)
    if not isinstance(given, Query) or not _adds_up(given, facts):
        return frozenset()
    columns = facts.columns(given.tree)
    if columns is None:
        raise NotFollowed("columns that cannot be told apart")
    return frozenset(fold(column) for column, kind in columns if _FLOATS.search(kind))


def refuse_blurred_rows(names: Iterable[str], facts: Facts) -> None:
    """Refuse to put rows together by sums of floats.

    Raises:
        NotFollowed: one of the inputs has such a column.
    """
    if any(blurred_columns(name, facts) for name in names):
        raise _decides()


def refuse_blurred_keys(block: Block, live: Iterable[str], keys: Iterable[Tree] = ()) -> None:
    """Refuse to match rows, or to group them by `keys`, by sums of floats.

    Raises:
        NotFollowed: a changed input has such a column, and a condition or key may use it.
    """
    blurred = frozenset(column for name in live for column in blurred_columns(name, block.facts))
    if not blurred:
        return
    from_table = block.query["from_table"]
    for join in walk(from_table):
        if blurred & set(map(fold, join.get("using_columns") or ())):
            raise _decides()
        if join.get("ref_type") == "NATURAL":
            raise _decides()
    conditions = [c for on in conditions_of(from_table) for c in conjuncts(on)]
    matching = [c for c in (*conditions, *block.conditions) if not _orders(c)]
    asking = [item for item in block.query["select_list"] if any(map(is_query, walk(item)))]
    if any(blurred & set(_mentioned(e)) for e in (*matching, *asking, *keys)):
        raise _decides()


def _adds_up(query: Query, facts: Facts) -> bool:
    for node in walk(query.tree):
        function = fold(node.get("function_name") or "")
        adds = is_aggregate(node, facts) or node.get("class") == "WINDOW"
        if adds and function not in _ORDERLESS:
            return True
    inner = (facts.input(name) for name in names_in(query.tree))
    return any(isinstance(each, Query) and _adds_up(each, facts) for each in inner)


def _orders(condition: Tree) -> bool:
    """Whether a condition compares by less and more, where the last digits all but never count."""
    plain = condition["type"] in _ORDERINGS
    return plain and not any(is_query(node) for node in walk(condition))


def _mentioned(expression: Tree) -> Iterator[str]:
    for names in references(expression):
        yield from map(fold, names)


def _decides() -> NotFollowed:
    return NotFollowed("sums of floats that decide which rows belong together")

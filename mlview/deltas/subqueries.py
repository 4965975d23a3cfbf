"""Correlated subqueries: by which equalities the rows of an outer query reach their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.deltas.inputs import names_in
from mlview.deltas.known import has_collation, scope_of, unfollowed
from mlview.deltas.scopes import Whose
from mlview.deltas.trees import conjunction, conjuncts, select, walk_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview.deltas.blocks import Block
    from mlview.deltas.scopes import Scope
    from mlview.deltas.trees import Tree


@dataclass(frozen=True, slots=True)
class Correlation:
    """A subquery reads only rows for which `inner` equals `outer`, one by one.

    Attributes:
        body: a SELECT of `inner` that has those rows, and perhaps more, for every outer row.
        inner: expressions over the subquery's FROM clause.
        outer: expressions over that of the query around it.
    """

    body: Tree
    inner: tuple[Tree, ...]
    outer: tuple[Tree, ...]


def subqueries(expression: Tree) -> Iterator[Tree]:
    """The query expressions in an expression, not those inside of their queries."""
    for node in walk_here(expression):
        if node.get("class") == "SUBQUERY":
            yield node


def correlation(block: Block, subquery: Tree, live: Sequence[str]) -> Correlation | None:
    """How a subquery finds its rows; None where no equality tells.

    The answer of the subquery for an outer row depends on the rows its FROM and WHERE have for it.
    If none of them changes, the answer does not, whatever the rest of the subquery says.
    """
    body = subquery["subquery"]["node"]
    plain = unfollowed(body, block.facts) is None and not has_collation(body)
    if not plain or not set(live) <= set(names_in(body["from_table"])):
        return None
    scope = scope_of(body["from_table"], block.facts)
    if scope is None:
        return None
    own: list[Tree] = []
    pairs: list[tuple[Tree, Tree]] = []
    for condition in conjuncts(body["where_clause"]):
        if scope.whose(condition) is Whose.INNER:
            own.append(condition)
        else:
            pairs.extend(_pair(condition, scope))
    if not pairs:
        return None
    inner = tuple(pair[0] for pair in pairs)
    outer = tuple(block.plain(pair[1]) for pair in pairs)
    return Correlation(select(inner, body["from_table"], conjunction(own)), inner, outer)


def _pair(condition: Tree, scope: Scope) -> Iterator[tuple[Tree, Tree]]:
    if condition["type"] != "COMPARE_EQUAL":
        return
    left, right = condition["left"], condition["right"]
    match scope.whose(left), scope.whose(right):
        case Whose.INNER, Whose.OUTER:
            yield left, right
        case Whose.OUTER, Whose.INNER:
            yield right, left

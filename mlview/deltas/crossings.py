"""Where the rows of a query stand against refresh_time(): what decides when time changes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas.blocks import Block
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Moment, Query, names_in
from mlview.deltas.known import has_aggregate, has_columns, has_window, spreads
from mlview.deltas.trees import aliased, compare, conjunction, is_query, rewrite, select, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

POSITION = "__mlview_position"

# How `position ? bound` changes as the bound rises: as it comes to the position, or behind it.
_REACHED = ("COMPARE_GREATERTHANOREQUALTO", "COMPARE_GREATERTHAN")
_PASSED = ("COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO")
_TURNS = {
    "COMPARE_GREATERTHAN": (_REACHED,),
    "COMPARE_LESSTHANOREQUALTO": (_REACHED,),
    "COMPARE_GREATERTHANOREQUALTO": (_PASSED,),
    "COMPARE_LESSTHAN": (_PASSED,),
}
_MIRRORED = {
    "COMPARE_GREATERTHAN": "COMPARE_LESSTHAN",
    "COMPARE_LESSTHAN": "COMPARE_GREATERTHAN",
    "COMPARE_GREATERTHANOREQUALTO": "COMPARE_LESSTHANOREQUALTO",
    "COMPARE_LESSTHANOREQUALTO": "COMPARE_GREATERTHANOREQUALTO",
}
_INSTANTS = frozenset(["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"])


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a comparison, that only ever rises with refresh_time().

    Attributes:
        tree: the expression, with the input of one `Moment` in it.
        name: that input.
        shifts: constants that are added or taken away; it rises unless one counts in months.
    """

    tree: Tree
    name: str
    shifts: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Crossing:
    """A comparison of rows with a bound that moves.

    Attributes:
        positions: a query of one column, where those rows stand that the bound has not met.
        bound: what moves.
        met: the comparison that says of a bound, on its left, that it has met a position.
    """

    positions: Tree
    bound: Bound
    met: str


def crossings(query: Tree, facts: Facts) -> Iterator[Crossing]:
    """The comparisons by which time alone can change the rows of a query.

    While no bound meets a row that it had not met, the query has the same rows. Where every
    comparison with refresh_time() is one of a row's own value with a bound that rises, a row is
    met by each bound once, and the first of these moments can be found.

    Args:
        query: the tree, every call of refresh_time() an input.
        facts: where inputs are kept.

    Raises:
        NotFollowed: refresh_time() decides about rows in another way.
    """
    if query["type"] == "SET_OPERATION_NODE":
        if _has_moments([query["modifiers"]], facts):
            raise NotFollowed("refresh_time() behind a set operation")
        for side in ("left", "right"):
            if _has_moments(query[side], facts):
                yield from crossings(query[side], facts)
        return
    if has_columns([*query.values()]):
        raise NotFollowed("COLUMNS() beside refresh_time()")
    block = Block.of(query, facts)
    yield from _own(block, facts)
    for name in dict.fromkeys(names_in(block.query)):
        given = facts.input(name)
        if isinstance(given, Query) and _has_moments(given.tree, facts):
            yield from crossings(given.tree, facts)


def _has_moments(tree: Tree | list[Tree], facts: Facts) -> bool:
    """Whether refresh_time() is called in a tree, or in a query that it reads."""
    return any(
        isinstance(given, Moment) or (isinstance(given, Query) and _has_moments(given.tree, facts))
        for given in map(facts.input, names_in(tree))
    )


def _calls(tree: Tree | list[Tree] | None, facts: Facts) -> list[str]:
    """The calls of refresh_time() in a tree itself."""
    return [name for name in names_in(tree) if isinstance(facts.input(name), Moment)]


def _own(block: Block, facts: Facts) -> Iterator[Crossing]:
    """The comparisons of one block's own rows."""
    if not _calls(block.query, facts):
        return
    found: list[Tree] = []
    looked_at = [*block.conditions, *block.query["select_list"]]
    left = _without_comparisons(looked_at, found, facts)
    rest = {k: v for k, v in block.query.items() if k not in ("where_clause", "select_list")}
    if _calls([left, rest], facts):  # type: ignore[list-item]
        raise NotFollowed("refresh_time() outside of a comparison of rows")
    always = [c for c in block.conditions if not _calls(c, facts)]
    for comparison in found:
        position, bound, turns = _apart(comparison, facts)
        for met, ahead in turns:
            conditions = [*always, compare(ahead, position, bound.tree)]
            positions = select(
                [aliased(position, POSITION)], block.query["from_table"], conjunction(conditions)
            )
            yield Crossing(positions, bound, met)


def _without_comparisons(trees: list[Tree], found: list[Tree], facts: Facts) -> list[Tree]:
    """What is left of expressions once the comparisons with refresh_time() are taken out."""

    def change(node: Tree) -> Tree | None:
        if is_query(node) or node.get("class") == "LAMBDA":
            return node
        parts = _comparisons(node)
        if not parts or not _calls(node, facts):
            return None
        found.extend(part for part in parts if _calls(part, facts))
        return {}

    left: list[Tree] = rewrite(trees, change)
    return left


def _comparisons(node: Tree) -> tuple[Tree, ...]:
    """The comparisons of two expressions that a node is."""
    if node.get("class") == "COMPARISON":
        return (node,)
    if node.get("class") == "BETWEEN":
        ends = (("COMPARE_GREATERTHANOREQUALTO", "lower"), ("COMPARE_LESSTHANOREQUALTO", "upper"))
        return tuple(compare(kind, node["input"], node[end]) for kind, end in ends)
    return ()


def _apart(comparison: Tree, facts: Facts) -> tuple[Tree, Bound, tuple[tuple[str, str], ...]]:
    """A row's position, the bound, and by which comparisons it is met.

    Raises:
        NotFollowed: it is no such comparison.
    """
    kind, left, right = comparison["type"], comparison["left"], comparison["right"]
    if _calls(left, facts):
        kind, left, right = _MIRRORED.get(kind, kind), right, left
    strange = has_aggregate(left, facts) or has_window(left) or spreads(left)
    bound = None if strange or _calls(left, facts) else _rising(right, facts)
    if bound is None:
        raise NotFollowed("refresh_time() beside what it is compared with")
    return left, bound, _TURNS.get(kind, (_REACHED, _PASSED))


def _rising(tree: Tree, facts: Facts) -> Bound | None:
    """The bound that an expression is, if it only ever rises with refresh_time()."""
    name = tree.get("stands_for")
    if name is not None:
        return Bound(tree, name) if isinstance(facts.input(name), Moment) else None
    if tree.get("class") == "CAST" and tree["cast_type"]["id"] in _INSTANTS:
        inner = _rising(tree["child"], facts)
        return None if inner is None else Bound(tree, inner.name, inner.shifts)
    if tree.get("class") != "FUNCTION":
        return None
    shifts: tuple[Tree, ...] = ()
    match fold(tree["function_name"]), tree["children"]:
        case "date_trunc", [unit, inside] if _is_constant(unit):
            inner = _rising(inside, facts)
        case "-" | "+", [inside, shift] if _is_constant(shift):
            inner, shifts = _rising(inside, facts), (shift,)
        case "+", [shift, inside] if _is_constant(shift):
            inner, shifts = _rising(inside, facts), (shift,)
        case _:
            return None
    return None if inner is None else Bound(tree, inner.name, (*inner.shifts, *shifts))


def _is_constant(tree: Tree) -> bool:
    """Whether an expression has one value wherever it stands."""
    return all(
        node.get("class") in (None, "CONSTANT", "CAST", "FUNCTION")
        and node.get("stands_for") is None
        and not is_query(node)
        for node in walk(tree)
    )

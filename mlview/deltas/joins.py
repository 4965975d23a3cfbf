"""Where an item stands among the joins of a FROM clause, and which rows its change can touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mlview.definitions import fold
from mlview.deltas.inputs import Side, items_of
from mlview.deltas.trees import (
    aliased,
    column,
    compare,
    conjunction,
    conjuncts,
    derived,
    exists,
    integer,
    rewrite_here,
    select,
    star,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.deltas.trees import Tree

_BY_MATCHES = frozenset(["REGULAR", "NATURAL", "CROSS"])
_BOTH_LINEAR = frozenset(["INNER"])
_LEFT_LINEAR = frozenset(["INNER", "LEFT", "SEMI", "ANTI"])


@dataclass(frozen=True, slots=True)
class Linear:
    """Each row of the item takes part in rows of the result by itself."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows of the other side of a join may find, or lose, a match in the item's side."""

    join: Tree
    side: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """What the item's change does here is not followed, because of a join."""

    reason: str


Position: TypeAlias = "Linear | Matched | Unplaced"


def path_to(from_table: Tree, name: str) -> list[tuple[Tree, str]] | None:
    """The joins above an item, outermost first, each with the side the item is on."""
    if from_table["type"] != "JOIN":
        return [] if from_table.get("stands_for") == name else None
    for side in ("left", "right"):
        below = path_to(from_table[side], name)
        if below is not None:
            return [(from_table, side), *below]
    return None


def position(from_table: Tree, name: str) -> Position:
    """What the joins above an item make of its rows."""
    found: Position = Linear()
    for join, side in path_to(from_table, name) or ():
        here = _at(join, side)
        if isinstance(here, Unplaced):
            return here
        if isinstance(here, Matched):
            if isinstance(found, Matched):
                return Unplaced(f"an outer join inside of a {words(join)}")
            found = here
    return found


def _at(join: Tree, side: str) -> Position:
    kind, how = join["join_type"], join["ref_type"]
    if how == "ASOF":
        return Linear() if side == "left" and kind in _LEFT_LINEAR else Unplaced(words(join))
    if how not in _BY_MATCHES:
        return Unplaced(words(join))
    if kind in _BOTH_LINEAR:
        return Linear()
    match (kind, side):
        case ("LEFT" | "SEMI" | "ANTI", "left") | ("RIGHT", "right"):
            return Linear()
        case ("LEFT" | "SEMI" | "ANTI", "right") | ("RIGHT", "left") | ("OUTER" | "FULL", _):
            return Matched(join, side)
        case _:
            return Unplaced(words(join))


def words(join: Tree) -> str:
    """A join in words of SQL."""
    kind = {"INNER": "", "OUTER": "FULL"}.get(join["join_type"], join["join_type"])
    how = {"REGULAR": "", "NATURAL": "NATURAL", "CROSS": ""}.get(join["ref_type"], join["ref_type"])
    return " ".join(word for word in (how, kind, "JOIN") if word)


def touched_by_match(found: Matched, name: str) -> Tree | None:
    """The rows that a changed row of the nullable side matches, as a condition on the whole row.

    None where that cannot be said: the rest of the nullable side is joined by more than matches,
    or the columns of USING cannot be told apart.
    """
    join = found.join
    nullable = join[found.side]
    if not isinstance(position(nullable, name), Linear):
        return None
    changed = both(nullable, name)
    if join["ref_type"] == "NATURAL":
        return None
    if join["using_columns"]:
        return _touched_by_columns(join, found.side, changed)
    if join["condition"] is None:
        return exists(select([integer(1)], changed))
    return exists(select([integer(1)], changed, join["condition"]))


def both(from_table: Tree, name: str) -> Tree:
    """The item's changed rows, of either sign, in its place."""

    def change(node: Tree) -> Tree | None:
        return {**node, "side": Side.BOTH} if node.get("stands_for") == name else None

    changed: Tree = rewrite_here(from_table, change)
    return changed


def _touched_by_columns(join: Tree, side: str, changed: Tree) -> Tree | None:
    kept = join["right" if side == "left" else "left"]
    if kept["type"] == "JOIN" and join["join_type"] == "RIGHT":
        return None
    alias = "" if kept["type"] == "JOIN" else kept["alias"]
    names = join["using_columns"]
    inner = derived(
        select([aliased(column(n), f"__mlview_u{i}") for i, n in enumerate(names)], changed),
        "__mlview_u",
    )
    equal = [
        compare(
            "COMPARE_EQUAL",
            column("__mlview_u", f"__mlview_u{i}"),
            column(alias, n) if alias else column(n),
        )
        for i, n in enumerate(names)
    ]
    return exists(select([integer(1)], inner, conjunction(equal)))


def equal_sides(join: Tree, sided: Callable[[Tree], str | None]) -> list[tuple[Tree, Tree]]:
    """Pairs of expressions over the left and the right item that a join holds to be equal.

    `sided` tells whose columns an expression has: `left`, `right` or None of both or neither.
    """
    if join["using_columns"]:
        left, right = join["left"]["alias"], join["right"]["alias"]
        return [(column(left, n), column(right, n)) for n in join["using_columns"]]
    pairs = []
    for condition in conjuncts(join["condition"]):
        if condition["type"] != "COMPARE_EQUAL":
            continue
        match (sided(condition["left"]), sided(condition["right"])):
            case ("left", "right"):
                pairs.append((condition["left"], condition["right"]))
            case ("right", "left"):
                pairs.append((condition["right"], condition["left"]))
    return pairs


def restricted(from_table: Tree, conditions: dict[str, Tree]) -> Tree:
    """The FROM clause with only those rows of some items for which a condition holds."""

    def change(node: Tree) -> Tree | None:
        condition = (
            conditions.get(node.get("stands_for") or "") if node.get("side") is None else None
        )
        if condition is None:
            return None
        inner = {**node, "sample": None}
        return derived(select([star()], inner, condition), node["alias"])

    changed: Tree = rewrite_here(from_table, change)
    return changed


def is_alone(item: Tree) -> bool:
    """Whether a side of a join is one item that stands for an input."""
    return item["type"] != "JOIN" and item.get("stands_for") is not None and bool(item["alias"])


def shown_names(from_table: Tree) -> frozenset[str]:
    """What the items of a FROM clause are called."""
    return frozenset(fold(item["alias"]) for item in items_of(from_table) if item["alias"])


def conditions_of(from_table: Tree) -> list[Tree]:
    """The ON conditions of all joins."""
    if from_table["type"] != "JOIN":
        return []
    here = [] if from_table["condition"] is None else [from_table["condition"]]
    return [*conditions_of(from_table["left"]), *conditions_of(from_table["right"]), *here]

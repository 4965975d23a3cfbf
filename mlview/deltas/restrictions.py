"""Conditions that keep the rows which a change can touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas import joins
from mlview.deltas.inputs import PLACE, Side
from mlview.deltas.scopes import references
from mlview.deltas.trees import (
    call,
    column,
    compare,
    conjunction,
    exists,
    integer,
    member,
    rewrite,
    select,
    star,
    table,
    with_where,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.deltas.blocks import Block
    from mlview.deltas.trees import Tree

_ALIAS = "__mlview_keys"


def key_column(place: int) -> str:
    """What a column of a table of keys is called, as no column of a user is."""
    return f"__mlview_k{place}"


def keys_item(name: str) -> Tree:
    """A FROM item: a table of keys."""
    return {**table(name, schema=PLACE, alias=_ALIAS), "keys": name}


def keyed_rows(
    name: str, expressions: Sequence[Tree], comparison: str = "COMPARE_NOT_DISTINCT_FROM"
) -> Tree:
    """Whether the values of the expressions are among the keys."""
    equal = [
        compare(comparison, column(_ALIAS, key_column(place)), expression)
        for place, expression in enumerate(expressions)
    ]
    return exists(select([integer(1)], keys_item(name), conjunction(equal)))


def among(membership: Tree, name: str) -> Tree:
    """`x IN (query)` with the rows by which the query changed in place of its rows."""

    def change(node: Tree) -> Tree | None:
        return {**node, "side": Side.BOTH} if node.get("stands_for") == name else None

    changed: Tree = rewrite(membership, change)
    return changed


def digest(expressions: Sequence[Tree]) -> Tree:
    """A number that is the same wherever DuckDB groups the values together, NULLs too.

    Other values may share it: then more rows are computed, and none is forgotten. One number in
    one column is looked up twice as fast as several values that may be NULL.
    """
    return call("hash", expressions, schema="main", catalog="system")


def looked_up(name: str, place: int, expression: Tree) -> Tree:
    """Whether a number is in a column of a table of keys."""
    return member(expression, select([column(_ALIAS, key_column(place))], keys_item(name)))


def narrowed(block: Block, name: str, expressions: Sequence[Tree]) -> tuple[Tree, list[Tree]]:
    """The query of a block for the touched keys alone, and what their table has to hold.

    Where keys are of one FROM item, its rows are left out before they are joined.
    """
    query, kept = block.query, [digest(expressions)]
    owners = _owners(block, expressions)
    conditions: dict[str, Tree] = {}
    for owner in dict.fromkeys(owner for owner in owners if owner is not None):
        own = [e for e, whose in zip(expressions, owners, strict=True) if whose == owner]
        kept.append(digest(own))
        conditions[owner] = looked_up(name, len(kept) - 1, kept[-1])
    narrow = {**query, "from_table": joins.restricted(query["from_table"], conditions)}
    if len(conditions) == 1 and None not in owners:
        return narrow, kept
    return with_where(narrow, looked_up(name, 0, kept[0])), kept


def _owners(block: Block, expressions: Sequence[Tree]) -> list[str | None]:
    """For each expression the one item whose columns it has, if that may lose rows early."""
    nobody: list[str | None] = [None] * len(expressions)
    items = block.items
    if len(items) == 1 or any(fold(names[-1]) == "rowid" for names in references(block.query)):
        return nobody
    known: dict[str, frozenset[str]] = {}
    early: dict[str, str] = {}
    for item in items:
        found = block.facts.columns(select([star()], item))
        alias = fold(item["alias"])
        if not alias or alias in known or found is None:
            return nobody
        known[alias] = frozenset(fold(name) for name, _ in found)
        name = item.get("stands_for")
        if name is not None and _may_lose_rows(block, name):
            early[alias] = name
    return [early.get(_owner(expression, known) or "") for expression in expressions]


def _may_lose_rows(block: Block, name: str) -> bool:
    return isinstance(joins.position(block.query["from_table"], name), joins.Linear)


def _owner(expression: Tree, known: Mapping[str, frozenset[str]]) -> str | None:
    found = set()
    for names in references(expression):
        first = fold(names[0])
        holders = [alias for alias, columns in known.items() if first in columns]
        if len(names) > 1 and first in known and not holders:
            found.add(first)
        elif len(names) == 1 and len(holders) == 1 and first not in known:
            found.add(holders[0])
        else:
            return None
    return found.pop() if len(found) == 1 else None

"""Whose columns an expression has, and which columns of an item a query can see."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas.inputs import items_of
from mlview.deltas.trees import is_query, walk, walk_here

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from mlview.deltas.trees import Tree


ROWID = "rowid"
ALL = "*"


class Whose(Enum):
    """Whose columns an expression has."""

    NOBODY = "nobody"
    INNER = "inner"
    OUTER = "outer"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a FROM clause brings: of its items, and of their columns."""

    aliases: frozenset[str]
    columns: frozenset[str]

    @classmethod
    def of(cls, aliases: Iterable[str], columns: Iterable[str]) -> Scope:
        """A scope of names in any case."""
        return cls(frozenset(map(fold, aliases)), frozenset(map(fold, columns)))

    def whose(self, expression: Tree) -> Whose:
        """Whether an expression has columns of this scope, of one around it, or of both.

        A query inside of it, a lambda, or a name that may be a field makes it unclear.
        """
        found = {self._of(names) for names in references(expression)}
        unclear = any(is_query(node) or node.get("class") == "LAMBDA" for node in walk(expression))
        if unclear or Whose.UNCLEAR in found or len(found) > 1:
            return Whose.UNCLEAR
        return found.pop() if found else Whose.NOBODY

    def _of(self, names: list[str]) -> Whose:
        first = fold(names[0])
        if len(names) == 1:
            known = first in self.columns or first in self.aliases
            return Whose.INNER if known else Whose.OUTER
        if first in self.aliases:
            return Whose.INNER
        return Whose.UNCLEAR if first in self.columns else Whose.OUTER


def references(tree: Tree) -> Iterator[list[str]]:
    """The names of each column reference, qualifiers first."""
    for node in walk(tree):
        if node.get("class") == "COLUMN_REF":
            yield node["column_names"]


def used_columns(query: Tree, name: str) -> frozenset[str] | None:
    """The columns (folded) of an input that anything in a query can see; None: maybe all.

    Every identifier of the query counts, so that there may be more than are used. `rowid` is among
    them where it is asked of this input, and `*` then stands for all others that may be seen.
    """
    place = _place(query, name)
    if place is None:
        return None
    holder, item = place
    alias = fold(item["alias"])
    asked = {ROWID} if _asks_for_rowid(query, alias) else set()
    if item["column_name_alias"] or not alias or _all_are_seen(query, holder, alias):
        return frozenset({ALL, *asked}) if asked else None
    names = {fold(part) for parts in references(query) for part in parts} - {ROWID} | asked
    for node in walk(query):
        names.update(map(fold, node.get("using_columns") or ()))
    return frozenset(names)


def _place(query: Tree, name: str) -> tuple[Tree, Tree] | None:
    """The SELECT that has an input among its FROM items, and the item."""
    for node in walk(query):
        if node.get("type") == "SELECT_NODE":
            for item in items_of(node["from_table"]):
                if item.get("stands_for") == name:
                    return node, item
    return None


def _all_are_seen(query: Tree, holder: Tree, alias: str) -> bool:
    for node in walk_here(list(holder.values())):
        if node.get("class") == "STAR" and fold(node["relation_name"]) in ("", alias):
            return True
        if node.get("class") == "POSITIONAL_REFERENCE" or node.get("ref_type") == "NATURAL":
            return True
    for node in walk(query):
        if node.get("class") == "STAR" and fold(node["relation_name"]) == alias:
            return True
        # The name of the relation alone is the row as a struct.
        if node.get("class") == "COLUMN_REF" and fold(node["column_names"][-1]) == alias:
            return True
    return False


def _asks_for_rowid(query: Tree, alias: str) -> bool:
    return any(
        fold(names[-1]) == ROWID and (len(names) == 1 or fold(names[-2]) == alias)
        for names in references(query)
    )


def seen_names(names: Collection[str], used: frozenset[str] | None) -> list[str]:
    """Those of the columns that are used."""
    return [name for name in names if used is None or ALL in used or fold(name) in used]

"""What stands behind the names of a query: relations, queries of their own, and refresh_time()."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from mlview.deltas.trees import table, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.deltas.trees import Tree

PLACE = "__mlview"


class Side(Enum):
    """As what an input stands in a query that is run."""

    NEW = "new"
    OLD = "old"
    PLUS = "plus"
    MINUS = "minus"
    BOTH = "both"


@dataclass(eq=False, frozen=True, slots=True)
class Relation:
    """A relation that is stored somewhere, by its name as the query has it."""

    catalog: str | None
    schema: str | None
    name: str


@dataclass(eq=False, frozen=True, slots=True)
class Query:
    """A query in which every name is an input: a view, a CTE, something in parentheses."""

    tree: Tree


@dataclass(eq=False, frozen=True, slots=True)
class Moment:
    """A call of refresh_time()."""


Input: TypeAlias = "Relation | Query | Moment"


@dataclass(slots=True)
class Inputs:
    """The inputs of a query and of all that is nested in it, by the names that stand for them.

    In a tree an input is a FROM item or a call with the key `stands_for`. The key `side` fixes as
    what it stands wherever the query around it is run; without it each run decides.
    """

    known: dict[str, Input] = field(default_factory=dict)

    def add(self, given: Input) -> str:
        """A name for an input; the same input may have several."""
        name = f"i{len(self.known)}"
        self.known[name] = given
        return name

    def __getitem__(self, name: str) -> Input:
        """The input of a name."""
        return self.known[name]


def from_item(name: str, alias: str = "", side: Side | None = None) -> Tree:
    """A FROM item that stands for an input."""
    return {**table(name, schema=PLACE, alias=alias), "stands_for": name, "side": side}


def moment(name: str) -> Tree:
    """A call that stands for refresh_time()."""
    return {"class": "FUNCTION", "type": "FUNCTION", "alias": "", "stands_for": name, "side": None}


def names_in(tree: Tree | list[Tree] | None) -> Iterator[str]:
    """The names of all inputs in a tree whose side is open."""
    for node in walk(tree):
        if node.get("stands_for") is not None and node.get("side") is None:
            yield node["stands_for"]


def items_of(from_table: Tree) -> Iterator[Tree]:
    """The FROM items that joins put together, from left to right."""
    if from_table["type"] == "JOIN":
        yield from items_of(from_table["left"])
        yield from items_of(from_table["right"])
    else:
        yield from_table


def in_place(item: Tree, relation: Tree) -> Tree:
    """A relation under the alias, the columns and the sample of the item it stands for."""
    alias = item["alias"] or ("" if relation["type"] == "SUBQUERY" else item["table_name"])
    return {
        **relation,
        "alias": alias,
        "column_name_alias": item["column_name_alias"],
        "sample": item["sample"],
    }

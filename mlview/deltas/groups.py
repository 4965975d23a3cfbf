"""A grouped SELECT taken apart: its groups in a query of their own, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas.blocks import Block
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.keys import item_of
from mlview.deltas.known import is_aggregate
from mlview.deltas.trees import (
    aliased,
    boolean,
    call,
    cast,
    column,
    derived,
    integer,
    is_query,
    meaning,
    rewrite_here,
    select,
    star,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

GROUPS = "__mlview_g"
_NOT_PLACED = frozenset(["LAMBDA", "STAR", "POSITIONAL_REFERENCE", "COLUMN_REF"])
_GROUPING = "GROUPING_FUNCTION"


@dataclass(slots=True)
class Groups:
    """A SELECT with GROUP BY, whose expressions over groups can be told from those over rows.

    Attributes:
        query: its tree.
        facts: where columns are asked for.
        keys: what it groups by, over its FROM clause.
        sets: its grouping sets, each the places of some keys.
    """

    query: Tree
    facts: Facts
    keys: list[Tree]
    sets: list[tuple[int, ...]]
    _block: Block
    _columns: dict[str, frozenset[str]]
    _places: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, Tree] = field(default_factory=dict)
    _merged: set[str] = field(default_factory=set)
    _qualified: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, query: Tree, facts: Facts) -> Groups:
        """The groups of a SELECT.

        Raises:
            NotFollowed: they cannot be told.
        """
        if query["aggregate_handling"] != "STANDARD_HANDLING":
            raise NotFollowed("GROUP BY ALL whose keys cannot be told")
        block = Block(query, facts, query)
        items = [item_of(block, expression) for expression in query["group_expressions"]]
        keys = [aliased(block.plain(item), "") for item in items]
        sets = [tuple(sorted(set(places))) for places in query["group_sets"]]
        groups = cls(query, facts, keys, sets or [()], block, _columns_of(block))
        for place, key in enumerate(keys):
            if key["class"] == "CONSTANT":
                raise NotFollowed("a GROUP BY of a constant")
            groups._places.setdefault(groups._name(key), place)
        return groups

    @property
    def are_bare(self) -> bool:
        """Whether the SELECT gives nothing but keys, aggregates and GROUPING()."""
        query = self.query
        clauses = (query["having"], query["qualify"], *query["modifiers"])
        return not any(clauses) and all(map(self._is_plain, query["select_list"]))

    def _is_plain(self, item: Tree) -> bool:
        told = is_aggregate(item, self.facts) or item["type"] == _GROUPING
        return told or self._place(item) is not None

    def above(self) -> Tree:
        """The same rows from a SELECT over the groups: HAVING is its WHERE, windows are its own.

        Raises:
            NotFollowed: an expression whose columns cannot be told apart.
        """
        query = self.query
        columns = self.facts.columns(query)
        if columns is None or len(columns) != len(query["select_list"]):
            raise NotFollowed("a grouped select list whose columns cannot be told")
        items = [
            aliased(self._over_groups(self._block.plain_item(item)), name)
            for item, (name, _) in zip(query["select_list"], columns, strict=True)
        ]
        rest = {key: self._clause(query[key]) for key in ("having", "qualify", "modifiers")}
        return {
            **select(items, derived(self._below(), GROUPS), rest["having"]),
            "qualify": rest["qualify"],
            "modifiers": rest["modifiers"],
        }

    def _clause(self, clause: Tree | None) -> Tree | None:
        return None if clause is None else self._over_groups(self._block.plain(clause))

    def _below(self) -> Tree:
        """The bare SELECT of all keys and of what was kept."""
        keys = [aliased(key, f"__mlview_c{place}") for place, key in enumerate(self.keys)]
        counted = aliased(call("count_star", ()), "__mlview_n")
        return {
            **self.query,
            "select_list": [*keys, *self._kept.values(), counted],
            "group_expressions": self.keys,
            "having": None,
            "qualify": None,
            "modifiers": [],
        }

    def of_set(self, places: Sequence[int]) -> Tree:
        """The rows of one grouping set of a bare SELECT: the other keys are NULL."""
        items = [aliased(self._in_set(item, places), item["alias"]) for item in self._named()]
        return {
            **self.query,
            "select_list": items,
            "group_expressions": [self.keys[place] for place in places],
            "group_sets": [list(range(len(places)))],
        }

    def _named(self) -> list[Tree]:
        return [
            item if item["alias"] else aliased(item, f"__mlview_c{place}")
            for place, item in enumerate(self.query["select_list"])
        ]

    def _in_set(self, item: Tree, places: Sequence[int]) -> Tree:
        place = self._place(item)
        if place is not None:
            # NULL of the key's own type, whatever that is.
            none = {**call("any_value", [self.keys[place]]), "filter": boolean(False)}
            return self.keys[place] if place in places else none
        if item["type"] != _GROUPING:
            return item
        bits = "".join(str(int(each not in places)) for each in self._grouping(item))
        return cast(integer(int(bits, 2)), "BIGINT")

    def _grouping(self, call_: Tree) -> list[int]:
        """The keys that a GROUPING() is about."""
        found = [self._place(child) for child in call_["children"]]
        if not found or None in found:
            raise NotFollowed("a GROUPING() whose keys cannot be told")
        return [place for place in found if place is not None]

    def _over_groups(self, expression: Tree) -> Tree:
        """An expression with columns of the groups for keys, aggregates and GROUPING()."""

        def change(node: Tree) -> Tree | None:
            if "class" not in node:
                return None
            if is_aggregate(node, self.facts) or node["type"] == _GROUPING:
                return self._keep(node)
            place = self._place(node)
            if place is not None:
                return aliased(column(GROUPS, f"__mlview_c{place}"), node["alias"])
            if node["class"] == "SUBQUERY":
                return self._subquery(node)
            if node["class"] in _NOT_PLACED:
                raise NotFollowed("an expression over groups that cannot be told from its rows")
            return None

        lifted: Tree = rewrite_here(expression, change)
        return lifted

    def _keep(self, node: Tree) -> Tree:
        if node["type"] == _GROUPING:
            self._grouping(node)
        name = f"__mlview_a{len(self._kept)}"
        kept = self._kept.setdefault(meaning(node), aliased(node, name))
        return aliased(column(GROUPS, kept["alias"]), node["alias"])

    def _subquery(self, node: Tree) -> Tree:
        if self.facts.columns(node["subquery"]["node"]) is None:
            raise NotFollowed("a correlated subquery over groups")
        child = node["child"]
        return {**node, "child": None if child is None else self._over_groups(child)}

    def _place(self, node: Tree) -> int | None:
        """Which key an expression is."""
        alike = any(
            key["type"] == node["type"] and key["class"] == node["class"] for key in self.keys
        )
        return self._places.get(self._name(node)) if alike else None

    def _name(self, expression: Tree) -> str:
        """A text that expressions share which DuckDB takes for the same."""

        def change(node: Tree) -> Tree | None:
            if node.get("class") in _NOT_PLACED - {"COLUMN_REF"} or is_query(node):
                raise NotFollowed("a key that cannot be told from others")
            if node.get("class") != "COLUMN_REF":
                return None
            return {**node, "column_names": self._qualify(node["column_names"])}

        return meaning(rewrite_here(expression, change))

    def _qualify(self, names: list[str]) -> list[str]:
        first = fold(names[0])
        holders = [alias for alias, known in self._columns.items() if first in known]
        found: list[str] | None = None
        if len(names) > 1 and fold(names[1]) in self._columns.get(first, ()):
            self._qualified.add(fold(names[1]))
            found = names
        elif len(holders) == 1 and (len(names) == 1 or first not in self._columns):
            self._qualified.add(first)
            found = [holders[0], *names]
        elif len(names) == 1 and holders:
            self._merged.add(first)
            found = names
        if found is None or self._merged & self._qualified:
            raise NotFollowed("a name in GROUP BY that may be of several things")
        return found


def _columns_of(block: Block) -> dict[str, frozenset[str]]:
    """The columns of each FROM item, by its alias, all folded."""
    known: dict[str, frozenset[str]] = {}
    for place, item in enumerate(block.items):
        columns = block.facts.columns(select([star()], item))
        alias = fold(item["alias"]) or f"({place})"
        if columns is None or alias in known:
            raise NotFollowed("FROM items whose columns cannot be told apart")
        known[alias] = frozenset(fold(name) for name, _ in columns)
    return known

"""A SELECT taken apart: what it reads, which of that has changed, and what its clauses do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import PLACE, Query, from_item, items_of, names_in
from mlview.deltas.known import unfollowed
from mlview.deltas.scopes import used_columns
from mlview.deltas.trees import (
    conjunction,
    conjuncts,
    is_query,
    meaning,
    rewrite,
    rewrite_here,
    select,
    star,
    statement,
)

if TYPE_CHECKING:
    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

_SUBQUERY_CLAUSES = ("select_list", "where_clause", "group_expressions", "having", "qualify")
CUTS = frozenset(["LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"])


@dataclass(slots=True)
class Block:
    """One SELECT, whose queries in FROM and in expressions are inputs where they stand alone.

    Attributes:
        query: its tree.
        facts: where inputs are kept and judged.
        seen: the tree that decides which columns of an input count; one around the query, where
            that is part of another.
    """

    query: Tree
    facts: Facts
    seen: Tree
    lifted: dict[str, Tree] = field(default_factory=dict)
    _live: dict[str, bool] = field(default_factory=dict)
    _columns: frozenset[str] | None = None

    @classmethod
    def of(cls, query: Tree, facts: Facts, seen: Tree | None = None) -> Block:
        """The block of a SELECT, with its queries lifted out.

        Raises:
            NotFollowed: something in it is not known here.
        """
        reason = unfollowed(query, facts)
        if reason is not None:
            raise NotFollowed(reason)
        block = cls(query, facts, query if seen is None else seen)
        block.query = block.with_items_lifted()
        block.query = block._with_expressions_lifted()
        block.query = {**block.query, "where_clause": block._plain_where()}
        return block

    @property
    def items(self) -> list[Tree]:
        """Its FROM items, from left to right."""
        return list(items_of(self.query["from_table"]))

    @property
    def conditions(self) -> list[Tree]:
        """What AND joins in its WHERE."""
        return conjuncts(self.query["where_clause"])

    def is_live(self, name: str) -> bool:
        """Whether an input has changed as far as the query can see."""
        if name not in self._live:
            self._live[name] = self._judged(name)
        return self._live[name]

    def live_in(self, tree: Tree | list[Tree] | None) -> list[str]:
        """The inputs in a part of the query that have changed."""
        return [name for name in dict.fromkeys(names_in(tree)) if self.is_live(name)]

    def whole(self, name: str) -> Tree | None:
        """The expression that a query was lifted out of, by its new name."""
        return self.lifted.get(name)

    def words(self, expression: Tree) -> str:
        """An expression as SQL, with its queries, aggregates and keys as they were written."""
        written = {
            item["alias"]: item
            for name in dict.fromkeys(names_in(self.query["from_table"]))
            if isinstance(given := self.facts.input(name), Query)
            for item in given.tree.get("select_list", ())
            if item["alias"].startswith(PLACE)
        }

        def change(node: Tree) -> Tree | None:
            if node.get("class") == "COLUMN_REF":
                item = written.get(node["column_names"][-1])
                return None if item is None else rewrite_here({**item, "alias": ""}, change)
            if node.get("class") != "SUBQUERY":
                return None
            item = node["subquery"]["node"].get("from_table") or {}
            return self.lifted.get(item.get("stands_for") or "")

        return self.facts.words(rewrite_here(expression, change))

    def columns(self) -> frozenset[str]:
        """The names (folded) of all columns of the FROM clause.

        Raises:
            NotFollowed: they cannot be told.
        """
        if self._columns is None:
            found = self.facts.columns(select([star()], self.query["from_table"]))
            if found is None:
                raise NotFollowed("columns that cannot be told apart")
            self._columns = frozenset(fold(name) for name, _ in found)
        return self._columns

    def plain(self, expression: Tree) -> Tree:
        """An expression with what names of the select list stand for written out.

        Raises:
            NotFollowed: a name may be of the select list, or of the FROM clause.
        """
        return self._written_out(expression, frozenset())

    def _written_out(self, expression: Tree, opened: frozenset[str]) -> Tree:
        aliases = {fold(e["alias"]): e for e in self.query["select_list"] if e.get("alias")}

        def change(node: Tree) -> Tree | None:
            names = node.get("column_names") if node.get("class") == "COLUMN_REF" else None
            alias = fold(names[0]) if names is not None and len(names) == 1 else None
            if alias is None or alias not in aliases or alias in opened:
                return None
            item = aliases[alias]
            if item.get("class") == "COLUMN_REF" and fold(item["column_names"][-1]) == alias:
                return None
            if alias in self.columns():
                return None if self._prefers_columns else _ambiguous(alias)
            return {**self._written_out(item, opened | {alias}), "alias": node["alias"]}

        if not aliases:
            return expression
        plain: Tree = rewrite_here(expression, change)
        return plain

    _prefers_columns: bool = False

    def _plain_where(self) -> Tree | None:
        return conjunction([self.plain_item(condition) for condition in self.conditions])

    def plain_item(self, expression: Tree) -> Tree:
        """The same where a column goes before an item of its name: in select lists and WHERE."""
        self._prefers_columns = True
        try:
            return self.plain(expression)
        finally:
            self._prefers_columns = False

    def _judged(self, name: str) -> bool:
        if not self.facts.may_change(name):
            return False
        used = used_columns(self.seen, name) if name not in self.lifted else None
        if not self.facts.is_live(name, used):
            return False
        whole = self.whole(name)
        is_exists = whole is not None and whole["subquery_type"] == "EXISTS"
        return not (is_exists and self.facts.exists_alike(name))

    def with_items_lifted(self) -> Tree:
        """The SELECT with inputs for the queries in its FROM clause."""

        def change(node: Tree) -> Tree | None:
            if node.get("type") != "SUBQUERY" or "subquery_type" in node:
                return None
            inner = node["subquery"]["node"]
            if not self._is_worth_lifting(inner):
                return node
            if self.facts.columns(inner) is None:
                return node
            item = from_item(self.facts.add(Query(inner)), node["alias"])
            return {
                **item,
                "column_name_alias": node["column_name_alias"],
                "sample": node["sample"],
            }

        return {**self.query, "from_table": rewrite_here(self.query["from_table"], change)}

    def _with_expressions_lifted(self) -> Tree:
        def change(node: Tree) -> Tree | None:
            if is_query(node):
                return node
            if node.get("class") != "SUBQUERY":
                return None
            inner = node["subquery"]["node"]
            if not self._is_worth_lifting(inner) or self.facts.columns(inner) is None:
                return {**node, "child": rewrite(node["child"], change)}
            name = self.facts.add(Query(inner))
            self.lifted[name] = node
            reading = statement(select([star()], from_item(name, "__mlview_q")))
            return {**node, "child": rewrite(node["child"], change), "subquery": reading}

        clauses = {key: rewrite(self.query[key], change) for key in _SUBQUERY_CLAUSES}
        return {**self.query, **clauses}

    def _is_worth_lifting(self, inner: Tree) -> bool:
        return any(self.facts.may_change(name) for name in names_in(inner))


def _ambiguous(alias: str) -> Tree:
    raise NotFollowed(f"'{alias}' names a column and an item of the select list")


def same(left: Tree, right: Tree) -> bool:
    """Whether two expressions are written alike."""
    return meaning(left) == meaning(right)

"""Queries bound to what their inputs are at either end, or to the rows that changed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mlview.definitions import fold, literal
from mlview.deltas.expanding import Expander, NotFollowed
from mlview.deltas.inputs import Inputs, Moment, Query, Relation, Side, in_place, items_of, names_in
from mlview.deltas.trees import derived, is_query, rewrite, table, walk_here, with_entry
from mlview.engines.differencing.rows import repeated
from mlview.engines.differencing.trees import Trees
from mlview.engines.sources import WEIGHT, Source
from mlview.errors import LakeProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from mlview.deltas.trees import Tree
    from mlview.engines.differencing.tables import DeltaTable
    from mlview.engines.readers import SnapshotReader

Resolve: TypeAlias = "Callable[[str | None, str | None, str], Source | str]"
# With more copies of queries in one text, each is written once, in WITH.
_OFTEN = 24
_ROWS = {Side.PLUS: f"{WEIGHT} > 0", Side.MINUS: f"{WEIGHT} < 0", Side.BOTH: "true"}


@dataclass(slots=True)
class Binding:
    """Turns trees with inputs into trees that DuckDB runs.

    Attributes:
        reader: where they are going to run.
        resolve: what stands behind the names of the query.
        old_time, new_time: refresh_time() at the ends; an unknown old one differs.
        changes: the tables of changed rows, by input.
        keys: the tables of keys, by the names that plans give them.
        views: the texts of the plain views that were opened.
    """

    reader: SnapshotReader
    resolve: Resolve
    old_time: datetime | None
    new_time: datetime
    inputs: Inputs = field(default_factory=Inputs)
    changes: dict[str, DeltaTable] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    trees: Trees = field(init=False)
    _sources: dict[tuple[str, str, str], Source] = field(default_factory=dict)
    views: list[str] = field(default_factory=list)
    _items: dict[str, Tree] = field(default_factory=dict)
    _changing: dict[Query, bool] = field(default_factory=dict)
    _copies: dict[Query, int] = field(default_factory=dict)
    _shared: dict[tuple[Query, Side], tuple[str, Tree]] | None = None

    def __post_init__(self) -> None:
        """A parser on the same reader."""
        self.trees = Trees(self.reader)

    @property
    def time_moves(self) -> bool:
        """Whether refresh_time() is another one at the two ends."""
        return self.old_time != self.new_time

    @contextmanager
    def macro_at(self, side: Side) -> Iterator[None]:
        """Let refresh_time() be that of one end inside the block."""
        time = self.old_time if side is Side.OLD and self.old_time else self.new_time
        try:
            self._set_macro(time)
            yield
        finally:
            self._set_macro(self.reader.refresh_time)

    def _set_macro(self, time: datetime) -> None:
        self.reader.run(f"CREATE OR REPLACE TEMP MACRO refresh_time() AS {moment_sql(time)}")

    def expand(self, query: Tree, *, opens: bool = True, times: bool = True) -> Tree:
        """A query in terms of inputs; the arguments are those of `Expander`.

        Raises:
            NotFollowed: it cannot be taken apart.
        """
        return Expander(self._view, self.inputs, times, opens).expand(query)

    def trees_within(self, top: Query) -> list[Tree]:
        """The trees of a query and of all views and CTEs in it."""
        known = self.inputs.known.values()
        return [top.tree, *(given.tree for given in known if isinstance(given, Query))]

    def source(self, relation: Relation) -> Source:
        """What is known of a relation at both ends."""
        key = _key(relation.catalog, relation.schema, relation.name)
        return self._sources[key]

    def may_change(self, name: str) -> bool:
        """Whether anything that an input reads has changed at all."""
        match self.inputs[name]:
            case Relation() as relation:
                return self.source(relation).changed
            case Query() as query:
                if query not in self._changing:
                    inside = names_in(query.tree)
                    self._changing[query] = any(self.may_change(each) for each in inside)
                return self._changing[query]
            case Moment():
                return self.time_moves

    def sql(self, query: Tree, sides: Mapping[str, Side], default: Side = Side.NEW) -> str:
        """A query as SQL, its inputs standing as `sides` says, or else as the default."""
        if self._written_out(query) <= _OFTEN:
            return self.trees.sql(self.bound(query, sides, default))
        self._shared = {}
        try:
            tree = self.bound(query, sides, default)
            entries = [with_entry(name, body) for name, body in self._shared.values()]
        finally:
            self._shared = None
        own = tree["cte_map"]["map"]
        return self.trees.sql({**tree, "cte_map": {"map": [*entries, *own]}})

    def _written_out(self, query: Tree) -> int:
        """How many queries stand in a query once each input is written in its place."""
        total = 0
        for name in names_in(query):
            given = self.inputs[name]
            if isinstance(given, Query):
                if given not in self._copies:
                    self._copies[given] = 1 + self._written_out(given.tree)
                total += self._copies[given]
        return total

    def bound(self, query: Tree, sides: Mapping[str, Side], default: Side = Side.NEW) -> Tree:
        """The same as a tree."""

        def change(node: Tree) -> Tree | None:
            if node.get("type") == "SELECT_NODE":
                shown = self._without_rowids(node, sides)
                return None if shown is node else self.bound(shown, sides, default)
            if node.get("keys") is not None:
                return in_place(node, self._item(self.keys[node["keys"]]))
            name = node.get("stands_for")
            if name is None:
                return None
            side = node.get("side") or sides.get(name, default)
            given = self.inputs[name]
            if isinstance(given, Moment):
                return {**self.moment(side), "alias": node["alias"]}
            return in_place(node, self._at(name, side))

        tree: Tree = rewrite(query, change)
        return tree

    def _at(self, name: str, side: Side) -> Tree:
        if side not in (Side.NEW, Side.OLD):
            return self._item(f"({self.rows(self.changes[name], side)})")
        given = self.inputs[name]
        if isinstance(given, Query):
            end = side if self.may_change(name) else Side.NEW
            return self._query(given, end)
        if isinstance(given, Moment):
            raise LakeProblem("expected a relation, found refresh_time()", hint=None)
        source = self.source(given)
        return self._item(source.old if side is Side.OLD and source.changed else source.new)

    def _query(self, query: Query, end: Side) -> Tree:
        """A query in parentheses, or the name of one that is written once for all its uses."""
        if self._shared is None:
            return derived(self.bound(query.tree, {}, end))
        if (query, end) not in self._shared:
            body = self.bound(query.tree, {}, end)  # what it reads itself comes before it
            self._shared[query, end] = (f"__mlview_w{len(self._shared)}", body)
        return table(self._shared[query, end][0])

    def rows(self, changes: DeltaTable, side: Side) -> str:
        """SQL for changed rows: those that came, those that went, or all of them once."""
        names = [column.name for column in changes.columns]
        copies = 1 if side is Side.BOTH else changes.copies
        return repeated(changes.name, names, _ROWS[side], copies)

    def _item(self, sql: str) -> Tree:
        if sql not in self._items:
            self._items[sql] = self.trees.relation(sql)
        return self._items[sql]

    def moment(self, side: Side) -> Tree:
        """The constant that refresh_time() is at one end."""
        time = self.old_time if side is Side.OLD and self.old_time else self.new_time
        parsed = self.trees.parse(f"SELECT {moment_sql(time)}")
        if parsed is None:
            raise LakeProblem("expected a moment", hint=None)
        constant: Tree = parsed["select_list"][0]
        return constant

    def _view(self, catalog: str | None, schema: str | None, name: str) -> Tree | None:
        found = self.resolve(catalog, schema, name)
        if isinstance(found, Source):
            self._sources[_key(catalog, schema, name)] = found
            return None
        self.views.append(found)
        tree = self.trees.parse(found)
        if tree is None:
            raise NotFollowed(f"the view {name}, which DuckDB cannot take apart")
        return tree

    def _without_rowids(self, query: Tree, sides: Mapping[str, Side]) -> Tree:
        """The query with stars that leave out the row ids of changed rows."""
        marked = [
            item["alias"]
            for item in items_of(query["from_table"])
            if self._shows_rowid(item, sides)
        ]
        if not marked:
            return query

        def change(node: Tree) -> Tree | None:
            if node.get("class") != "STAR" or node.get("without_rowid"):
                return None
            if node["columns"] and node["expr"] is not None:
                raise LakeProblem("COLUMNS() beside a row id", hint=None)
            shown = [a for a in marked if fold(node["relation_name"]) in ("", fold(a))]
            left_out = [*node["qualified_exclude_list"], *map(_rowid, shown)]
            return {**node, "qualified_exclude_list": left_out, "without_rowid": True}

        marks = [n for n in walk_here(query["select_list"]) if n.get("class") == "STAR"]
        if all(node.get("without_rowid") for node in marks):
            return query
        items = [
            rewrite(item, lambda n: n if is_query(n) else change(n))
            for item in query["select_list"]
        ]
        return {**query, "select_list": items}

    def _shows_rowid(self, item: Tree, sides: Mapping[str, Side]) -> bool:
        name = item.get("stands_for")
        side = item.get("side") or sides.get(name or "", Side.NEW)
        return name is not None and side not in (Side.NEW, Side.OLD) and self.changes[name].rowid


def _rowid(alias: str) -> Tree:
    return {"catalog": "", "schema": "", "table": alias, "column": "rowid"}


def _key(catalog: str | None, schema: str | None, name: str) -> tuple[str, str, str]:
    return fold(catalog or ""), fold(schema or ""), fold(name)


def moment_sql(time: datetime) -> str:
    """A moment as SQL."""
    return f"TIMESTAMPTZ {literal(time.isoformat())}"

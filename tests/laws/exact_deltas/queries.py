"""Random queries: blocks, joins, groups, windows, set operations, CTEs, subqueries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exact_deltas.blocks import Blocks
from exact_deltas.joins import Joins
from exact_deltas.scope import Item, Refused, Scope, World, pick
from exact_deltas.values import LITERAL_TYPES, Column, quoted

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.scenarios import Scenario

CTE_NAMES = ("c", "n", "t", "u", "C2", "a")
VIEW_NAMES = ("vw", "x", "v", "View 2")
ATTEMPTS = 40


def world_with_views(rng: Random, scenario: Scenario) -> World:
    """The scenario's tables, and up to three views over them and each other."""
    world = World.of(scenario)
    for name in rng.sample(VIEW_NAMES, rng.randint(0, 3)):
        query = random_query(rng, world, depth=1, moments=False)
        known = {other.lower() for other in world.relations}
        # A lake keeps a view as DuckDB prints it, without the quotes of "x y".*
        if name.lower() not in known and '".*' not in query:
            world.add_view(name, query)
    return world


def random_query(rng: Random, world: World, *, depth: int = 2, moments: bool = True) -> str:
    """A query that DuckDB binds, with columns of distinct names."""
    for _ in range(ATTEMPTS):
        writer = Queries(rng, world, moments=moments)
        try:
            query = writer.query(depth, {}, ())
            world.columns(query)
        except Refused:
            continue
        return query
    return f"SELECT * FROM {quoted(world.scenario.tables[0].name)}"


class Queries:
    """Writes whole queries.

    Args:
        rng: the source of chance.
        world: the tables and views there are.
        moments: whether refresh_time() may occur.
    """

    def __init__(self, rng: Random, world: World, *, moments: bool) -> None:
        self.rng = rng
        self.world = world
        self.ambiguous = world.scenario.ambiguous
        self.moments = moments
        self.ctes: dict[str, tuple[Column, ...]] = {}
        self.blocks = Blocks(rng, self)
        self.joins = Joins(rng, self)

    def query(
        self, depth: int, ctes: dict[str, tuple[Column, ...]], outer: tuple[Item, ...]
    ) -> str:
        """A query; `outer` are the relations around it that it may refer to."""
        outside, self.ctes = self.ctes, {**self.ctes, **ctes}
        try:
            return self._query(depth, outer)
        finally:
            self.ctes = outside

    def _query(self, depth: int, outer: tuple[Item, ...]) -> str:
        what = pick(self.rng, (12, "block"), (2, "with"), (2.5, "set"), (1, "top"))
        if depth <= 0 or outer or what == "block":
            return self.blocks.block(depth, outer)
        if what == "with":
            return self._with(depth)
        if what == "set":
            return self._set_operation(depth)
        return self._top(depth)

    def _with(self, depth: int) -> str:
        written, before = [], self.ctes
        for name in self.rng.sample(CTE_NAMES, self.rng.randint(1, 2)):
            body = self.query(depth - 1, {}, ())
            columns = self.describe(body)
            hint = pick(self.rng, (6, "AS"), (1, "AS MATERIALIZED"), (1, "AS NOT MATERIALIZED"))
            names = ""
            if self.rng.random() < 0.15:
                renamed = tuple(Column(f"n{at}", one.kind) for at, one in enumerate(columns))
                names = f"({', '.join(one.name for one in renamed)})"
                columns = renamed
            written.append(f"{quoted(name)}{names} {hint} ({body})")
            self.ctes = {**self.ctes, name: columns}
        try:
            last = self.query(depth - 1, {}, ())
        finally:
            self.ctes = before
        return f"WITH {', '.join(written)} {last}"

    def _set_operation(self, depth: int) -> str:
        word = self.rng.choice(
            (
                *("UNION ALL", "UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL"),
                *("INTERSECT ALL", "UNION BY NAME", "UNION ALL BY NAME"),
            )
        )
        one = self.query(depth - 1, {}, ())
        columns = self.describe(one)
        if word != "UNION ALL":
            self.mergeable(columns)
        other = self._alike(columns, depth - 1)
        if "BY NAME" in word:
            other = self.query(depth - 1, {}, ())
            self.mergeable(self.describe(other))
        combined = f"({one}) {word} ({other})"
        if self.rng.random() < 0.15:
            combined += f" UNION ALL ({self._alike(columns, 0)})"
        return combined

    def _alike(self, columns: tuple[Column, ...], depth: int) -> str:
        """A block with columns of the same kinds."""
        source, scope = self.joins.source(depth, ())
        items = [
            f"{self.blocks.expressions.of(one.kind, scope, 1)} AS {quoted(one.name)}"
            for one in columns
            if one.kind != "other"
        ]
        if len(items) < len(columns):
            raise Refused("a column of a kind that cannot be made")
        where = self.blocks.where(scope, depth)
        return f"SELECT {', '.join(items)} FROM {source}{where}"

    def _top(self, depth: int) -> str:
        """ORDER BY with LIMIT, its ties broken by all columns."""
        inner = self.query(depth - 1, {}, ())
        item = Item("z", self.describe(inner))
        first = self.rng.choice(item.columns)
        keys = [f"z.{quoted(first.name)} DESC NULLS FIRST", *Scope((item,)).everything]
        limit = pick(self.rng, (3, "LIMIT 3"), (1, "LIMIT 2 OFFSET 1"), (1, "OFFSET 2"))
        return f"SELECT z.* FROM ({inner}) z ORDER BY {', '.join(keys)} {limit}"

    def relation(self) -> tuple[str, str, tuple[Column, ...]]:
        """A table, view or CTE: its name in SQL, the name it has, its columns."""
        known = dict(self.world.relations)
        for name, columns in self.ctes.items():
            for hidden in [other for other in known if other.lower() == name.lower()]:
                del known[hidden]
            known[name] = columns
        favoured = list(self.ctes) * 2
        name = self.rng.choice([*known, *favoured])
        text = quoted(name)
        if name in self.world.relations and self.rng.random() < 0.08:
            return f"main.{text}", name, self.world.relations[name]
        if self.rng.random() < 0.05:
            text = text.upper() if not text.startswith('"') else text
        return text, name, known[name]

    def describe(self, query: str) -> tuple[Column, ...]:
        """The columns of a query under the CTEs around it."""
        if not self.ctes:
            return self.world.columns(query)
        stubs = ", ".join(
            f"{quoted(name)} AS (SELECT {', '.join(map(_stub, columns))})"
            for name, columns in self.ctes.items()
        )
        return self.world.columns(f"(WITH {stubs} SELECT * FROM ({query}))")

    def mergeable(self, columns: tuple[Column, ...]) -> None:
        """Refuse to merge equal rows where equal values may answer differently."""
        if self.ambiguous and any(one.kind in ("float", "span", "other") for one in columns):
            raise Refused("which of several equal values remains is chance")


def _stub(column: Column) -> str:
    type_ = LITERAL_TYPES.get(column.kind, "INTEGER")
    return f"NULL::{type_} AS {quoted(column.name)}"

"""Random FROM clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exact_deltas.scope import Item, Refused, Scope, pick
from exact_deltas.values import Column, quoted

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.queries import Queries

ALIASES = ("r", "s", "o", "t", "u", "k", "R2", "x y")


class Joins:
    """Writes what stands behind FROM."""

    def __init__(self, rng: Random, queries: Queries) -> None:
        self.rng = rng
        self.queries = queries
        self.merged: dict[str, Column] = {}

    def source(self, depth: int, outer: tuple[Item, ...]) -> tuple[str, Scope]:
        """A FROM clause and what it lets one refer to."""
        outside, self.merged = self.merged, {}
        text, item = self._item(depth, ())
        items = [item]
        for _ in range(self._more(depth)):
            text, items = self._joined(text, items, depth)
        merged, self.merged = tuple(self.merged.values()), outside
        return text, Scope(tuple(items), outer, merged, self.rng.random() < 0.4)

    def _more(self, depth: int) -> int:
        return self.rng.choices((0, 1, 2, 3), (5, 4, 2, 0.5) if depth > 0 else (8, 2, 0.5, 0))[0]

    def _item(self, depth: int, taken: tuple[Item, ...]) -> tuple[str, Item]:
        names = {item.alias.lower() for item in taken}
        what = pick(self.rng, (9, "relation"), (2.5, "query"), (0.5, "values"), (0.4, "range"))
        free = [alias for alias in ALIASES if alias.lower() not in names]
        alias = self.rng.choice(free)
        if what == "query" and depth > 0:
            inner = self.queries.query(depth - 1, {}, ())
            return f"({inner}) AS {quoted(alias)}", Item(alias, self.queries.describe(inner))
        if what == "values":
            columns = (Column("k", "int"), Column("lit", "text"))
            rows = "(1, 'a'), (2, 'b'), (2, 'b'), (NULL, 'c')"
            return f"(VALUES {rows}) {quoted(alias)}(k, lit)", Item(alias, columns)
        if what == "range":
            return f"range(3) {quoted(alias)}(k)", Item(alias, (Column("k", "int"),))
        text, name, columns = self.queries.relation()
        if name.lower() not in names and self.rng.random() < 0.4:
            return text, Item(name, columns)
        if self.rng.random() < 0.06:
            columns = tuple(Column(f"n{at}", one.kind) for at, one in enumerate(columns))
            listed = f"({', '.join(one.name for one in columns)})"
            return f"{text} {quoted(alias)}{listed}", Item(alias, columns)
        return f"{text} AS {quoted(alias)}", Item(alias, columns)

    def _joined(self, left: str, items: list[Item], depth: int) -> tuple[str, list[Item]]:
        right, item = self._item(depth - 1, tuple(items))
        kind = pick(
            self.rng,
            (8, "JOIN"),
            (5, "LEFT JOIN"),
            (2, "RIGHT JOIN"),
            (2, "FULL JOIN"),
            (1.5, "SEMI JOIN"),
            (1.5, "ANTI JOIN"),
            (1, ","),
            (0.7, "CROSS JOIN"),
            (1, "NATURAL"),
            (1, "LATERAL"),
            (0.6, "UNNEST"),
        )
        both = [*items, item]
        match kind:
            case "," | "CROSS JOIN":
                return f"{left} {kind} {right}", both
            case "NATURAL":
                return self._natural(left, right, items, item)
            case "LATERAL":
                return self._lateral(left, items, item, depth)
            case "UNNEST":
                return self._unnest(left, items, item)
            case _:
                on = self._on(items, item, kind)
                return f"{left} {kind} {right} {on}", items if kind[:4] in (
                    "SEMI",
                    "ANTI",
                ) else both

    def _natural(
        self, left: str, right: str, items: list[Item], item: Item
    ) -> tuple[str, list[Item]]:
        self._mergeable(items, item)
        word = pick(
            self.rng, (3, "NATURAL JOIN"), (1, "NATURAL LEFT JOIN"), (1, "NATURAL FULL JOIN")
        )
        return f"{left} {word} {right}", [*items, item]

    def _on(self, items: list[Item], item: Item, kind: str) -> str:
        shared = self._shared(items, item)
        if shared and self.rng.random() < 0.35:
            names = self.rng.sample(shared, min(len(shared), self.rng.choice((1, 1, 2))))
            if kind == "FULL JOIN":
                self._mergeable(items, item)
            for one in item.columns:
                if one.name.lower() in names:
                    self.merged[one.name.lower()] = one
            return f"USING ({', '.join(quoted(name) for name in names)})"
        expressions = self.queries.blocks.expressions
        equal = self._equality(items, item)
        roll = self.rng.random()
        if equal and roll < 0.6:
            return f"ON {equal}"
        more = expressions.comparison(self._both(items, item), 1)
        if equal and roll < 0.85:
            return f"ON {equal} AND {more}"
        if equal and roll < 0.9 and kind in ("JOIN", "LEFT JOIN"):
            return f"ON {equal} AND {expressions.condition(self._both(items, item), 1)}"
        return f"ON {more}"

    def _both(self, items: list[Item], item: Item) -> Scope:
        return Scope((*items, item), bare=self.rng.random() < 0.3)

    def _equality(self, items: list[Item], item: Item) -> str | None:
        pairs = [
            (one.refer(left), item.refer(right))
            for one in items
            for left in one.columns
            for right in item.columns
            if left.kind == right.kind and left.kind not in ("other", "span", "bool")
        ]
        if not pairs:
            return None
        same = [pair for pair in pairs if pair[0].split(".")[-1] == pair[1].split(".")[-1]]
        left, right = self.rng.choice(same if same and self.rng.random() < 0.7 else pairs)
        word = pick(self.rng, (8, "="), (1, "IS NOT DISTINCT FROM"))
        sides = (left, right) if self.rng.random() < 0.5 else (right, left)
        return f"{sides[0]} {word} {sides[1]}"

    def _shared(self, items: list[Item], item: Item) -> list[str]:
        """Columns that USING can join: exactly one item on the left has them."""
        mine = {one.name.lower(): one.kind for one in item.columns}
        there = [(one.name.lower(), one.kind) for each in items for one in each.columns]
        return [
            name
            for name, kind in there
            if mine.get(name) == kind and [other for other, _ in there].count(name) == 1
        ]

    def _mergeable(self, items: list[Item], item: Item) -> None:
        for one in items:
            self.queries.mergeable(one.columns)
        self.queries.mergeable(item.columns)

    def _lateral(
        self, left: str, items: list[Item], item: Item, depth: int
    ) -> tuple[str, list[Item]]:
        inner = self.queries.blocks.block(min(depth - 1, 1), tuple(items))
        word, on = self.rng.choice(((",", ""), ("JOIN", " ON TRUE"), ("LEFT JOIN", " ON TRUE")))
        alias = quoted(item.alias)
        if item.alias.lower() in {one.alias.lower() for one in items}:
            raise Refused("an alias twice")
        whole = f"SELECT {alias}.* FROM {left} {word} LATERAL ({inner}) {alias}{on}"
        columns = self.queries.describe(whole)
        return f"{left} {word} LATERAL ({inner}) {alias}{on}", [*items, Item(item.alias, columns)]

    def _unnest(self, left: str, items: list[Item], item: Item) -> tuple[str, list[Item]]:
        lists = Scope(tuple(items)).columns("list")
        if not lists:
            raise Refused("no list to unnest")
        text = f"{left}, unnest({self.rng.choice(lists)}) {quoted(item.alias)}(el)"
        return text, [*items, Item(item.alias, (Column("el", "int"),))]

"""Random blocks: SELECTs with WHERE, with DISTINCT or UNNEST or those of other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exact_deltas.expressions import Expressions
from exact_deltas.groups import Groups
from exact_deltas.scope import Item, Refused, Scope, pick
from exact_deltas.subqueries import BlockSubqueries
from exact_deltas.values import quoted
from exact_deltas.windows import Windows

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.queries import Queries

OUTPUTS = ("x", "y", "k", "a", "Z z", "n1", "g", "val", "w1", "w2")


class Blocks:
    """Writes SELECTs."""

    def __init__(self, rng: Random, queries: Queries) -> None:
        self.rng = rng
        self.queries = queries
        self.groups, self.windows = Groups(rng, self), Windows(rng, self)
        self.expressions = Expressions(
            rng,
            BlockSubqueries(rng, self),
            ambiguous=queries.ambiguous,
            moments=queries.moments,
        )

    def block(self, depth: int, outer: tuple[Item, ...]) -> str:
        """A SELECT."""
        what = pick(
            self.rng,
            (6, "plain"),
            (5, "group"),
            (1.2, "distinct"),
            (0.8, "distinct on"),
            (2, "window"),
            (0.5, "unnest"),
        )
        source, scope = self.queries.joins.source(depth, outer)
        match what:
            case "group":
                return self.groups.block(source, scope, depth)
            case "distinct":
                return self._plain(source, scope, depth, distinct=True)
            case "distinct on":
                return self._distinct_on(source, scope, depth)
            case "window":
                return self.windows.block(source, scope, depth)
            case "unnest":
                return self._unnested(source, scope, depth)
            case _:
                return self._plain(source, scope, depth)

    def where(self, scope: Scope, depth: int) -> str:
        """A WHERE clause, or none."""
        conditions = [
            self.expressions.condition(scope, 2 if depth > 0 else 1)
            for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2)))
        ]
        if self.queries.moments and self.rng.random() < 0.12:
            moments = scope.columns("zoned")
            if moments:
                conditions.append(self._moving(self.rng.choice(moments)))
        if scope.outer and self.rng.random() < 0.8:
            conditions.append(self._correlation(scope))
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _moving(self, moment: str) -> str:
        return self.rng.choice(
            [
                f"{moment} >= refresh_time() - INTERVAL 2 DAYS",
                f"{moment} < refresh_time()",
                f"{moment} BETWEEN refresh_time() - INTERVAL 1 DAY AND refresh_time()",
                f"({moment} > refresh_time() OR {moment} IS NULL)",
                f"date_trunc('day', {moment}) = date_trunc('day', refresh_time())",
            ]
        )

    def _correlation(self, scope: Scope) -> str:
        inner = {one.kind for item in scope.items for one in item.columns}
        outer = {one.kind for item in scope.outer for one in item.columns}
        kinds = sorted((inner & outer) - {"other", "span"})
        if not kinds:
            return "TRUE"
        kind = self.rng.choice(kinds)
        here, there = (self.rng.choice(f(kind)) for f in (scope.columns, scope.outer_columns))
        word = pick(self.rng, (6, "="), (1, "IS NOT DISTINCT FROM"), (1, "<"), (1, "<>"))
        return f"{here} {word} {there}" if self.rng.random() < 0.5 else f"{there} {word} {here}"

    def names(self, count: int) -> list[str]:
        """Some names for output columns."""
        return self.rng.sample(OUTPUTS, count)

    def aliased(self, expressions: list[str]) -> str:
        """A select list with such names."""
        names = self.names(len(expressions))
        return ", ".join(f"{e} AS {quoted(n)}" for e, n in zip(expressions, names, strict=True))

    def _plain(self, source: str, scope: Scope, depth: int, *, distinct: bool = False) -> str:
        where = self.where(scope, depth)
        if self.rng.random() < 0.4:
            if distinct:
                for item in scope.items:
                    self.queries.mergeable(item.columns)
            items = self._star(scope)
        else:
            count = self.rng.randint(1, 4)
            written = [
                self.expressions.any_kind(scope, self.rng.randint(0, 2)) for _ in range(count)
            ]
            if distinct and self.queries.ambiguous:
                raise Refused("which of several equal values remains is chance")
            items = self.aliased(written)
        word = "SELECT DISTINCT" if distinct else "SELECT"
        if items == "*" and self.rng.random() < 0.2 and not distinct:
            return f"FROM {source}{where}"
        return f"{word} {items} FROM {source}{where}"

    def _star(self, scope: Scope) -> str:
        item = self.rng.choice(scope.items)
        first, alias = self.rng.choice(item.columns), quoted(item.alias)
        single = len(scope.items) == 1
        stars = ["*"] * 3 if single else [f"{alias}.*"] * 2 + ["*"]
        if single and len(item.columns) > 1:
            name = quoted(first.name)
            stars += [f"* EXCLUDE ({name})", f"{alias}.* EXCLUDE {name}"]
            if first.kind != "other":
                value = self.expressions.of(first.kind, scope, 1)
                stars += [f"* REPLACE ({value} AS {name})", f"* RENAME ({name} AS renamed)"]
            stars += ["COLUMNS(c -> c <> 'k')", "COLUMNS('^[a-z]')"]
        star = self.rng.choice(stars)
        if self.rng.random() < 0.25:
            star += f", {self.expressions.any_kind(scope, 1)} AS extra"
        return star

    def _distinct_on(self, source: str, scope: Scope, depth: int) -> str:
        if self.queries.ambiguous:
            raise Refused("which of several equal values remains is chance")
        key = self.rng.choice(self.groups.columns(scope) or ["1"])
        names = [one.name.lower() for item in scope.items for one in item.columns]
        if len(names) > len(set(names)):
            items = self.aliased(self.rng.sample(scope.columns(), min(3, len(names))))
        else:
            items = "*"
        direction = self.rng.choice(("", " DESC", " NULLS FIRST"))
        order = ", ".join([key, f"{scope.everything[-1]}{direction}", *scope.everything])
        where = self.where(scope, depth)
        return f"SELECT DISTINCT ON ({key}) {items} FROM {source}{where} ORDER BY {order}"

    def _unnested(self, source: str, scope: Scope, depth: int) -> str:
        lists = scope.columns("list")
        if not lists:
            raise Refused("no list to unnest")
        shown = self.rng.choice(scope.columns())
        where = self.where(scope, depth)
        return (
            f"SELECT {shown} AS shown, unnest({self.rng.choice(lists)}) AS el FROM {source}{where}"
        )

"""Random blocks: SELECT with WHERE, GROUP BY, DISTINCT, windows, and subqueries in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exact_deltas.expressions import Expressions
from exact_deltas.scope import Item, Refused, Scope, pick
from exact_deltas.values import quoted

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.queries import Queries

GROUPED = ("int", "text", "date", "bool", "decimal", "moment", "zoned", "list", "struct", "float")
OUTPUTS = ("x", "y", "k", "a", "Z z", "n1", "g", "val", "w1", "w2")


class Blocks:
    """Writes SELECTs, and the subqueries of their expressions."""

    def __init__(self, rng: Random, queries: Queries) -> None:
        self.rng = rng
        self.queries = queries
        self.expressions = Expressions(
            rng, self, ambiguous=queries.ambiguous, moments=queries.moments
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
                return self._grouped(source, scope, depth)
            case "distinct":
                return self._plain(source, scope, depth, distinct=True)
            case "distinct on":
                return self._distinct_on(source, scope, depth)
            case "window":
                return self._windowed(source, scope, depth)
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

    def _names(self, count: int) -> list[str]:
        return self.rng.sample(OUTPUTS, count)

    def _aliased(self, expressions: list[str]) -> str:
        names = self._names(len(expressions))
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
            items = self._aliased(written)
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

    def _groupable(self, scope: Scope) -> list[str]:
        kinds = [k for k in GROUPED if not (self.queries.ambiguous and k == "float")]
        return scope.columns(*kinds)

    def _grouped(self, source: str, scope: Scope, depth: int) -> str:
        where = self.where(scope, depth)
        aggregates = [self._aggregate(scope) for _ in range(self.rng.randint(1, 3))]
        columns = self._groupable(scope)
        keys = self.rng.sample(columns, min(len(columns), self.rng.choice((0, 1, 1, 1, 2))))
        if keys and self.rng.random() < 0.25:
            keys[0] = self._key_expression(scope, keys[0])
        names = self._names(len(keys) + len(aggregates))
        shown = [f"{e} AS {quoted(n)}" for e, n in zip([*keys, *aggregates], names, strict=True)]
        hidden = bool(keys) and self.rng.random() < 0.15
        select = ", ".join(shown[len(keys) :] if hidden else shown)
        having = ""
        if self.rng.random() < 0.2:
            having = f" HAVING {self._having(scope, keys)}"
        group = self._group_by(keys, names, hidden=hidden)
        return f"SELECT {select} FROM {source}{where}{group}{having}"

    def _key_expression(self, scope: Scope, key: str) -> str:
        return self.rng.choice(
            [
                f"({key} IS NULL)",
                f"({key})::VARCHAR" if not self.queries.ambiguous else key,
                f"coalesce({key}, NULL)",
                self.expressions.of("int", scope, 1),
            ]
        )

    def _group_by(self, keys: list[str], names: list[str], *, hidden: bool) -> str:
        if not keys:
            return self.rng.choice(("", "", " GROUP BY ()", " GROUP BY ALL"))
        listed = ", ".join(keys)
        forms = [f" GROUP BY {listed}"] * 4
        if not hidden:
            forms += [" GROUP BY ALL"] * 2
            forms += [f" GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}"]
            forms += [f" GROUP BY {', '.join(quoted(name) for name in names[: len(keys)])}"]
        forms += [f" GROUP BY ROLLUP ({listed})", f" GROUP BY CUBE ({listed})"]
        forms += [f" GROUP BY GROUPING SETS (({listed}), ({keys[0]}))"]
        forms += [f" GROUP BY GROUPING SETS (({listed}), ())"]
        return self.rng.choice(forms)

    def _having(self, scope: Scope, keys: list[str]) -> str:
        choices = ["count(*) > 1", f"{self._aggregate(scope, kind='int')} > 1", "count(*) >= 0"]
        if keys:
            choices += [f"{keys[0]} IS NOT NULL", f"count({keys[0]}) = 1"]
        if self.rng.random() < 0.2:
            text, _, _ = self.queries.relation()
            choices = [f"count(*) > (SELECT count(*) FROM {text}) - 3"]
        return self.rng.choice(choices)

    def _aggregate(self, scope: Scope, kind: str = "") -> str:
        """An aggregate that does not depend on the order of rows."""
        number = self.expressions.of("int", scope, 1)
        merging = [k for k in GROUPED if not (self.queries.ambiguous and k == "float")]
        present = scope.columns(*merging) or ["1"]
        one = self.rng.choice(present)
        choices = [
            "count(*)",
            f"count({one})",
            f"count(DISTINCT {one})",
            f"sum({number})",
            f"sum(DISTINCT {number})",
            f"max({number})",
        ]
        if not kind:
            condition = self.expressions.comparison(scope, 0)
            decimal, float_ = (self.expressions.of(k, scope, 0) for k in ("decimal", "float"))
            choices += [
                f"min({one})",
                f"max({one})",
                f"avg({number})",
                f"sum({decimal})",
                f"median({number})",
                f"bool_or({condition})",
                f"count(*) FILTER ({condition})",
                f"sum({number}) FILTER (WHERE {condition})",
                f"list({one} ORDER BY {one})",
                f"string_agg({one}::VARCHAR, ',' ORDER BY {one}::VARCHAR DESC)",
                f"first({one} ORDER BY {one} NULLS FIRST)",
                f"coalesce(sum({number}), 0) + count(*)",
                f"quantile_disc({number}, 0.5)",
                f"bit_xor({number}::INTEGER)",
                f"histogram({one})",
                f"arg_max({one}, {one})",
                f"max({one}, 2)",
            ]
            if not self.queries.ambiguous:
                choices += [f"sum({float_})", f"avg({float_})", f"max({float_})"]
        return self.rng.choice(choices)

    def _distinct_on(self, source: str, scope: Scope, depth: int) -> str:
        if self.queries.ambiguous:
            raise Refused("which of several equal values remains is chance")
        key = self.rng.choice(self._groupable(scope) or ["1"])
        names = [one.name.lower() for item in scope.items for one in item.columns]
        if len(names) > len(set(names)):
            items = self._aliased(self.rng.sample(scope.columns(), min(3, len(names))))
        else:
            items = "*"
        direction = self.rng.choice(("", " DESC", " NULLS FIRST"))
        order = ", ".join([key, f"{scope.everything[-1]}{direction}", *scope.everything])
        where = self.where(scope, depth)
        return f"SELECT DISTINCT ON ({key}) {items} FROM {source}{where} ORDER BY {order}"

    def _windowed(self, source: str, scope: Scope, depth: int) -> str:
        columns = self._groupable(scope)
        key = self.rng.choice(columns) if columns and self.rng.random() < 0.85 else None
        calls = [self._window(scope, key) for _ in range(self.rng.randint(1, 2))]
        named = ""
        if self.rng.random() < 0.2:
            partition = f"PARTITION BY {key} " if key else ""
            named = f" WINDOW win AS ({partition}ORDER BY {', '.join(scope.everything)})"
            calls[0] = self.rng.choice(("row_number() OVER win", "lag(1, 1, 0) OVER win"))
        shown = self.rng.sample(scope.columns(), min(2, len(scope.columns())))
        qualify = ""
        if self.rng.random() < 0.3:
            qualify = f" QUALIFY {self._window(scope, key, number=True)} <= 2"
        where = self.where(scope, depth)
        return f"SELECT {self._aliased([*shown, *calls])} FROM {source}{where}{named}{qualify}"

    def _window(self, scope: Scope, key: str | None, *, number: bool = False) -> str:
        parts = [f"PARTITION BY {key}"] if key else []
        if key and self.rng.random() < 0.25:
            parts = [f"PARTITION BY {key}, {self.rng.choice(scope.columns())}"]
        if self.queries.ambiguous and parts and "," in parts[0]:
            parts = [f"PARTITION BY {key}"]
        total = f"ORDER BY {', '.join(scope.everything)}"
        whole, ordered = " ".join(parts), " ".join([*parts, total])
        one = self.expressions.of("int", scope, 0)
        ranked = " ".join([*parts, f"ORDER BY {one}"])
        numbers = [
            f"row_number() OVER ({ordered})",
            f"rank() OVER ({ranked})",
            f"count(*) OVER ({whole})",
        ]
        if number:
            return self.rng.choice(numbers)
        return self.rng.choice(
            [
                *numbers,
                f"sum({one}) OVER ({whole})",
                f"sum({one}) OVER ({ordered} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
                f"sum({one}) OVER ({ranked})",
                f"lag({one}) OVER ({ordered})",
                f"first_value({one}) OVER ({ordered})",
                f"max({one}) OVER ({ranked} RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
                f"count(DISTINCT {one}) OVER ({whole})",
                f"ntile(2) OVER ({ordered})",
                f"count(*) FILTER ({one} > 1) OVER ({whole})",
            ]
        )

    def _unnested(self, source: str, scope: Scope, depth: int) -> str:
        lists = scope.columns("list")
        if not lists:
            raise Refused("no list to unnest")
        shown = self.rng.choice(scope.columns())
        where = self.where(scope, depth)
        return (
            f"SELECT {shown} AS shown, unnest({self.rng.choice(lists)}) AS el FROM {source}{where}"
        )

    # Subqueries of expressions

    def condition(self, scope: Scope, depth: int) -> str:
        """A condition with a subquery."""
        outer = (*scope.items, *scope.outer)
        correlated = self.rng.random() < 0.6
        source, inner = self.queries.joins.source(min(depth, 1), outer if correlated else ())
        where = self.where(inner, 0)
        what = pick(self.rng, (3, "EXISTS"), (2, "NOT EXISTS"), (3, "IN"), (3, "NOT IN"))
        what = pick(self.rng, (8, what), (1, "ANY"), (1, "ALL"), (1, "COUNT"), (1, "PAIR"))
        if what.endswith("EXISTS"):
            tail = self.rng.choice(("", "", f" GROUP BY ALL HAVING count(*) > {len(outer)}"))
            return f"{what} (SELECT {'count(*)' if tail else '1'} FROM {source}{where}{tail})"
        if what == "COUNT":
            return f"(SELECT count(*) FROM {source}{where}) > 1"
        kinds = {one.kind for item in inner.items for one in item.columns}
        mine = {one.kind for item in scope.items for one in item.columns}
        common = sorted((kinds & mine) - {"other", "span"})
        if not common:
            return f"EXISTS (SELECT 1 FROM {source}{where})"
        kind = self.rng.choice(common)
        left = self.expressions.of(kind, scope, self.rng.choice((0, 0, 1)))
        right = self.rng.choice(inner.columns(kind))
        if what == "PAIR":
            return f"({left}, 1) IN (SELECT {right}, 1 FROM {source}{where})"
        if what in ("ANY", "ALL"):
            return f"{left} {self.rng.choice(('>', '=', '<>', '<='))} {what} (SELECT {right} FROM {source}{where})"
        grouped = self.rng.choice(
            ("", "", "", f" GROUP BY {right}", f" GROUP BY {right} HAVING count(*) > 1")
        )
        return f"{left} {what} (SELECT {right} FROM {source}{where}{grouped})"

    def scalar(self, kind: str, scope: Scope, depth: int) -> str:
        """A subquery of one value."""
        outer = (*scope.items, *scope.outer)
        source, inner = self.queries.joins.source(min(depth, 1), outer)
        where = self.where(inner, 0)
        columns = inner.columns(kind)
        if kind == "int" and (not columns or self.rng.random() < 0.4):
            return f"(SELECT count(*) FROM {source}{where})"
        if not columns or (self.queries.ambiguous and kind in ("float", "span")):
            return self.expressions.literal(kind)
        one = self.rng.choice(columns)
        if self.rng.random() < 0.08:
            return f"(SELECT {one} FROM {source}{where})"
        if self.rng.random() < 0.2:
            keys = ", ".join([one, *inner.everything])
            return f"(SELECT {one} FROM {source}{where} ORDER BY {keys} LIMIT 1)"
        return f"(SELECT {self.rng.choice(('min', 'max'))}({one}) FROM {source}{where})"

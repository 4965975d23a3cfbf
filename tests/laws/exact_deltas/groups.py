"""Random GROUP BY, aggregates and HAVING."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exact_deltas.scope import Refused
from exact_deltas.values import quoted

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.blocks import Blocks
    from exact_deltas.scope import Scope

GROUPED = ("int", "text", "date", "bool", "decimal", "moment", "zoned", "list", "struct", "float")


class Groups:
    """Writes SELECTs that put rows together."""

    def __init__(self, rng: Random, blocks: Blocks) -> None:
        self.rng = rng
        self.blocks = blocks

    def columns(self, scope: Scope) -> list[str]:
        """Columns by which rows may be put together."""
        kinds = [k for k in GROUPED if not (self.blocks.queries.ambiguous and k == "float")]
        return scope.columns(*kinds)

    def block(self, source: str, scope: Scope, depth: int) -> str:
        """A SELECT with aggregates."""
        where = self.blocks.where(scope, depth)
        aggregates = [self._aggregate(scope) for _ in range(self.rng.randint(1, 3))]
        columns = self.columns(scope)
        keys = self.rng.sample(columns, min(len(columns), self.rng.choice((0, 1, 1, 1, 2))))
        if keys and self.rng.random() < 0.25:
            keys[0] = self._key_expression(scope, keys[0])
        names = self.blocks.names(len(keys) + len(aggregates))
        shown = [f"{e} AS {quoted(n)}" for e, n in zip([*keys, *aggregates], names, strict=True)]
        hidden = bool(keys) and self.rng.random() < 0.15
        select = ", ".join(shown[len(keys) :] if hidden else shown)
        having = ""
        if self.rng.random() < 0.2:
            having = f" HAVING {self._having(scope, keys)}"
        group = self._group_by(keys, names, hidden=hidden)
        in_sets = any(word in group for word in ("SETS", "ROLLUP", "CUBE"))
        above = self._above(keys, names) if keys and (in_sets or self.rng.random() < 0.15) else ""
        qualify = ""
        if in_sets and self.rng.random() < 0.15:
            qualify = f" QUALIFY count(*) OVER (PARTITION BY grouping({keys[0]})) > 1"
        word = "SELECT DISTINCT" if above and self.rng.random() < 0.1 else "SELECT"
        if word != "SELECT" and self.blocks.queries.ambiguous:
            raise Refused("which of several equal values remains is chance")
        return f"{word} {select}{above} FROM {source}{where}{group}{having}{qualify}"

    def _above(self, keys: list[str], names: list[str]) -> str:
        """What is made of groups: GROUPING(), their keys and numbers, and windows over them."""
        key = self.rng.choice(keys)
        order = ", ".join(f"{each} NULLS LAST" for each in keys)
        grouping = f"grouping({', '.join(keys)})"
        total = f"{grouping}, {order}, count(*)"
        choices = [
            f"grouping({key})",
            f"{grouping} + 1",
            f"coalesce({key}, NULL)",
            f"CASE WHEN {key} IS NULL THEN count(*) ELSE {grouping} END",
            f"sum(count(*)) OVER (PARTITION BY grouping({key}))",
            f"rank() OVER (PARTITION BY {grouping} ORDER BY count(*))",
            f"count(*) OVER (PARTITION BY {key})",
            f"max(count(*)) OVER (PARTITION BY count(*) ORDER BY {total})",
            "sum(count(*)) OVER ()",
        ]
        if not names[0].isidentifier() or self.rng.random() < 0.7:
            return f", {self.rng.choice(choices)} AS above"
        return f", {self.rng.choice(choices)} AS above, above AS again"

    def _key_expression(self, scope: Scope, key: str) -> str:
        return self.rng.choice(
            [
                f"({key} IS NULL)",
                f"({key})::VARCHAR" if not self.blocks.queries.ambiguous else key,
                f"coalesce({key}, NULL)",
                self.blocks.expressions.of("int", scope, 1),
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
        forms += [f" GROUP BY GROUPING SETS (({keys[0]}), ({keys[-1]}), ({keys[0]}))"]
        forms += [f" GROUP BY {keys[0]}, ROLLUP ({keys[-1]})"]
        return self.rng.choice(forms)

    def _having(self, scope: Scope, keys: list[str]) -> str:
        choices = ["count(*) > 1", f"{self._aggregate(scope, kind='int')} > 1", "count(*) >= 0"]
        if keys:
            choices += [f"{keys[0]} IS NOT NULL", f"count({keys[0]}) = 1"]
        if self.rng.random() < 0.2:
            text, _, _ = self.blocks.queries.relation()
            choices = [f"count(*) > (SELECT count(*) FROM {text}) - 3"]
        return self.rng.choice(choices)

    def _aggregate(self, scope: Scope, kind: str = "") -> str:
        """An aggregate that does not depend on the order of rows."""
        number = self.blocks.expressions.of("int", scope, 1)
        merging = [k for k in GROUPED if not (self.blocks.queries.ambiguous and k == "float")]
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
            condition = self.blocks.expressions.comparison(scope, 0)
            decimal, float_ = (
                self.blocks.expressions.of(k, scope, 0) for k in ("decimal", "float")
            )
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
            if not self.blocks.queries.ambiguous:
                choices += [f"sum({float_})", f"avg({float_})", f"max({float_})"]
        return self.rng.choice(choices)

"""Random subqueries of expressions, correlated or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exact_deltas.scope import pick

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.blocks import Blocks
    from exact_deltas.scope import Scope


class BlockSubqueries:
    """Writes queries in expressions."""

    def __init__(self, rng: Random, blocks: Blocks) -> None:
        self.rng = rng
        self.blocks = blocks

    def condition(self, scope: Scope, depth: int) -> str:
        """A condition with a subquery."""
        outer = (*scope.items, *scope.outer)
        correlated = self.rng.random() < 0.6
        source, inner = self.blocks.queries.joins.source(min(depth, 1), outer if correlated else ())
        where = self.blocks.where(inner, 0)
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
        left = self.blocks.expressions.of(kind, scope, self.rng.choice((0, 0, 1)))
        right = self.rng.choice(inner.columns(kind))
        if what == "PAIR":
            return f"({left}, 1) IN (SELECT {right}, 1 FROM {source}{where})"
        if what in ("ANY", "ALL"):
            # What DuckDB says of [1] <> ANY (...) depends on the rows around it.
            signs = ("=",) if kind in ("list", "struct") else (">", "=", "<>", "<=")
            sign = self.rng.choice(signs)
            return f"{left} {sign} {what} (SELECT {right} FROM {source}{where})"
        grouped = self.rng.choice(
            ("", "", "", f" GROUP BY {right}", f" GROUP BY {right} HAVING count(*) > 1")
        )
        return f"{left} {what} (SELECT {right} FROM {source}{where}{grouped})"

    def scalar(self, kind: str, scope: Scope, depth: int) -> str:
        """A subquery of one value."""
        outer = (*scope.items, *scope.outer)
        source, inner = self.blocks.queries.joins.source(min(depth, 1), outer)
        where = self.blocks.where(inner, 0)
        columns = inner.columns(kind)
        if kind == "int" and (not columns or self.rng.random() < 0.4):
            return f"(SELECT count(*) FROM {source}{where})"
        if not columns or (self.blocks.queries.ambiguous and kind in ("float", "span")):
            return self.blocks.expressions.literal(kind)
        one = self.rng.choice(columns)
        if self.rng.random() < 0.08:
            return f"(SELECT {one} FROM {source}{where})"
        if self.rng.random() < 0.2:
            keys = ", ".join([one, *inner.everything])
            return f"(SELECT {one} FROM {source}{where} ORDER BY {keys} LIMIT 1)"
        return f"(SELECT {self.rng.choice(('min', 'max'))}({one}) FROM {source}{where})"

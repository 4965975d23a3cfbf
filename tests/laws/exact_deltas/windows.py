"""Random windows and QUALIFY."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.blocks import Blocks
    from exact_deltas.scope import Scope


class Windows:
    """Writes SELECTs that look at other rows."""

    def __init__(self, rng: Random, blocks: Blocks) -> None:
        self.rng = rng
        self.blocks = blocks

    def block(self, source: str, scope: Scope, depth: int) -> str:
        """A SELECT with windows."""
        columns = self.blocks.groups.columns(scope)
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
        where = self.blocks.where(scope, depth)
        return (
            f"SELECT {self.blocks.aliased([*shown, *calls])} FROM {source}{where}{named}{qualify}"
        )

    def _window(self, scope: Scope, key: str | None, *, number: bool = False) -> str:
        parts = [f"PARTITION BY {key}"] if key else []
        if key and self.rng.random() < 0.25:
            parts = [f"PARTITION BY {key}, {self.rng.choice(scope.columns())}"]
        if self.blocks.queries.ambiguous and parts and "," in parts[0]:
            parts = [f"PARTITION BY {key}"]
        total = f"ORDER BY {', '.join(scope.everything)}"
        whole, ordered = " ".join(parts), " ".join([*parts, total])
        one = self.blocks.expressions.of("int", scope, 0)
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

"""Random expressions over the columns of a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exact_deltas.values import LITERAL_TYPES, literal

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.scope import Scope

COMPARED = ("int", "float", "decimal", "text", "date", "moment", "zoned", "bool", "list", "struct")


class Subqueries(Protocol):
    """Writes the subqueries of expressions."""

    def condition(self, scope: Scope, depth: int) -> str:
        """A condition with a subquery."""

    def scalar(self, kind: str, scope: Scope, depth: int) -> str:
        """A subquery of one value."""


class Expressions:
    """Writes expressions of a kind.

    Args:
        rng: the source of chance.
        subqueries: writes subqueries.
        ambiguous: whether -0.0 and 30 days may occur; else nothing is written that makes them.
        moments: whether refresh_time() may occur.
    """

    def __init__(
        self, rng: Random, subqueries: Subqueries, *, ambiguous: bool, moments: bool
    ) -> None:
        self.moments = moments
        self.rng = rng
        self.subqueries = subqueries
        self.ambiguous = ambiguous

    def any_kind(self, scope: Scope, depth: int) -> str:
        """An expression of a kind that the scope has, or an integer."""
        kinds = {column.kind for item in scope.items for column in item.columns}
        kinds -= {"other"}
        return self.of(self.rng.choice(sorted(kinds) or ["int"]), scope, depth)

    def of(self, kind: str, scope: Scope, depth: int) -> str:
        """An expression of a kind."""
        columns = scope.columns(kind)
        roll = self.rng.random()
        if columns and (depth <= 0 or roll < 0.5):
            return self.rng.choice(columns)
        outer = scope.outer_columns(kind)
        if outer and roll < 0.6:
            return self.rng.choice(outer)
        if depth <= 0:
            return self.literal(kind)
        if roll > 0.93:
            return self.subqueries.scalar(kind, scope, depth - 1)
        written = getattr(self, f"_{kind}", None)
        if written is None or roll > 0.85:
            return self._chosen(kind, scope, depth - 1)
        return str(written(scope, depth - 1))

    def literal(self, kind: str) -> str:
        """A constant."""
        if kind == "zoned" and self.moments and self.rng.random() < 0.3:
            return "refresh_time()"
        return literal(self.rng, LITERAL_TYPES[kind], ambiguous=self.ambiguous, nulls=0.04)

    def condition(self, scope: Scope, depth: int) -> str:
        """A condition, now and then with a subquery."""
        roll = self.rng.random()
        if depth > 0 and roll < 0.3:
            return self.subqueries.condition(scope, depth - 1)
        if depth > 0 and roll < 0.42:
            word = self.rng.choice(("AND", "OR"))
            return f"({self.condition(scope, depth - 1)} {word} {self.condition(scope, depth - 1)})"
        if depth > 0 and roll < 0.48:
            return f"(NOT {self.condition(scope, depth - 1)})"
        return self.comparison(scope, depth - 1)

    def comparison(self, scope: Scope, depth: int) -> str:
        """A condition without subqueries of its own."""
        present = {column.kind for item in scope.items for column in item.columns}
        kind = self.rng.choice(sorted(present & set(COMPARED)) or ["int"])
        left, right = self.of(kind, scope, depth), self.of(kind, scope, depth)
        constant = self.literal(kind)
        weaker = [f"{left} <> {constant}", f"{left} IS DISTINCT FROM {constant}"]
        choices = [
            *weaker,
            *weaker,
            *weaker,
            f"{left} <= {constant}",
            f"{left} = {right}",
            f"{left} = {constant}",
            f"{left} <> {right}",
            f"{left} >= {constant}",
            f"({left} <> {constant} OR {left} IS NULL)",
            f"hash({left}) % 4 <> 0",
            f"hash({left}) % 3 > 0",
            f"{left} < {right}",
            f"{left} IS NULL",
            f"{left} IS NOT NULL",
            f"{left} IS DISTINCT FROM {right}",
            f"{left} IS NOT DISTINCT FROM {constant}",
            f"{left} IN ({constant}, {self.literal(kind)})",
            f"{left} NOT IN ({constant}, {self.literal(kind)})",
            f"{left} BETWEEN {constant} AND {right}",
        ]
        if kind == "text":
            choices += [f"{left} LIKE '%a%'", f"{left} ILIKE {right}", f"{left} NOT LIKE 'a_'"]
        if kind == "list":
            choices += [f"list_contains({left}, 1)", f"len({left}) > 1", f"1 = ANY({left})"]
        if kind == "bool":
            choices += [left, f"NOT {left}"]
        return f"({self.rng.choice(choices)})"

    def _chosen(self, kind: str, scope: Scope, depth: int) -> str:
        one, other = self.of(kind, scope, depth), self.of(kind, scope, depth)
        when = self.condition(scope, depth)
        return self.rng.choice(
            [
                f"CASE WHEN {when} THEN {one} ELSE {other} END",
                f"CASE WHEN {when} THEN {one} END",
                f"coalesce({one}, {other})",
                f"coalesce({one}, {self.literal(kind)})",
            ]
        )

    def _int(self, scope: Scope, depth: int) -> str:
        one, other = self.of("int", scope, depth), self.of("int", scope, depth)
        choices = [
            f"({one} + {other})",
            f"({one} - 1)",
            f"({one} * 2)",
            f"({one} % 3)",
            f"({one} * {other})",
            f"abs({one})",
            f"length({self.of('text', scope, depth)})",
            f"len({self.of('list', scope, depth)})",
            f"list_sum(list_transform({self.of('list', scope, depth)}, lambda x: x + 1))",
            f"({self.of('struct', scope, depth)}).k",
            f"year({self.of('date', scope, depth)})",
            f"({self.condition(scope, depth)})::INTEGER",
            f"try_cast({self.of('text', scope, depth)} AS INTEGER)",
            f"date_diff('day', {self.of('date', scope, depth)}, DATE '2024-03-05')",
        ]
        if self.rng.random() < 0.05:
            choices = [f"{self.of('text', scope, depth)}::INTEGER"]
        return self.rng.choice(choices)

    def _float(self, scope: Scope, depth: int) -> str:
        one = self.of("float", scope, depth)
        choices = [f"({one} + 1)", f"abs({one})", f"({one} / 2)", f"greatest({one}, 1.0::DOUBLE)"]
        if self.ambiguous:
            choices += [f"(-{one})", f"(1 / {one})", f"({one} * -1)"]
        return self.rng.choice(choices)

    def _decimal(self, scope: Scope, depth: int) -> str:
        one, other = self.of("decimal", scope, depth), self.of("decimal", scope, depth)
        return self.rng.choice([f"({one} + {other})", f"round({one}, 1)", f"(-{one})"])

    def _text(self, scope: Scope, depth: int) -> str:
        one, other = self.of("text", scope, depth), self.of("text", scope, depth)
        number = self.of("int", scope, depth)
        choices = [f"({one} || {other})", f"upper({one})", f"substr({one}, 1, 1)"]
        choices += [f"concat({one}, '-', {number})", f"({number})::VARCHAR"]
        choices += [f"({self.of('struct', scope, depth)}).g", f"md5({one})"]
        if self.ambiguous:
            choices += [f"({self.of('float', scope, depth)})::VARCHAR"]
        return self.rng.choice(choices)

    def _bool(self, scope: Scope, depth: int) -> str:
        return self.condition(scope, depth)

    def _date(self, scope: Scope, depth: int) -> str:
        one = self.of("date", scope, depth)
        span = self.of("span", scope, depth)
        return self.rng.choice(
            [f"({one} + 1)", f"({one} + {span})::DATE", f"({self.of('moment', scope, 0)})::DATE"]
        )

    def _moment(self, scope: Scope, depth: int) -> str:
        one, span = self.of("moment", scope, depth), self.of("span", scope, depth)
        return self.rng.choice([f"date_trunc('day', {one})", f"({one} + {span})"])

    def _list(self, scope: Scope, depth: int) -> str:
        one = self.of("list", scope, depth)
        return self.rng.choice(
            [
                f"list_sort({one})",
                f"list_filter({one}, lambda x: x > 1)",
                f"list_transform({one}, lambda x: x + {self.of('int', scope, 0)})",
                f"[{self.of('int', scope, depth)}]",
                f"[y + 1 FOR y IN {one} IF y > 0]",
            ]
        )

    def _struct(self, scope: Scope, depth: int) -> str:
        number, text = self.of("int", scope, depth), self.of("text", scope, depth)
        return f"{{'k': ({number})::INTEGER, 'g': {text}}}"

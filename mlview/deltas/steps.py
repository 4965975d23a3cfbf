"""The change of what FROM and WHERE give, as terms: one changed input after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.deltas import joins
from mlview.deltas.blocks import Block
from mlview.deltas.blurs import refuse_blurred_rows
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import PLACE, Moment, Side, items_of, names_in
from mlview.deltas.known import has_collation
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.plans import Keys, Term
from mlview.deltas.restrictions import among, key_column, keyed_rows
from mlview.deltas.scopes import Scope, Whose, references
from mlview.deltas.subqueries import correlation, subqueries
from mlview.deltas.trees import (
    aliased,
    conjunction,
    is_true,
    rewrite,
    select,
    star,
    with_where,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlview.deltas.trees import Tree


@dataclass(frozen=True, slots=True)
class Step:
    """The part of a change that one changed input, or one changed condition, makes.

    Attributes:
        names: the inputs whose side it changes.
        pieces: signed queries, with the sides that differ from those of the other steps.
        operator: what it is for the user.
        needs: tables of keys that its pieces read.
    """

    names: tuple[str, ...]
    pieces: tuple[tuple[int, Tree, Mapping[str, Side]], ...]
    operator: Operator
    needs: tuple[str, ...] = ()


@dataclass(slots=True)
class Telescope:
    """All steps of one block: inputs before a step's own are new in it, those behind it old."""

    block: Block
    keys: list[Keys] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, block: Block) -> Telescope:
        """The steps of a block.

        Raises:
            NotFollowed: only a full difference is sure to be right.
        """
        telescope = cls(block)
        telescope._joined()
        telescope._filtered()
        return telescope

    def rows(self) -> tuple[Term, ...]:
        """The terms of the block's own rows."""
        return tuple(
            Term(sign, query, sides, step.needs)
            for step, base in self._with_sides()
            for sign, query, own in step.pieces
            for sides in [{**base, **own}]
        )

    def touched(self, expressions: Sequence[Tree]) -> tuple[Term, ...]:
        """Terms whose rows, whatever their sign, have every value of these that changes."""
        picked = [aliased(e, key_column(i)) for i, e in enumerate(expressions)]
        terms = []
        for step, base in self._with_sides():
            for sign, query, own in step.pieces:
                sides = {**base, **own}
                if Side.MINUS in own.values():
                    continue
                plus = {n: Side.BOTH for n, side in own.items() if side is Side.PLUS}
                body = select(picked, query["from_table"], query["where_clause"])
                terms.append(Term(sign, body, {**sides, **plus}, step.needs))
        return tuple(terms)

    def _with_sides(self) -> Iterator[tuple[Step, dict[str, Side]]]:
        for place, step in enumerate(self.steps):
            base: dict[str, Side] = {}
            for other, each in enumerate(self.steps):
                side = Side.NEW if other < place else Side.OLD
                base.update((name, side) for name in each.names)
            yield step, base

    def _joined(self) -> None:
        block, from_table = self.block, self.block.query["from_table"]
        if block.live_in(joins.conditions_of(from_table)):
            raise NotFollowed("a subquery or refresh_time() in ON")
        for item in block.items:
            live = block.live_in(item)
            if item.get("stands_for") is None and live:
                raise NotFollowed("a subquery that reads columns of the FROM items before it")
            for name in live:
                self._item(name, item)

    def _item(self, name: str, item: Tree) -> None:
        query = self.block.query
        from_table = query["from_table"]
        path = joins.path_to(from_table, name) or []
        alias = "" if item["alias"].startswith(PLACE) else item["alias"]
        title = self.block.facts.title(name) or alias or "(query)"
        match joins.position(from_table, name):
            case joins.Linear():
                pieces = ((1, query, {name: Side.PLUS}), (-1, query, {name: Side.MINUS}))
                what = f"{joins.words(path[-1][0])} {title}" if path else f"FROM {title}"
                strategy = Strategy.TELESCOPED if path else Strategy.LINEAR
                self.steps.append(Step((name,), pieces, Operator(what, strategy)))
            case joins.Matched() as found:
                self._matched(name, found, f"{joins.words(found.join)} {title}")
            case joins.Unplaced(reason):
                raise NotFollowed(reason)

    def _matched(self, name: str, found: joins.Matched, what: str) -> None:
        if has_collation(found.join):
            raise NotFollowed(f"COLLATE in a {joins.words(found.join)}")
        if found.join["join_type"] in ("OUTER", "FULL"):
            query, needs = self._full_outer(name, found.join, what), self.keys[-1].name
            self._difference((name,), query, Operator(what, Strategy.TOUCHED_KEYS), (needs,))
            return
        self._refuse_capture(found.join, found.join[found.side])
        condition = joins.touched_by_match(found, name)
        if condition is None:
            raise NotFollowed(f"a {joins.words(found.join)} of several items")
        query = with_where(self.block.query, condition)
        self._difference((name,), query, Operator(what, Strategy.TOUCHED_KEYS))

    def _refuse_capture(self, join: Tree, nullable: Tree) -> None:
        """An outer `t.k` must not become the field k of a column t of the nullable side.

        Raises:
            NotFollowed: it would, or might.
        """
        if join["condition"] is None:
            return
        own = joins.shown_names(nullable)
        outer = {fold(names[0]) for names in references(join["condition"]) if len(names) > 1} - own
        columns: set[str] = set()
        for item in items_of(nullable) if outer else ():
            found = self.block.facts.columns(select([star()], item))
            if found is None:
                raise NotFollowed(f"a {joins.words(join)} of an item that cannot stand alone")
            columns.update(fold(name) for name, _ in found)
        if outer & columns:
            raise NotFollowed("a column that is called as a relation is")

    def _difference(
        self, names: tuple[str, ...], query: Tree, operator: Operator, needs: tuple[str, ...] = ()
    ) -> None:
        """The rows that a query has with its inputs new, less those with its inputs old."""
        pieces = (
            (1, query, dict.fromkeys(names, Side.NEW)),
            (-1, query, dict.fromkeys(names, Side.OLD)),
        )
        self.steps.append(Step(names, pieces, operator, needs))

    def _full_outer(self, name: str, join: Tree, what: str) -> Tree:
        left, right = join["left"], join["right"]
        if not (joins.is_alone(left) and joins.is_alone(right)) or join["ref_type"] == "NATURAL":
            raise NotFollowed(f"{what} of several items")
        pairs = joins.equal_sides(join, self._sides_of(left, right))
        if not pairs or not self._alike(pairs, left, right):
            raise NotFollowed(f"{what} without an equality of columns")
        place = 0 if left["stands_for"] == name else 1
        changed = {**join[("left", "right")[place]], "side": Side.BOTH}
        picked = [aliased(pair[place], key_column(i)) for i, pair in enumerate(pairs)]
        table = self.block.facts.name_keys()
        self.keys.append(Keys(table, len(pairs), (Term(1, select(picked, changed), {}),)))
        conditions = {
            item["stands_for"]: keyed_rows(table, [pair[i] for pair in pairs])
            for i, item in enumerate((left, right))
        }
        from_table = joins.restricted(self.block.query["from_table"], conditions)
        return {**self.block.query, "from_table": from_table}

    def _sides_of(self, left: Tree, right: Tree) -> Callable[[Tree], str | None]:
        facts = self.block.facts
        scopes = {
            side: Scope.of(
                [item["alias"]],
                (name for name, _ in facts.columns(select([star()], item)) or ()),
            )
            for side, item in (("left", left), ("right", right))
        }

        def sided(expression: Tree) -> str | None:
            whose = {side: scope.whose(expression) for side, scope in scopes.items()}
            match whose["left"], whose["right"]:
                case Whose.INNER, Whose.OUTER:
                    return "left"
                case Whose.OUTER, Whose.INNER:
                    return "right"
                case _:
                    return None

        return sided

    def _alike(self, pairs: list[tuple[Tree, Tree]], left: Tree, right: Tree) -> bool:
        """Whether both sides of each equality have one type, so that equal is transitive."""
        facts = self.block.facts
        found = [
            facts.columns(select([pair[i] for pair in pairs], item))
            for i, item in enumerate((left, right))
        ]
        kinds = [[kind for _, kind in columns or ()] for columns in found]
        return kinds[0] == kinds[1] and len(kinds[0]) == len(pairs)

    def _filtered(self) -> None:
        for place, condition in enumerate(self.block.conditions):
            live = self.block.live_in(condition)
            if live:
                self._condition(place, condition, tuple(live))

    def _condition(self, place: int, condition: Tree, live: tuple[str, ...]) -> None:
        what = f"WHERE {self.block.words(condition)}"
        members = self._members(condition, live)
        if members is not None:
            query = with_where(self.block.query, members)
            self._difference(live, query, Operator(what, Strategy.TOUCHED_KEYS))
            return
        if self._correlated(what, condition, live):
            return
        moments = all(isinstance(self._input(name), Moment) for name in live)
        operator = Operator(
            what,
            Strategy.WINDOW_MOVED if moments else Strategy.FULL_DIFFERENCE,
            "" if moments else "its answer for any row may have changed",
        )
        self.steps.append(Step(live, self._moved(place, condition, live), operator))

    def selected(self) -> None:
        """Add the steps of subqueries in the select list.

        Raises:
            NotFollowed: as `of`.
        """
        for item in self.block.query["select_list"]:
            live = tuple(self.block.live_in(item))
            if not live:
                continue
            what = f"SELECT {self.block.words(item)}"
            if not self._correlated(what, item, live):
                raise NotFollowed("a subquery or refresh_time() in the select list")

    def _correlated(self, what: str, expression: Tree, live: tuple[str, ...]) -> bool:
        """Add a step for subqueries whose answer changes for some keys; False for any others."""
        block, found, tables, followed = self.block, [], [], 0
        for subquery in subqueries(expression):
            inside = block.live_in(subquery)
            if not inside:
                continue
            followed += len(inside)
            membership = self._members(subquery, tuple(inside), of_any_answer=True)
            if membership is not None:
                found.append(membership)
                continue
            related = correlation(block, subquery, inside)
            if related is None or block.live_in(subquery["child"]):
                return False
            try:
                inner = Telescope.of(Block.of(related.body, block.facts, block.seen))
            except NotFollowed:
                return False
            table = block.facts.name_keys()
            keys = Keys(table, len(related.inner), inner.touched(related.inner))
            tables.extend([*inner.keys, keys])
            found.append(keyed_rows(table, related.outer, "COMPARE_EQUAL"))
        restriction = conjunction(found, "CONJUNCTION_OR")
        if restriction is None or followed < len(live):
            return False
        self.keys.extend(tables)
        needs = (tables[-1].name,) if len(found) == 1 and tables else ()
        operator = Operator(what, Strategy.TOUCHED_KEYS)
        self._difference(live, with_where(block.query, restriction), operator, needs)
        return True

    def _input(self, name: str) -> object:
        return self.block.facts.input(name)

    def _members(
        self, condition: Tree, live: tuple[str, ...], *, of_any_answer: bool = False
    ) -> Tree | None:
        """For `x IN (query)`: whether x is among the rows by which the query changed.

        No other rows become true or cease to be. Where TRUE, FALSE and NULL all count
        (`of_any_answer`), this holds only if the query is empty at both ends or at neither, and
        has NULL at both or at neither.

        Raises:
            NotFollowed: the query's values are sums of floats.
        """
        is_any = condition.get("class") == "SUBQUERY" and condition["subquery_type"] == "ANY"
        if not is_any or len(live) != 1 or has_collation(condition):
            return None
        name = live[0]
        inner = list(items_of(condition["subquery"]["node"].get("from_table") or {"type": ""}))
        if self.block.whole(name) is None or name in set(names_in(condition["child"])):
            return None
        refuse_blurred_rows([name], self.block.facts)
        if of_any_answer and not self._answers_alike(condition, name):
            return None
        return among(condition, name) if len(inner) == 1 else None

    def _answers_alike(self, condition: Tree, name: str) -> bool:
        plain = condition["comparison_type"] == "COMPARE_EQUAL"
        return plain and self.block.facts.nulls_alike(name)

    def _moved(
        self, place: int, condition: Tree, live: tuple[str, ...]
    ) -> tuple[tuple[int, Tree, Mapping[str, Side]], ...]:
        """Rows for which a condition is true at one end and not at the other."""
        new, old = (_fixed(condition, live, side) for side in (Side.NEW, Side.OLD))
        pieces: list[tuple[int, Tree, Mapping[str, Side]]] = []
        for sign, holds, held in ((1, new, old), (-1, old, new)):
            conditions = list(self.block.conditions)
            conditions[place : place + 1] = [holds, is_true(held, then=False)]
            query = {**self.block.query, "where_clause": conjunction(conditions)}
            pieces.append((sign, query, {}))
        return tuple(pieces)


def _fixed(condition: Tree, names: tuple[str, ...], side: Side) -> Tree:
    def change(node: Tree) -> Tree | None:
        if node.get("stands_for") in names and node.get("side") is None:
            return {**node, "side": side}
        return None

    fixed: Tree = rewrite(condition, change)
    return fixed

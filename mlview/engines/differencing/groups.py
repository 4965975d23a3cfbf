"""A query's groups and what is kept of them: from rows, and from what was added to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.deltas.adding import SUMS, Adding, answer_name, input_name, key_name
from mlview.deltas.blocks import Block
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, Side
from mlview.deltas.restrictions import key_column, narrowed
from mlview.deltas.trees import aliased, column, meaning, rewrite, select, table
from mlview.engines.differencing.sums import (
    DOUBT,
    OLD,
    ROWS,
    SIGN,
    answer_of,
    extremes_of,
    named_answers,
    native,
    parts_of,
)
from mlview.engines.exactness import is_float
from mlview.records import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.deltas import Operator
    from mlview.deltas.trees import Tree
    from mlview.engines.differencing.sums import Part
    from mlview.engines.differencing.work import Work

_GROUPS = "__mlview_groups"


def shown_name(place: int) -> str:
    """What an output column is called while rows are compared."""
    return f"__mlview_c{place}"


@dataclass(frozen=True, slots=True)
class Groups:
    """A grouped query over its groups.

    Attributes:
        adding: the query, taken apart.
        work: where it is.
        kinds: the types of its keys.
        inputs: the types of what is aggregated.
        parts: what is kept of each group besides.
        answers: the types of its aggregates.
        columns: the query's own columns.
    """

    adding: Adding
    work: Work
    kinds: tuple[str, ...]
    inputs: tuple[str, ...]
    parts: tuple[Part, ...]
    answers: tuple[str, ...]
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, query: Tree, work: Work, columns: tuple[Column, ...]) -> Groups:
        """The groups of a query.

        Raises:
            NotFollowed: they cannot be kept as sums.
        """
        adding = Adding.of(query, work)
        found = work.columns(adding.rows)
        if found is None:
            raise NotFollowed("a query that cannot stand alone")
        kinds = [kind for _, kind in found]
        keys, inputs = kinds[: len(adding.keys)], kinds[len(adding.keys) :]
        parts = tuple(parts_of(adding.aggregates, keys, inputs))
        asked = ["1 AS one"]
        asked += [f"NULL::{kind} AS {input_name(place)}" for place, kind in enumerate(inputs)]
        natives = ", ".join(native(each, inputs) for each in adding.aggregates) or "1"
        answers = work.binding.trees.describe(f"SELECT {natives} FROM (SELECT {', '.join(asked)})")
        if answers is None:
            raise NotFollowed("aggregates that cannot stand alone")
        kept = tuple(answer.type for answer in answers[: len(adding.aggregates)])
        pairs = enumerate(zip(adding.aggregates, kept, strict=True))
        rounded = [n for n, (each, kind) in pairs if each.function in SUMS and is_float(kind)]
        adding.refuse_steps(frozenset(rounded))
        return cls(adding, work, tuple(keys), tuple(inputs), parts, kept, columns)

    def operators(self) -> tuple[Operator, ...]:
        """How the change of each part of the query is had."""
        changed = self.adding.changed()
        found = list(changed.operators)
        for name in changed.inner:
            inner = self.work.binding.inputs[name]
            if isinstance(inner, Query):
                found.extend(self.work.operators_of(inner))
        return tuple(found)

    @property
    def keys(self) -> list[str]:
        """What the keys are called."""
        return [key_name(place) for place in range(len(self.kinds))]

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns in which the state of each group is kept."""
        keys = (Column(name, kind) for name, kind in zip(self.keys, self.kinds, strict=True))
        return (*keys, *(part.column for part in self.parts))

    @property
    def counts(self) -> list[str]:
        """The parts that count rows: no more than there are, and no fewer than none."""
        counted = [part.column for part in self.parts if part.of_signed]
        return [column.name for column in counted if column.type == "BIGINT"]

    @property
    def shown_keys(self) -> list[int] | None:
        """The output column that each key is; None unless every key is one."""
        shown = [meaning(output) for output in self.adding.outputs]
        wanted = [meaning(column(name)) for name in self.keys]
        return [shown.index(key) for key in wanted] if set(wanted) <= set(shown) else None

    def of_rows(self, rows: str) -> str:
        """A query: the state of each group and its answers, from the SQL of all its rows."""
        aggregates = [f"{part.of_rows} AS {part.column.name}" for part in self.parts]
        natives = named_answers([native(each, self.inputs) for each in self.adding.aggregates])
        return _grouped(self.keys, [*aggregates, *natives], f"({rows}\n)")

    def all_rows(self) -> str:
        """The rows that are grouped, at the new end."""
        return self.work.binding.sql(self.adding.rows, {}, Side.NEW)

    def narrowed(self, name: str) -> tuple[Tree, str]:
        """The rows of some groups, and a query of the keys that they are looked up by.

        Args:
            name: what stands for the table of such keys in the first.

        Returns:
            The rows as a tree; the keys as a select list over the keys of groups.
        """
        adding = self.adding
        block = Block(adding.rows, adding.block.facts, adding.block.seen, adding.block.lifted)
        restricted, held = narrowed(block, name, adding.keys)
        places = {meaning(key): place for place, key in enumerate(adding.keys)}

        def change(node: Tree) -> Tree | None:
            place = places.get(meaning(node)) if "class" in node else None
            return None if place is None else column(key_name(place))

        nothing = {"type": "EMPTY", "alias": "", "sample": None}
        digests = [
            aliased(rewrite(each, change), key_column(place)) for place, each in enumerate(held)
        ]
        picked = self.work.binding.trees.sql(select(digests, nothing))
        return restricted, picked.removeprefix("SELECT ")

    def of_signed(self, pieces: Sequence[tuple[int, str]]) -> str:
        """A query: what signed rows add to each group."""
        rows = " UNION ALL ".join(
            f"SELECT *, {sign} AS {SIGN} FROM ({sql}\n)" for sign, sql in pieces
        )
        signed = [f"{sql} AS {name}" for part in self.parts for name, sql in part.of_signed]
        extremes = [input_name(place) for place in extremes_of(self.adding.aggregates)]
        if not extremes:
            return _grouped(self.keys, signed, f"({rows})")
        net = _grouped([*self.keys, *extremes], [*signed, f"sum({SIGN}) AS {SIGN}"], f"({rows})")
        again = [f"{sql} AS {name}" for part in self.parts for name, sql in part.again]
        return _grouped(self.keys, again, f"({net})")

    def together(self, added: str, state: str) -> str:
        """A query: the groups that something was added to, old and new state beside each other."""
        new = [f"{part.together} AS {part.column.name}" for part in self.parts]
        old = [f"o.{part.column.name} AS {OLD}{part.column.name}" for part in self.parts]
        news = {part.column.name for part in self.parts}
        added_ones = [name for part in self.parts for name, _ in part.again]
        passed = [f"d.{name} AS {name}" for name in added_ones if name not in news]
        keys = [f"d.{key} AS {key}" for key in self.keys]
        alike = self.same_keys("d", "o")
        moved = " OR ".join(f"({part.moved})" for part in self.parts)
        doubt = " OR ".join(f"({part.doubt})" for part in self.parts)
        joined = ", ".join([*keys, *old, *passed, *new])
        return (
            f"SELECT *, {ROWS} > 0 AND ({doubt}) AS {DOUBT} FROM (SELECT {joined} "
            f"FROM {added} AS d LEFT JOIN (FROM {state}) AS o ON {alike} WHERE {moved})"
        )

    def same_keys(self, one: str, other: str) -> str:
        """Whether rows of two relations are of one group."""
        alike = [f"{one}.{key} IS NOT DISTINCT FROM {other}.{key}" for key in self.keys]
        return " AND ".join(alike) or "true"

    def answered(self, states: str, prefix: str = "") -> str:
        """A query: the keys and answers of groups by their state, whose columns have a prefix."""
        parts = [f"{prefix}{part.column.name} AS {part.column.name}" for part in self.parts]
        given = ", ".join([*self.keys, *parts])
        pairs = zip(self.adding.aggregates, self.answers, strict=True)
        answers = named_answers([answer_of(each, kind) for each, kind in pairs])
        picked = ", ".join([*self.keys, *answers]) or "1 AS one"
        return f"SELECT {picked} FROM (SELECT {given} FROM {states})"

    def native_answers(self, groups: str) -> str:
        """The same of groups that were computed from their rows."""
        names = [answer_name(place) for place in range(len(self.answers))]
        return f"SELECT {', '.join([*self.keys, *names]) or '1 AS one'} FROM {groups}"

    def shown(self, answered: str) -> str:
        """A query: the rows that groups show, by place, their keys, and TRUE."""
        outputs = [
            aliased(output, shown_name(place)) for place, output in enumerate(self.adding.outputs)
        ]
        keys = [aliased(column(key), key) for key in self.keys]
        asked = select([*outputs, *keys], table(_GROUPS), self.adding.having)
        text = self.work.binding.trees.sql(asked)
        return f"SELECT *, true AS here FROM (WITH {_GROUPS} AS ({answered}) {text})"

    def refuse_other_answers(self) -> None:
        """Refuse a query that says something else over its groups than over its rows.

        Raises:
            NotFollowed: it does not bind there, or has other columns.
        """
        kinds = [*self.kinds, *self.answers]
        names = [*self.keys, *(answer_name(place) for place in range(len(self.answers)))]
        given = [f"NULL::{kind} AS {name}" for name, kind in zip(names, kinds, strict=True)]
        shown = self.shown(f"SELECT {', '.join(given) or '1 AS one'}")
        found = self.work.binding.trees.describe(shown) or ()
        if [c.type for c in found[: len(self.columns)]] != [c.type for c in self.columns]:
            raise NotFollowed("other columns over its groups than over its rows")

    def rows(self, answered: str) -> str:
        """A query: the rows of the query, by its own names and types."""
        picked = ", ".join(
            f"CAST({shown_name(place)} AS {each.type}) AS {always_quote(each.name)}"
            for place, each in enumerate(self.columns)
        )
        return f"SELECT {picked} FROM ({self.shown(answered)})"


def _grouped(keys: Sequence[str], aggregates: Sequence[str], relation: str) -> str:
    picked = ", ".join([*keys, *aggregates])
    grouping = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {picked} FROM {relation}{grouping}"

"""The rows and the state of groups after a change, from the state before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Side
from mlview.engines.differencing.groups import Groups, shown_name
from mlview.engines.differencing.query import QueryDelta
from mlview.engines.differencing.rows import netted_signed
from mlview.engines.differencing.sums import DOUBT, OLD, ROWS
from mlview.engines.exactness import is_float, same
from mlview.engines.sources import WEIGHT
from mlview.engines.storable import is_stored_otherwise
from mlview.errors import LakeProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.engines.differencing.binding import Binding
    from mlview.engines.differencing.tables import DeltaTable, Scratch
    from mlview.records import Column

# A sum in another order is another one; a row in which no float moved further stays as it is.
_ALIKE = 1e-13


@dataclass(frozen=True, slots=True)
class AddedDelta:
    """The change of a grouped query, and of what is kept of its groups.

    Attributes:
        rows: the net signed rows of the query.
        state: a temporary table of the reader: the state's columns and, last, the weight: whole
            rows that go and whole rows that come, at most one of each per group.
        keys: the columns of that table which name a group.
        shown: the columns of the query that do; None where it does not show every key.
    """

    rows: QueryDelta
    state: str
    keys: tuple[str, ...]
    shown: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Adder:
    """One query's groups, with the state that they had."""

    binding: Binding
    scratch: Scratch
    groups: Groups
    state: str
    stored: str

    def delta(self, schema: Sequence[Column]) -> AddedDelta:
        """The change of the rows and of the state.

        Raises:
            NotFollowed, LakeProblem: adding cannot tell it.
        """
        self._refuse_another_state()
        groups, changed = self.groups, self.groups.adding.changed()
        operators = groups.operators()
        pieces = groups.work.pieces(changed.keys, changed.terms)
        if not pieces:
            rows, kept = self.scratch.empty(groups.columns), self.scratch.empty(groups.kept)
        else:
            added = self.scratch.table_of(groups.of_signed(pieces))
            together = self.scratch.table_of(groups.together(added, self.state))
            anew = self._evaluated_anew(together)
            rows = self._rows(together, anew, schema)
            kept = self._kept(together, anew)
        self.scratch.keep(rows.name)
        self.scratch.keep(kept.name)
        delta = QueryDelta(rows.name, rows.columns, WEIGHT, rows.inserted, rows.deleted, operators)
        places = groups.shown_keys
        shown = None if places is None else tuple(groups.columns[p].name for p in places)
        return AddedDelta(delta, kept.name, tuple(groups.keys), shown)

    def _refuse_another_state(self) -> None:
        found = self.binding.reader.describe(f"FROM {self.state}")
        if [(c.name, c.type) for c in found] != [(c.name, c.type) for c in self.groups.kept]:
            raise NotFollowed("a state of other columns")

    def _evaluated_anew(self, together: str) -> str | None:
        """The groups that sums cannot tell, from their rows at the new end."""
        wrong = " OR ".join(f"{name} < 0 OR {name} > {ROWS}" for name in self.groups.counts)
        doubtful, misfit = self.binding.reader.run(
            f"SELECT count(*) FILTER ({DOUBT}), count(*) FILTER ({wrong}) FROM {together}"
        )[0]
        if misfit:
            raise _misfit()
        if not doubtful:
            return None
        anew = self._anew(f"(FROM {together} WHERE {DOUBT})")
        if self.binding.reader.run(f"SELECT count(*) FROM {anew}") != [(doubtful,)]:
            raise _misfit()
        return anew

    def _anew(self, doubtful: str) -> str:
        groups = self.groups
        if not groups.keys:
            return self.scratch.table_of(groups.of_rows(groups.all_rows()))
        name = groups.work.name_keys()
        restricted, picked = groups.narrowed(name)
        keys = self.scratch.table_of(f"SELECT DISTINCT {picked} FROM {doubtful}")
        self.binding.keys[name] = keys
        rows = self.binding.sql(restricted, {}, Side.NEW)
        found = groups.of_rows(rows)
        alike = groups.same_keys("q", "doubtful")
        return self.scratch.table_of(
            f"SELECT q.* FROM ({found}) AS q SEMI JOIN {doubtful} AS doubtful ON {alike}"
        )

    def _settled(self, together: str) -> str:
        """Those groups whose new state the sums tell."""
        alive = f"AND {ROWS} > 0" if self.groups.keys else ""
        return f"(FROM {together} WHERE NOT {DOUBT} {alive})"

    def _rows(self, together: str, anew: str | None, schema: Sequence[Column]) -> DeltaTable:
        groups = self.groups
        answered = groups.answered(self._settled(together))
        if anew is not None:
            answered += f" UNION ALL {groups.native_answers(anew)}"
        places = groups.shown_keys
        if places is None:
            known = f"(FROM {together} WHERE {OLD}{ROWS} IS NOT NULL)"
            old = groups.shown(groups.answered(known, OLD))
        else:
            old = self._stored_rows(together, places, schema)
        return self.scratch.signed(
            self._differing(groups.shown(answered), old, exact=places is None), groups.columns
        )

    def _stored_rows(self, together: str, places: list[int], schema: Sequence[Column]) -> str:
        """The rows that are stored of the groups that something was added to."""
        spelled = {column.name.lower(): column.name for column in schema}
        columns = [always_quote(spelled[c.name.lower()]) for c in self.groups.columns]
        picked = [
            f"CAST(v.{name} AS {each.type}) AS {shown_name(place)}"
            if is_stored_otherwise(each.type)
            else f"v.{name} AS {shown_name(place)}"
            for place, (name, each) in enumerate(zip(columns, self.groups.columns, strict=True))
        ]
        keys = self.groups.keys
        alike = [
            f"v.{columns[place]} IS NOT DISTINCT FROM j.{key}"
            for place, key in zip(places, keys, strict=True)
        ]
        return (
            f"SELECT {', '.join([*picked, *(f'j.{key} AS {key}' for key in keys)])}, true AS here "
            f"FROM (FROM {self.stored}) AS v JOIN {together} AS j "
            f"ON {' AND '.join(alike) or 'true'}"
        )

    def _differing(self, new: str, old: str, *, exact: bool) -> str:
        """Signed rows: those of groups that show another row than before."""
        columns = self.groups.columns
        names = [shown_name(place) for place in range(len(columns))]
        alike = " AND ".join(
            same(f"new.{name}", f"old.{name}", each.type)
            if exact or not is_float(each.type)
            else _near(f"new.{name}", f"old.{name}")
            for name, each in zip(names, columns, strict=True)
        )
        on = " AND ".join(["new.here = old.here", self.groups.same_keys("new", "old")])
        both = [f"{side}.{name} AS {side}_{name}" for side in ("new", "old") for name in names]
        sides = []
        for side, weight in (("new", 1), ("old", -1)):
            picked = ", ".join(
                f"CAST({side}_{name} AS {each.type}) AS {always_quote(each.name)}"
                for name, each in zip(names, columns, strict=True)
            )
            sides.append(
                f"SELECT {picked}, {weight}::BIGINT AS {WEIGHT} FROM pairs WHERE {side}_here"
            )
        signed = (
            f"WITH pairs AS MATERIALIZED (SELECT {', '.join(both)}, "
            "new.here IS NOT NULL AS new_here, old.here IS NOT NULL AS old_here "
            f"FROM ({new}) AS new FULL JOIN ({old}) AS old ON {on} "
            "WHERE new.here IS NULL OR old.here IS NULL "
            f"OR NOT ({alike})) {' UNION ALL '.join(sides)}"
        )
        return netted_signed(signed, [(c.name, c.type) for c in columns]) if exact else signed

    def _kept(self, together: str, anew: str | None) -> DeltaTable:
        kept = self.groups.kept
        names = ", ".join(column.name for column in kept)
        before = ", ".join(
            [*self.groups.keys, *(f"{OLD}{p.column.name}" for p in self.groups.parts)]
        )
        pieces = [
            f"SELECT {before}, -1::BIGINT FROM {together} WHERE {OLD}{ROWS} IS NOT NULL",
            f"SELECT {names}, 1::BIGINT FROM {self._settled(together)}",
        ]
        if anew is not None:
            pieces.append(f"SELECT {names}, 1::BIGINT FROM {anew}")
        rows = " UNION ALL ".join(pieces)
        return self.scratch.signed(f"SELECT * FROM ({rows}) AS s({names}, {WEIGHT})", kept)


def _near(new: str, old: str) -> str:
    """Whether two floats are one, but for the order in which it was summed."""
    one, other = f"{new}::DOUBLE", f"{old}::DOUBLE"
    return (
        f"({new} IS NOT DISTINCT FROM {old} OR coalesce(isfinite({one}) AND isfinite({other}) AND "
        f"abs({one} - {other}) <= {_ALIKE} * greatest(abs({one}), abs({other})), false))"
    )


def _misfit() -> LakeProblem:
    return LakeProblem("the kept sums are not those of the old rows", hint=None)

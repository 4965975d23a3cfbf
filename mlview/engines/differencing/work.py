"""Computing the change of a query: the tables of signed rows it takes, from the bottom up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mlview.definitions import always_quote, fold
from mlview.deltas.inputs import Moment, Query, Relation, Side
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.planning import plan_query
from mlview.deltas.restrictions import key_column
from mlview.deltas.scopes import ROWID, references, seen_names
from mlview.deltas.trees import aliased, call, rewrite, select, table, walk
from mlview.deltas.whole import full_plan
from mlview.engines.differencing.functions import Functions
from mlview.engines.differencing.rows import netted, netted_signed, picked, signed
from mlview.engines.sources import WEIGHT
from mlview.errors import LakeProblem, MlviewError
from mlview.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.deltas.inputs import Input
    from mlview.deltas.plans import Columns, Keys, Plan, Term
    from mlview.deltas.trees import Tree
    from mlview.engines.differencing.binding import Binding
    from mlview.engines.differencing.tables import DeltaTable, Scratch

_WORDS = 70
# What DuckLake gives of a row besides its columns, other than its id.
_PSEUDO = frozenset(["filename", "file_index", "file_row_number", "snapshot_id"])
_RESERVED = "__mlview"
FATAL = frozenset(["INTERRUPTED", "OUT_OF_MEMORY", "DISK_FULL"])


@dataclass(slots=True)
class Work:
    """The facts that plans are made from, and the plans carried out as they are needed.

    Attributes:
        binding: what the inputs are.
        scratch: where tables are made; None: nothing is computed, everything counts as changed.
        top: the whole query.
    """

    binding: Binding
    scratch: Scratch | None
    top: Tree
    _relations: dict[tuple[Relation, frozenset[str] | None], DeltaTable] = field(
        default_factory=dict
    )
    _queries: dict[Query, DeltaTable | None] = field(default_factory=dict)
    _plans: dict[Query, Plan] = field(default_factory=dict)
    _filled: dict[str, bool] = field(default_factory=dict)
    _functions: Functions = field(init=False)

    def __post_init__(self) -> None:
        """The functions that DuckDB has."""
        self._functions = Functions.of(self.binding.reader)

    def change_of(
        self, query: Query, columns: tuple[Column, ...] | None = None
    ) -> DeltaTable | None:
        """The net signed rows of a query, None if there are none.

        Args:
            query: the query.
            columns: its columns, by position; without them they are asked for.
        """
        if query not in self._queries:
            self._queries[query] = self._changed(query, columns)
        return self._queries[query]

    def operators_of(self, query: Query, told: set[Query] | None = None) -> tuple[Operator, ...]:
        """What was done for a query, outermost first; nothing is `told` twice."""
        told = set() if told is None else told
        told.add(query)
        plan = self._plans.get(query)
        if plan is None and self.scratch is None:
            plan = plan_query(query.tree, self)
        if plan is None:
            return (Operator("SELECT", Strategy.UNCHANGED),)
        found = list(plan.operators)
        for name in plan.inner:
            inner = self.binding.inputs[name]
            known = self.scratch is None or inner in self._plans
            if isinstance(inner, Query) and known and inner not in told:
                found.extend(self.operators_of(inner, told))
        return tuple(found)

    # What follows are the facts that plans ask for.

    @property
    def aggregates(self) -> frozenset[str]:
        """Names of functions that put rows together."""
        return self._functions.aggregates

    @property
    def functions(self) -> frozenset[str]:
        """Names of all other functions."""
        return self._functions.others

    def add(self, given: Input) -> str:
        """A name for another input."""
        return self.binding.inputs.add(given)

    def input(self, name: str) -> Input:
        """The input of a name."""
        return self.binding.inputs[name]

    def name_keys(self) -> str:
        """A name for a table of keys."""
        name = f"keys{len(self.binding.keys)}"
        self.binding.keys[name] = name
        return name

    def may_change(self, name: str) -> bool:
        """Whether anything that an input reads has changed at all."""
        return self.scratch is None or self.binding.may_change(name)

    def is_live(self, name: str, used: frozenset[str] | None) -> bool:
        """Whether an input has changed in the columns that are used."""
        given = self.binding.inputs[name]
        if self.scratch is None or isinstance(given, Moment) or not self.may_change(name):
            return self.may_change(name)
        if isinstance(given, Relation):
            found: DeltaTable | None = self._relation(given, used)
        else:
            found = self.change_of(given)
        if found is None or found.empty:
            return False
        self.binding.changes[name] = found
        return True

    def exists_alike(self, name: str) -> bool:
        """Whether a query has rows at both ends, or at neither."""
        if self.scratch is None:
            return False
        given = self.binding.inputs[name]
        if not isinstance(given, Query):
            return False
        ends = [
            f"EXISTS ({self.binding.sql(given.tree, {}, side)})" for side in (Side.NEW, Side.OLD)
        ]
        new, old = self.binding.reader.run(f"SELECT {', '.join(ends)}")[0]
        return bool(new) == bool(old)

    def nulls_alike(self, name: str) -> bool:
        """Whether a query of one column, at both ends, is empty or not and has NULL or not."""
        given = self.binding.inputs[name]
        if not isinstance(given, Query) or len(self.columns(given.tree) or ()) != 1:
            return False
        if self.scratch is None:  # nothing is computed, and most queries have no NULL
            return True
        ends = [
            f"EXISTS (FROM ({sql}\n)), EXISTS (FROM ({sql}\n) q(v) WHERE v IS NULL)"
            for sql in (self.binding.sql(given.tree, {}, side) for side in (Side.NEW, Side.OLD))
        ]
        new, old = (self.binding.reader.run(f"SELECT {end}")[0] for end in ends)
        return bool(new == old)

    def columns(self, query: Tree) -> Columns | None:
        """Names and types of a query's columns; None if it cannot stand alone."""
        found = self.binding.trees.describe(self.binding.sql(query, {}))
        return None if found is None else tuple((c.name, c.type) for c in found)

    def words(self, expression: Tree) -> str:
        """An expression as SQL, shortened."""
        shown = rewrite(expression, self._shown)
        items = [{**shown, "alias": ""}]
        sql = self.binding.trees.sql(select(items, {"type": "EMPTY", "alias": "", "sample": None}))
        sql = sql.removeprefix("SELECT ")
        return sql if len(sql) <= _WORDS else f"{sql[: _WORDS - 3]}..."

    def title(self, name: str) -> str:
        """What a user calls an input."""
        given = self.binding.inputs[name]
        return given.name if isinstance(given, Relation) else ""

    def _shown(self, node: Tree) -> Tree | None:
        name = node.get("stands_for")
        if name is None:
            return None
        if isinstance(self.binding.inputs[name], Moment):
            return aliased(call("refresh_time", ()), node["alias"])
        return {**table(self.title(name) or "query"), "alias": _other(node, self.title(name))}

    def _relation(self, relation: Relation, used: frozenset[str] | None) -> DeltaTable:
        key = (relation, used)
        if key not in self._relations:
            self._relations[key] = self._netted(relation, used)
        return self._relations[key]

    def _netted(self, relation: Relation, used: frozenset[str] | None) -> DeltaTable:
        source = self.binding.source(relation)
        known = self.binding.trees.describe(f"SELECT * FROM {source.new}")
        if known is None or self.scratch is None:
            raise LakeProblem(f"the columns of '{relation.name}' cannot be told", hint=None)
        taken = frozenset(fold(column.name) for column in known)
        if any(name.startswith(_RESERVED) for name in taken) or self._pseudo() - taken:
            raise LakeProblem(
                f"a column of '{relation.name}' that is not one of its own", hint=None
            )
        names = seen_names([column.name for column in known], used)
        columns = [column for column in known if column.name in names]
        kept = self.binding.reader.is_workbench and source.kept is not None
        if kept:
            source = replace(source, signed=source.kept, signed_with_rowid=source.kept_with_rowid)
        rows, rowid = source.signed, False
        if ROWID in (used or ()) and ROWID not in taken:
            if not source.row_id or source.signed_with_rowid is None:
                raise LakeProblem(f"no row ids of the changed rows of '{relation.name}'", hint=None)
            rows, rowid = source.signed_with_rowid, True
            columns.insert(0, Column(ROWID, "BIGINT"))
        if rows is None:
            rows = (
                f"SELECT *, 1::BIGINT AS {WEIGHT} FROM {source.new} "
                f"UNION ALL SELECT *, -1::BIGINT AS {WEIGHT} FROM {source.old}"
            )
        if not columns:
            rows = f"SELECT *, true AS __mlview_row FROM ({rows}\n)"
            columns = [Column("__mlview_row", "BOOLEAN")]
        kinds = [(column.name, column.type) for column in columns]
        if kept:
            view = self.scratch.view_of(picked(rows, kinds))
            return self.scratch.net(view, columns, rowid=rowid)
        return self.scratch.signed(netted_signed(rows, kinds), columns, rowid=rowid)

    def _pseudo(self) -> set[str]:
        """Pseudo columns that any part of the query may ask for."""
        trees = [
            given.tree for given in self.binding.inputs.known.values() if isinstance(given, Query)
        ]
        mentioned = {
            fold(part)
            for tree in (self.top, *trees)
            for parts in references(tree)
            for part in parts
        }
        return mentioned & _PSEUDO

    def _changed(self, query: Query, columns: tuple[Column, ...] | None) -> DeltaTable | None:
        plan = plan_query(query.tree, self)
        if plan is None:
            return None
        if columns is None:
            columns = self._columns(query)
        try:
            found = self._carried_out(plan, columns)
        except MlviewError as problem:
            if plan.full or problem.error_code in FATAL:
                raise
            plan = full_plan(query.tree, problem.message)
            found = self._carried_out(plan, columns)
        self._plans[query] = plan
        return found

    def _columns(self, query: Query) -> tuple[Column, ...]:
        sql = self.binding.sql(query.tree, {})
        found = self.binding.trees.describe(f"SELECT * FROM ({sql}\n)")
        if found is None:
            raise LakeProblem("a query that cannot stand alone", hint=None)
        if any(node.get("is_null") is True for node in walk(query.tree)):
            self._have_types(sql, found)
        return found

    def _have_types(self, sql: str, columns: tuple[Column, ...]) -> None:
        """A column of nothing but NULL has no type, which a table cannot keep."""
        doubtful = [column for column in columns if column.type == "INTEGER"]
        if doubtful:
            asked = ", ".join(f"coalesce({always_quote(c.name)}, 'x')" for c in doubtful)
            kinds = self.binding.trees.describe(f"SELECT {asked} FROM ({sql}\n)") or ()
            if not kinds or any(column.type == "VARCHAR" for column in kinds):
                raise LakeProblem("a column of nothing but NULL in a subquery", hint=None)

    def _carried_out(self, plan: Plan, columns: tuple[Column, ...]) -> DeltaTable | None:
        pieces = self.pieces(plan.keys, plan.terms)
        if self.scratch is None or not pieces:
            return None
        kinds = [(column.name, column.type) for column in columns]
        if plan.full:
            found = self.scratch.signed(netted(pieces, kinds), columns)
        else:
            found = self.scratch.net(self.scratch.table_of(signed(pieces, kinds)), columns)
        return None if found.empty else found

    def pieces(self, keys: Iterable[Keys], terms: Iterable[Term]) -> list[tuple[int, str]]:
        """Signed queries: the terms that may have rows, once the keys they need are made."""
        if self.scratch is None:
            return []
        for each in keys:
            self._make(each)
        return [
            (term.sign, self.binding.sql(term.query, term.sides))
            for term in terms
            if self._matters(term)
        ]

    def _make(self, keys: Keys) -> None:
        if self.scratch is None:
            return
        names = ", ".join(key_column(place) for place in range(keys.width))
        pieces = [
            f"SELECT * FROM ({self.binding.sql(term.query, term.sides)}\n) AS q({names})"
            for term in keys.terms
            if self._matters(term)
        ]
        self._filled[keys.name] = bool(pieces)
        if pieces:
            made = self.scratch.table_of(f"SELECT DISTINCT * FROM ({' UNION ALL '.join(pieces)})")
            self.binding.keys[keys.name] = made
            self._filled[keys.name] = self.scratch.has_rows(made)

    def _matters(self, term: Term) -> bool:
        """Whether a term may have rows: not without keys, nor from no changed rows."""
        if not all(self._filled[name] for name in term.needs):
            return False
        for name, side in term.sides.items():
            if side is Side.PLUS and not self.binding.changes[name].inserted:
                return False
            if side is Side.MINUS and not self.binding.changes[name].deleted:
                return False
        return True


def _other(item: Tree, title: str) -> str:
    """The alias of an item where it is not the name of its relation."""
    alias = str(item["alias"])
    return "" if fold(alias) == fold(title) else alias

"""What changed in the rows of a query between two snapshots, exactly: its signed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.deltas import Operator, Strategy
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, Side
from mlview.deltas.known import shows_collation
from mlview.engines.differencing.binding import Binding
from mlview.engines.differencing.limits import refuse_what_is_not_ours
from mlview.engines.differencing.tables import Scratch
from mlview.engines.differencing.whole import whole_difference, whole_text, with_moment
from mlview.engines.differencing.work import FATAL, Work
from mlview.engines.readers import TransactionLost
from mlview.engines.sources import WEIGHT
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.engines.differencing.binding import Resolve
    from mlview.engines.differencing.tables import DeltaTable
    from mlview.engines.readers import SnapshotReader
    from mlview.records import Column

TOO_DEEP = "an expression that is nested deeper than Python can follow"


@dataclass(frozen=True, slots=True)
class QueryDelta:
    """The net signed rows of a query in a temporary table of the reader.

    Attributes:
        table: its quoted name.
        columns: the query's columns, in order.
        weight: the table's last column, BIGINT, never 0: so many copies of the row to insert, or
            to delete where it is negative.
        inserted, deleted: rows, counting copies.
        operators: what was done, outermost first.
    """

    table: str
    columns: tuple[Column, ...]
    weight: str
    inserted: int
    deleted: int
    operators: tuple[Operator, ...]

    @property
    def empty(self) -> bool:
        """Whether the query has the same rows at both ends."""
        return self.inserted == 0 and self.deleted == 0

    @property
    def full_difference(self) -> bool:
        """Whether all rows of the query were computed at both ends."""
        return bool(self.operators) and self.operators[0].strategy is Strategy.FULL_DIFFERENCE


def query_delta(
    reader: SnapshotReader,
    query: str,
    resolve: Resolve,
    *,
    old_time: datetime,
    new_time: datetime,
    row_id: str | None = None,  # noqa: ARG001 - part of the contract of all engines
    force_full: bool = False,
    threads: int | None = None,
) -> QueryDelta:
    """What to insert into the old rows of a query, and what to delete, to have its new rows.

    Args:
        reader: a reader at the new snapshot.
        query: a deterministic SELECT.
        resolve: for a catalog, schema and name as the query has them, the relation at both ends,
            or the text of the plain view of that name.
        old_time: `refresh_time()` at the old end.
        new_time: the same at the new end.
        row_id: the output column that holds the row ids of the driving relation, if one does; row
            ids that the text asks for are followed in any case.
        force_full: compare all rows of both ends, whatever the query is.
        threads: how many may work on it; 1 where the order of floating-point sums matters.

    Raises:
        BindProblem, UnknownName, SyntaxProblem: the query does not run at one of the ends.
        ReservedName: a column is called as the weight is.
        LakeProblem: `NO_DELTA`, a macro of the lake is called, which may read anything.
        LakeProblem: it fails while it runs there.
    """

    def found() -> QueryDelta:
        binding = Binding(reader, resolve, old_time, new_time)
        return _found(binding, Scratch(reader, threads), query, force_full=force_full)

    try:
        with reader.transaction(threads):
            return found()
    except TransactionLost:
        # What failed may have another way around, which needs what was made before.
        return found()


def _found(binding: Binding, scratch: Scratch, query: str, *, force_full: bool) -> QueryDelta:
    with scratch.cleaned_up():
        columns = binding.reader.describe(whole_text(binding, query, Side.NEW, times=False))
        refuse_what_is_not_ours(binding, query, columns)
        delta = None if force_full else _followed(binding, scratch, query, columns)
        if not isinstance(delta, QueryDelta):
            reason = delta or "asked for"
            operator = Operator("SELECT", Strategy.FULL_DIFFERENCE, reason)
            found = whole_difference(binding, scratch, query, columns)
            delta = _delta(found, (operator,))
        scratch.keep(delta.table)
    return delta


def _followed(
    binding: Binding, scratch: Scratch, query: str, columns: tuple[Column, ...]
) -> QueryDelta | str:
    """The change by the query's structure, or why only a full difference gives it."""
    tree = binding.trees.parse(query)
    if tree is None:
        return "a query that DuckDB cannot take apart"
    try:
        top = Query(binding.expand(tree))
        if any(shows_collation(each) for each in binding.trees_within(top)):
            return "COLLATE, by which texts that differ are equal"
        work = Work(binding, scratch, top.tree)
        found = work.change_of(top, columns)
    except NotFollowed as why:
        return str(why)
    except RecursionError:
        return TOO_DEEP
    except MlviewError as problem:
        if problem.error_code in FATAL:
            raise
        return problem.message
    return _delta(found or scratch.empty(columns), work.operators_of(top))


def _delta(found: DeltaTable, operators: tuple[Operator, ...]) -> QueryDelta:
    return QueryDelta(found.name, found.columns, WEIGHT, found.inserted, found.deleted, operators)


def query_operators(
    reader: SnapshotReader,
    query: str,
    resolve: Resolve,
    *,
    row_id: str | None = None,  # noqa: ARG001 - as in query_delta
) -> tuple[Operator, ...]:
    """How the change of each operator of a query would be had, if all it reads changed.

    No rows are read. The arguments are those of `query_delta`.
    """
    binding = Binding(reader, resolve, None, reader.refresh_time)
    tree = binding.trees.parse(query)
    reason = "a query that DuckDB cannot take apart"
    if tree is not None:
        try:
            top = Query(binding.expand(tree))
            return Work(binding, None, top.tree).operators_of(top)
        except NotFollowed as why:
            reason = str(why)
        except RecursionError:
            reason = TOO_DEEP
        except MlviewError as problem:
            if problem.error_code in FATAL:
                raise
            reason = problem.message
    return (Operator("SELECT", Strategy.FULL_DIFFERENCE, reason),)


def query_text_at(
    reader: SnapshotReader, query: str, resolve: Resolve, *, old: bool, time: datetime
) -> str:
    """The query with its sources as they were at one end, and `refresh_time()` a constant.

    Raises:
        NotAvailable: a call of refresh_time() in a query that DuckDB cannot take apart.
    """
    binding = Binding(reader, resolve, time, time)
    text = whole_text(binding, query, Side.OLD if old else Side.NEW)
    return with_moment(binding, text)


def release(reader: SnapshotReader, delta: QueryDelta) -> None:
    """Drop the table of a delta."""
    reader.run(f"DROP TABLE IF EXISTS {delta.table}")

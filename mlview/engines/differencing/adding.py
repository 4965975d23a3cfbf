"""What changed in the rows of a grouped query, from sums that are kept of its groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, Side
from mlview.deltas.known import has_collation
from mlview.engines.differencing.adder import AddedDelta, Adder
from mlview.engines.differencing.binding import Binding
from mlview.engines.differencing.groups import Groups
from mlview.engines.differencing.limits import refuse_what_is_not_ours
from mlview.engines.differencing.tables import Scratch
from mlview.engines.differencing.whole import whole_text
from mlview.engines.differencing.work import FATAL, Work
from mlview.engines.readers import TransactionLost
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mlview.deltas import Operator
    from mlview.engines.differencing.binding import Resolve
    from mlview.engines.readers import SnapshotReader
    from mlview.records import Column

_P = ParamSpec("_P")
_T = TypeVar("_T")
_FEW_GROUPS = 20_000
_HIDDEN = 4


@dataclass(frozen=True, slots=True)
class WholeSums:
    """A grouped query's rows and the state of its groups, computed in one pass.

    Attributes:
        rows: a query: the rows.
        state: a query: the state of each group.
        table: the temporary table that both read.
        operators: how its change will be had.
    """

    rows: str
    state: str
    table: str
    operators: tuple[Operator, ...]


def _or_none(told: Callable[_P, _T | None]) -> Callable[_P, _T | None]:
    """The same, and None where adding cannot tell: there is another way to the same rows."""

    @wraps(told)
    def answer(*args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        try:
            return told(*args, **kwargs)
        except (NotFollowed, RecursionError, TransactionLost):
            return None
        except MlviewError as problem:
            if problem.error_code in FATAL:
                raise
            return None

    return answer


@_or_none
def adding_operators(
    reader: SnapshotReader, query: str, resolve: Resolve
) -> tuple[Operator, ...] | None:
    """How the change of a grouped query is had by adding; None where it is not.

    The arguments are those of `query_delta`. No rows are read.
    """
    binding = Binding(reader, resolve, None, reader.refresh_time)
    return _groups(binding, None, query).operators()


@_or_none
def whole_sums(
    reader: SnapshotReader, query: str, resolve: Resolve, *, threads: int | None = None
) -> WholeSums | None:
    """The rows of a grouped query and the state of its groups; None where none can be kept.

    The table has to be dropped. A state that is much larger than the rows is not worth keeping.
    """
    binding = Binding(reader, resolve, None, reader.refresh_time)
    scratch = Scratch(reader, threads)
    with scratch.cleaned_up():
        groups = _groups(binding, None, query)
        operators = groups.operators()
        made = scratch.table_of(groups.of_rows(groups.all_rows()))
        rows = groups.rows(groups.native_answers(made))
        if not _worth_keeping(reader, made, rows):
            return None
        scratch.keep(made)
        kept = ", ".join(column.name for column in groups.kept)
        return WholeSums(rows, f"SELECT {kept} FROM {made}", made, operators)


@_or_none
def added_delta(
    reader: SnapshotReader,
    query: str,
    resolve: Resolve,
    *,
    state: str,
    stored: str,
    schema: Sequence[Column],
    old_time: datetime,
    new_time: datetime,
) -> AddedDelta | None:
    """The change of a grouped query since its state was kept; None where adding cannot tell it.

    Args:
        reader: where it is computed.
        query: a deterministic SELECT.
        resolve: as in `query_delta`; its old end is the one that the state is of.
        state: a relation: the state at the old end.
        stored: a relation: the rows at the old end, by the names of `schema`.
        schema: the columns of those.
        old_time: refresh_time() at the old end.
        new_time: the same at the new end.
    """
    binding = Binding(reader, resolve, old_time, new_time)
    scratch = Scratch(reader, None)
    with reader.transaction(), scratch.cleaned_up():
        work = Adder(binding, scratch, _groups(binding, scratch, query), state, stored)
        return work.delta(schema)


def _groups(binding: Binding, scratch: Scratch | None, query: str) -> Groups:
    columns = binding.reader.describe(whole_text(binding, query, Side.NEW, times=False))
    refuse_what_is_not_ours(binding, query, columns)
    tree = binding.trees.parse(query)
    if tree is None:
        raise NotFollowed("a query that DuckDB cannot take apart")
    top = Query(binding.expand(tree))
    if any(has_collation(each) for each in binding.trees_within(top)):
        raise NotFollowed("COLLATE, by which texts that differ are equal")
    groups = Groups.of(top.tree, Work(binding, scratch, top.tree), columns)
    if len(groups.adding.outputs) != len(columns):
        raise NotFollowed("other columns than are written")
    if scratch is None:
        groups.refuse_other_answers()
    return groups


def _worth_keeping(reader: SnapshotReader, made: str, rows: str) -> bool:
    ((groups,),) = reader.run(f"SELECT count(*) FROM {made}")
    if groups <= _FEW_GROUPS:
        return True
    ((shown,),) = reader.run(f"SELECT count(*) FROM ({rows})")
    return bool(groups <= _HIDDEN * shown)

"""The moment at which refresh_time() alone first gives a query other rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.definitions import literal
from mlview.deltas.crossings import crossings
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Side
from mlview.deltas.trees import aliased, column, rewrite, select
from mlview.engines.differencing.binding import Binding, moment_sql
from mlview.engines.differencing.limits import refuse_what_is_not_ours
from mlview.engines.differencing.query import TOO_DEEP
from mlview.engines.differencing.whole import whole_text
from mlview.engines.differencing.work import Work
from mlview.errors import LakeProblem

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.deltas.crossings import Bound, Crossing
    from mlview.deltas.trees import Tree
    from mlview.engines.differencing.binding import Resolve
    from mlview.engines.readers import SnapshotReader

_CENTURY = 100 * 366 * 86_400 * 1_000_000
_AT_ONCE = 4_096
_WRITTEN = {"COMPARE_GREATERTHANOREQUALTO": ">=", "COMPARE_GREATERTHAN": ">"}
_SHIFTED = frozenset(["TINYINT", "SMALLINT", "INTEGER", "BIGINT"])


def first_crossing(
    reader: SnapshotReader, query: str, resolve: Resolve, *, since: datetime
) -> datetime | None:
    """When refresh_time() first gives a query rows that it might not have had, to the microsecond.

    Until then the query's rows at `since`, at the old ends of what it reads, are its rows: nothing
    meets a bound of refresh_time() before. None if nothing does within a century.

    Args:
        reader: a reader at the snapshot of the new ends.
        query: a deterministic SELECT.
        resolve: as for `query_delta`.
        since: refresh_time() as the rows were read.

    Raises:
        LakeProblem: `NO_DELTA`, refresh_time() decides about rows in a way that is not followed.
        BindProblem, UnknownName, SyntaxProblem: as `query_delta`.
    """
    binding = Binding(reader, resolve, since, reader.refresh_time)
    columns = reader.describe(whole_text(binding, query, Side.NEW, times=False))
    refuse_what_is_not_ours(binding, query, columns)
    try:
        moments = [_moment(binding, crossing, since) for crossing in _crossings(binding, query)]
    except NotFollowed as why:
        raise _not_told(str(why)) from None
    except RecursionError:
        raise _not_told(TOO_DEEP) from None
    return min((moment for moment in moments if moment is not None), default=None)


def _not_told(why: str) -> LakeProblem:
    said = f"when its rows change by time alone cannot be told: {why}"
    return LakeProblem(said, code="NO_DELTA", hint=None)


def _crossings(binding: Binding, query: str) -> list[Crossing]:
    """All comparisons with refresh_time() in a query; there is one at least.

    Raises:
        NotFollowed: not all of them are seen.
    """
    tree = binding.trees.parse(query)
    if tree is None:
        raise NotFollowed("a query that DuckDB cannot take apart")
    top = binding.expand(tree)
    found = list(crossings(top, Work(binding, None, top)))
    if not found:
        raise NotFollowed("no refresh_time() is seen in it")
    return found


def _moment(binding: Binding, crossing: Crossing, since: datetime) -> datetime | None:
    """When a bound first meets a row; None if it meets none."""
    for shift in crossing.bound.shifts:
        _refuse_months(binding, shift)
    rows = binding.sql(crossing.positions, {}, Side.OLD)
    nearest = f"SELECT min(p) AS nearest FROM ({rows}\n) AS q(p)"
    (position,) = binding.reader.describe(nearest)
    if not position.type.startswith(("DATE", "TIMESTAMP")):
        raise NotFollowed(f"refresh_time() beside a {position.type}")
    ((text,),) = binding.reader.run(f"SELECT nearest::VARCHAR FROM ({nearest})")
    if text is None:
        return None
    bound = _printed(binding, _with_moment(crossing.bound))
    met = f"({bound}) {_WRITTEN[crossing.met]} {literal(text)}::{position.type}"
    return _earliest(binding.reader, met, since)


def _with_moment(bound: Bound) -> Tree:
    """The bound as a function of the column of a moment."""

    def change(node: Tree) -> Tree | None:
        return column("moment") if node.get("stands_for") == bound.name else None

    tree: Tree = rewrite(bound.tree, change)
    return tree


def _printed(binding: Binding, expression: Tree) -> str:
    """An expression as SQL."""
    item = aliased(expression, "")
    nothing = {"type": "EMPTY", "alias": "", "sample": None}
    return binding.trees.sql(select([item], nothing)).removeprefix("SELECT ")


def _earliest(reader: SnapshotReader, met: str, since: datetime) -> datetime | None:
    """The first moment after another at which a condition holds that then holds for good."""
    low, high = 0, _CENTURY  # microseconds: it does not hold at the one, and may at the other
    if _first(reader, met, since, high, high, 1) is None:
        return None
    while high - low > 1:
        step = max((high - low) // _AT_ONCE, 1)
        found = _first(reader, met, since, low + step, high, step)
        high, low = found or high, (found or high) - step
    return since + timedelta(microseconds=high)


def _first(
    reader: SnapshotReader, met: str, since: datetime, start: int, end: int, step: int
) -> int | None:
    """The first of some microseconds after a moment at which a condition holds."""
    (found,) = reader.run(
        f"SELECT min(us) FROM (SELECT us, {moment_sql(since)} + to_microseconds(us) AS moment "
        f"FROM range({start}, {end} + 1, {step}) AS r(us)) WHERE {met}"
    )[0]
    return None if found is None else int(found)


def _refuse_months(binding: Binding, shift: Tree) -> None:
    """Refuse a shift by which a later moment can come to stand before an earlier one.

    Raises:
        NotFollowed: it counts in months: March 30 and 31, less one, are both the end of February.
    """
    value = _printed(binding, shift)
    (found,) = binding.reader.describe(f"SELECT {value}")
    if found.type in _SHIFTED:
        return
    if found.type != "INTERVAL":
        raise NotFollowed(f"refresh_time() shifted by a {found.type}")
    parts = ", ".join(f"datepart('{part}', {value})" for part in ("year", "month"))
    if binding.reader.run(f"SELECT {parts}") != [(0, 0)]:
        raise NotFollowed("refresh_time() shifted by months")

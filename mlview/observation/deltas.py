"""The change of a view's own query since its live version, as exact signed rows."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import Model, Name, always_quote, fold
from mlview.engines.differencing import first_crossing, query_delta, release
from mlview.engines.differencing.adding import added_delta
from mlview.engines.values import SumsDelta
from mlview.errors import LakeProblem
from mlview.observation.identities import BUCKET, as_recorded, bucket, identity_of
from mlview.observation.sources import sources
from mlview.observation.stored import definition_of
from mlview.records import RowDelta
from mlview.sql import break_ties, inspect, ordered_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import pyarrow as pa

    from mlview.definitions import Definition
    from mlview.deltas import Operator
    from mlview.engines import SnapshotReader
    from mlview.engines.differencing import QueryDelta
    from mlview.engines.differencing.adder import AddedDelta
    from mlview.engines.differencing.binding import Resolve
    from mlview.observation.identities import Identity
    from mlview.records import Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

KEPT_SUMS = "sums"
"""Under this a version says which sums are kept of its groups."""

LAYOUT = 1
"""What those sums are: another number for other columns of the same names."""

KEPT_ROWS = 250_000
"""Signed rows up to which a delta is kept in memory for the refresh that may follow."""

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Ends:
    """Where the delta of a view begins and ends.

    Attributes:
        row: the view.
        live: the version it begins at.
        through: the lake snapshot at which that version is known to be right.
        until: the lake snapshot it ends at.
        now: what refresh_time() answers at the end.
    """

    row: ObjectRow
    live: Version
    through: int
    until: int
    now: datetime

    @property
    def definition(self) -> Definition:
        """What the view is."""
        return definition_of(self.row.create_text)

    @property
    def identity(self) -> Identity | None:
        """What tells a model's rows apart; None for a materialized view."""
        definition = self.definition
        if not isinstance(definition, Model):
            return None
        tables = {Name.from_qualified(text) for text in self.live.base_tables}
        return as_recorded(identity_of(definition, tables), self.live)

    @property
    def query(self) -> str:
        """The query whose rows count: with row ids where they tell a model's rows apart."""
        if self.identity is not None:
            return self.identity.query
        query = self.definition.query
        return break_ties(query, len(self.live.schema)) if ordered_limits(query) else query

    @property
    def row_id(self) -> str | None:
        """The column of row ids, if the query has one."""
        return self.identity.row_id if self.identity is not None else None

    @property
    def bucket(self) -> str | None:
        """SQL for a number in [0, 1) that says which rows of a model are held out, and scored."""
        definition = self.definition
        if not isinstance(definition, Model) or self.identity is None or not definition.target:
            return None
        return bucket(definition, self.identity, self.live.schema)

    @property
    def threads(self) -> int | None:
        """One where sums of floats depend on the order, as in a full refresh."""
        alone = self.live.details.get("order_matters")
        if alone is None:
            alone = inspect(self.definition.query).aggregates
        return 1 if alone else None


@dataclass(frozen=True, slots=True)
class KeptSums:
    """What changes in the sums of a view's groups, in memory; as `SumsDelta`."""

    rows: pa.Table
    keys: tuple[str, ...]
    shown: tuple[str, ...] | None

    def delta(self, before: int) -> SumsDelta:
        """The same for the store, of a view that has so many rows."""
        return SumsDelta(self.rows.to_reader(), self.keys, self.shown, before)


@dataclass(frozen=True, slots=True)
class ViewDelta:
    """The change of one view's query.

    Attributes:
        size: rows that came and went.
        operators: how each operator's part of it was had.
        rows: the signed rows, the weight in the last column; None where there are too many to keep.
        lossless: whether `rows` have types that DuckDB reads back as its own, to be stored.
        sums: what changes in the sums of the view's groups; None where none are kept.
    """

    size: RowDelta
    operators: tuple[Operator, ...]
    rows: pa.Table | None
    lossless: bool
    sums: KeptSums | None = None

    @property
    def bytes(self) -> int:
        """What it takes in memory."""
        sums = None if self.sums is None else self.sums.rows
        return sum(kept.nbytes for kept in (self.rows, sums) if kept is not None)


def sources_of(home: Home, ends: Ends, version_of: Callable[[ObjectRow], Version]) -> Resolve:
    """The relations of a view's query at both ends."""
    recorded = {upstream.object_id: upstream.version for upstream in ends.live.upstream}
    return sources(home, recorded, ends.through, ends.until, version_of)


def open_delta(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> QueryDelta:
    """The delta as a temporary table of the reader, which has to be released.

    Raises:
        LakeProblem: NO_DELTA, with the reason.
    """
    return query_delta(
        reader,
        ends.query,
        sources_of(home, ends, version_of),
        old_time=ends.live.data_timestamp,
        new_time=ends.now,
        row_id=ends.row_id,
        threads=ends.threads,
    )


def open_added(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> AddedDelta | None:
    """The delta of a view from the sums kept of its groups; None where it has none, or they fail.

    It starts at the snapshot of the live version, whose sums they are, also where the rows are
    known to be right through a later one. It has to be released.
    """
    live = ends.live
    if live.details.get(KEPT_SUMS) != LAYOUT or live.stored_snapshot is None:
        return None
    recorded = {upstream.object_id: upstream.version for upstream in live.upstream}
    return added_delta(
        reader,
        ends.query,
        sources(home, recorded, live.snapshot_id, ends.until, version_of),
        state=home.engine.kept_sums(ends.row.id, live.stored_snapshot),
        stored=home.engine.materialization(ends.row.id, live.stored_snapshot),
        schema=live.schema,
        old_time=live.data_timestamp,
        new_time=ends.now,
    )


@contextmanager
def opened(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> Iterator[tuple[QueryDelta, KeptSums | None]]:
    """The delta of a view and, where sums are kept of its groups, theirs.

    Raises:
        LakeProblem: NO_DELTA, with the reason.
    """
    delta, added = _undisturbed(home, reader, ends, version_of)
    try:
        sums = None
        if added is not None:
            kept = reader.table(f"FROM {added.state}", lossless=True)
            sums = KeptSums(kept, added.keys, added.shown)
        yield delta, sums
    finally:
        _release(reader, delta, added)


def _undisturbed(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> tuple[QueryDelta, AddedDelta | None]:
    """The delta, of tables that nobody wrote to meanwhile: else their states are not read whole."""
    tables = ends.live.base_tables.values()
    for _ in range(_ATTEMPTS):
        newest = home.engine.current_snapshot().id
        added = open_added(home, reader, ends, version_of)
        delta = open_delta(home, reader, ends, version_of) if added is None else added.rows
        try:
            if not home.engine.disturbed(tables, newest):
                return delta, added
        except BaseException:
            _release(reader, delta, added)
            raise
        _release(reader, delta, added)
    raise LakeProblem(
        "its tables are written to faster than their change can be read", code="NO_DELTA"
    )


def _release(reader: SnapshotReader, delta: QueryDelta, added: AddedDelta | None) -> None:
    release(reader, delta)
    if added is not None:
        reader.run(f"DROP TABLE IF EXISTS {added.state}")


def view_delta(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> ViewDelta:
    """The delta of a view, kept in memory if it is small.

    Raises:
        LakeProblem: NO_DELTA, with the reason.
    """
    with opened(home, reader, ends, version_of) as (delta, sums):
        size = RowDelta(delta.inserted, delta.deleted)
        lossless = not isinstance(ends.definition, Model)
        if size.rows > KEPT_ROWS:
            return ViewDelta(size, delta.operators, None, lossless)
        rows = reader.table(signed_rows(delta, ends), lossless=lossless)
        return ViewDelta(size, delta.operators, rows, lossless, sums)


def window_end(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> datetime | None:
    """When time alone first moves rows into a version's refresh_time() window, or out of it.

    Whatever was committed since does not count. None if that never happens.

    Raises:
        LakeProblem: NO_DELTA, it cannot be told.
    """
    resolve = sources_of(home, ends, version_of)
    return first_crossing(reader, ends.query, resolve, since=ends.live.data_timestamp)


def signed_rows(delta: QueryDelta, ends: Ends) -> str:
    """SQL for signed rows: the live version's columns, row ids, the bucket, and last the weight.

    A column that a base table gained since stays out, as it does in a full refresh.
    """
    spelled = {fold(column.name): column.name for column in delta.columns}
    wanted = [spelled[fold(column.name)] for column in ends.live.schema]
    if ends.row_id is not None:
        wanted.append(ends.row_id)
    picked = [always_quote(name) for name in wanted]
    if ends.bucket is not None:
        picked.append(f"{ends.bucket} AS {BUCKET}")
    return f"SELECT {', '.join(picked)}, {always_quote(delta.weight)} FROM {delta.table}"

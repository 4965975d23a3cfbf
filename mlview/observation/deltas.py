"""The change of a view's own query since its live version, as exact signed rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import Model, Name, always_quote, fold
from mlview.engines.differencing import query_delta, release
from mlview.observation.identities import BUCKET, bucket, identity_of
from mlview.observation.sources import sources
from mlview.observation.stored import definition_of
from mlview.records import RowDelta
from mlview.sql import break_ties, inspect, ordered_limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pyarrow as pa

    from mlview.definitions import Definition
    from mlview.deltas import Operator
    from mlview.engines import SnapshotReader
    from mlview.engines.differencing import QueryDelta
    from mlview.engines.differencing_binding import Resolve
    from mlview.observation.identities import Identity
    from mlview.records import Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

KEPT_ROWS = 250_000
"""Signed rows up to which a delta is kept in memory for the refresh that may follow."""


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
        return identity_of(definition, tables)

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
class ViewDelta:
    """The change of one view's query.

    Attributes:
        size: rows that came and went.
        operators: how each operator's part of it was had.
        rows: the signed rows, the weight in the last column; None where there are too many to keep.
        lossless: whether `rows` have types that DuckDB reads back as its own, to be stored.
    """

    size: RowDelta
    operators: tuple[Operator, ...]
    rows: pa.Table | None
    lossless: bool


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


def view_delta(
    home: Home, reader: SnapshotReader, ends: Ends, version_of: Callable[[ObjectRow], Version]
) -> ViewDelta:
    """The delta of a view, kept in memory if it is small.

    Raises:
        LakeProblem: NO_DELTA, with the reason.
    """
    delta = open_delta(home, reader, ends, version_of)
    try:
        size = RowDelta(delta.inserted, delta.deleted)
        kept = size.rows <= KEPT_ROWS
        lossless = not isinstance(ends.definition, Model)
        rows = reader.table(signed_rows(delta, ends), lossless=lossless) if kept else None
        return ViewDelta(size, delta.operators, rows, lossless)
    finally:
        release(reader, delta)


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

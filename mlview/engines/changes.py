"""How many rows of a base table changed between two snapshots, net and exactly."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import duckdb

from mlview.definitions import always_quote, literal
from mlview.engines.values import CommitSpan
from mlview.errors import LakeProblem, UnknownName, UsageProblem, did_you_mean
from mlview.records import TableChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlview.definitions import Name
    from mlview.engines.metadata import Metadata, TableRow
    from mlview.records import TableState

_CACHED = 4096


class Changes:
    """Net changes per table, from the change feed where it can be trusted.

    The feed is `table_insertions` as +1 and `table_deletions` as -1: `table_changes` is wrong where
    a transaction touches a row twice. It is believed if both snapshots know the same, unaltered
    table, none of the snapshots between them expired, and the row counts at both ends agree with
    it. Else the full difference of both states decides.
    """

    def __init__(
        self,
        metadata: Metadata,
        cursor: Callable[[], duckdb.DuckDBPyConnection],
        tables: Callable[[int], Mapping[Name, TableRow]],
    ) -> None:
        self._metadata = metadata
        self._cursor = cursor
        self._tables = tables
        self._cache: OrderedDict[tuple[tuple[str, str], int, int], TableChange] = OrderedDict()
        self._lock = Lock()

    def change(self, name: Name, since: int, until: int) -> TableChange:
        """What happened to a table in the snapshots after `since`, up to and with `until`."""
        if until < since:
            raise UsageProblem(
                f"expected snapshots in order, found {since} and {until}",
                hint=f"ask for the change from {until} to {since}",
            )
        key = (name.key, since, until)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        found = self._measured(name, since, until)
        # An unknown change may become known once a lock or a disk is free again: not remembered.
        if found.inserted is not None:
            self._remember(key, found)
        return found

    def _remember(self, key: tuple[tuple[str, str], int, int], found: TableChange) -> None:
        with self._lock:
            self._cache[key] = found
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)

    def _measured(self, name: Name, since: int, until: int) -> TableChange:
        spans = self._metadata.changed_tables(since, until)
        after = self._tables(until).get(name)
        before = self._known_tables(since).get(name)
        if before is None and after is None:
            raise UnknownName(
                f"no table named '{name.plain}' at snapshot {since} or {until}",
                name=name.plain,
                hint=did_you_mean(name.plain, (known.plain for known in self._tables(until))),
            )
        span = _joined(spans, before, after)
        first, last = (span.first_changed_at, span.last_changed_at) if span else (None, None)
        inserted, deleted = self._counts(before, after, since, until, touched=span is not None)
        return TableChange(name, since, until, inserted, deleted, first, last)

    def _known_tables(self, snapshot_id: int) -> Mapping[Name, TableRow]:
        try:
            return self._tables(snapshot_id)
        except LakeProblem:
            return {}

    def _counts(
        self,
        before: TableRow | None,
        after: TableRow | None,
        since: int,
        until: int,
        *,
        touched: bool,
    ) -> tuple[int | None, int | None]:
        if before is None or after is None or _altered(before, after):
            return None, None
        if not touched:
            return 0, 0
        try:
            with self._cursor() as cursor:
                return self._net(cursor, after.state, since, until)
        except duckdb.Error:
            return None, None

    def _net(
        self, cursor: duckdb.DuckDBPyConnection, table: TableState, since: int, until: int
    ) -> tuple[int, int]:
        grown = _count(cursor, table, until) - _count(cursor, table, since)
        if self._metadata.commits(since, until)[1]:
            try:
                inserted, deleted = _counted(cursor, table, feed(table, since, until))
            except duckdb.Error:
                return _counted(cursor, table, difference(table, since, until))
            if inserted - deleted == grown:
                return inserted, deleted
        return _counted(cursor, table, difference(table, since, until))


def feed(table: TableState, since: int, until: int) -> str:
    """SQL for the rows of a table in a feed, each with its sign in the column `weight_of` names."""
    schema, name = literal(table.name.schema), literal(table.name.name)
    weight = weight_of(table)
    return " UNION ALL ".join(
        f"SELECT *, {sign} AS {weight} FROM "
        f"{function}('lake', {schema}, {name}, {since + 1}, {until})"
        for function, sign in (("ducklake_table_insertions", 1), ("ducklake_table_deletions", -1))
    )


def difference(table: TableState, since: int, until: int) -> str:
    """SQL for the same rows, by reading the whole table at both snapshots."""
    weight = weight_of(table)
    return (
        f"SELECT *, 1 AS {weight} FROM {at_version(table, until)} UNION ALL "
        f"SELECT *, -1 AS {weight} FROM {at_version(table, since)}"
    )


def at_version(table: TableState, snapshot_id: int) -> str:
    """SQL for a table as it was at a snapshot."""
    schema, name = always_quote(table.name.schema), always_quote(table.name.name)
    return f"lake.{schema}.{name} AT (VERSION => {snapshot_id})"


def weight_of(table: TableState) -> str:
    """A column name that the table does not have."""
    taken = {column.name.lower() for column in table.columns}
    weight = "weight"
    while weight in taken:
        weight += "_"
    return weight


def _counted(
    cursor: duckdb.DuckDBPyConnection, table: TableState, signed_rows: str
) -> tuple[int, int]:
    """Inserted and deleted rows of the net signed multiset."""
    weight = weight_of(table)
    net = f"sum({weight})"
    row = cursor.execute(
        f"SELECT coalesce({net} FILTER ({weight} > 0), 0)::BIGINT, "
        f"coalesce(-{net} FILTER ({weight} < 0), 0)::BIGINT FROM ("
        f"SELECT * EXCLUDE ({weight}), {net} AS {weight} FROM ({signed_rows}) "
        f"GROUP BY ALL HAVING {net} <> 0)"
    ).fetchone()
    return (row[0], row[1]) if row is not None else (0, 0)


def _count(cursor: duckdb.DuckDBPyConnection, table: TableState, snapshot_id: int) -> int:
    row = cursor.execute(f"SELECT count(*) FROM {at_version(table, snapshot_id)}").fetchone()
    return int(row[0]) if row is not None else 0


def _altered(before: TableRow, after: TableRow) -> bool:
    """Whether two states are not of the same, unaltered table."""
    return before.state.table_id != after.state.table_id or before.shape != after.shape


def _joined(
    spans: Mapping[int, CommitSpan], before: TableRow | None, after: TableRow | None
) -> CommitSpan | None:
    """The commits that touched either of the tables that had this name."""
    ids = {row.state.table_id for row in (before, after) if row is not None}
    found = [spans[table_id] for table_id in ids if table_id in spans]
    if not found:
        return None
    first = min(span.first_changed_at for span in found)
    return CommitSpan(
        first,
        max(span.last_changed_at for span in found),
        max(span.last_snapshot for span in found),
    )

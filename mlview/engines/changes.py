"""How a table changed between two snapshots, net and exactly: its rows and how many."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

from mlview.engines.feeds import Feed
from mlview.engines.kept import KeptFeeds
from mlview.engines.remembered import Remembered
from mlview.engines.sources import WEIGHT, Source
from mlview.engines.translate import keyboard_interrupts
from mlview.engines.values import CommitSpan
from mlview.errors import LakeProblem, UnknownName, UsageProblem, did_you_mean
from mlview.records import TableChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlview.definitions import Name
    from mlview.engines.kept import Kept
    from mlview.engines.metadata import History, Metadata, TableRow
    from mlview.records import Column

# Commits after which the record of changes is right; a rewrite repeats rows in it.
_PLAIN = frozenset(
    {
        "created_table",
        "inserted_into_table",
        "deleted_from_table",
        "inlined_insert",
        "inlined_delete",
        "inline_flush",
        "merge_adjacent",
        "altered_table",
    }
)
_ONLY_INSERTS = frozenset({"inserted_into_table", "inlined_insert"})
_ONLY_DELETES = frozenset({"deleted_from_table", "inlined_delete"})
_UPKEEP = frozenset({"inline_flush", "merge_adjacent"})

_ATTEMPTS = 5


class Changes:
    """Changes of the tables of one lake, from its own record where that can be trusted.

    After plain commits, rows are found by file and place. Else the record is `table_insertions` as
    +1 and `table_deletions` as -1: `table_changes` is wrong where a transaction touches a row
    twice. It is believed if both snapshots know the same table and the rowids at both ends agree
    with it; where snapshots between them expired or files were rewritten, if the whole rows do.
    Else both states are compared.

    Args:
        lake: the catalog's name, `lake` or `store`.
        metadata: of this lake.
        cursor: gives a connection of the instance that deltas are computed on.
        tables: the tables at a snapshot.
        data: the directory of its files.
        ordered: whether the later snapshot has to be the later one, of the same table. If not, the
            table may have been made anew with the same columns, and snapshots may come in any
            order.
    """

    def __init__(
        self,
        lake: str,
        metadata: Metadata,
        cursor: Callable[[], duckdb.DuckDBPyConnection],
        tables: Callable[[int], Mapping[Name, TableRow]],
        data: str,
        *,
        ordered: bool,
    ) -> None:
        self._lake = lake
        self._metadata = metadata
        self._cursor = cursor
        self._tables = tables
        self._ordered = ordered
        self._kept = KeptFeeds(cursor, metadata, data)
        self._counts: Remembered[TableChange] = Remembered()
        self._adds_up: Remembered[bool] = Remembered()
        self._checksums: Remembered[int] = Remembered()

    def change(self, name: Name, since: int, until: int) -> TableChange:
        """What happened to a table in the snapshots after `since`, up to and with `until`."""
        _check_order(since, until)
        key = (name.key, since, until)
        known = self._counts.get(key)
        if known is not None:
            return known
        found = self._undisturbed(name, since, until)
        # An unknown change may become known once a lock or a disk is free again: not remembered.
        if found.inserted is not None:
            self._counts.put(key, found)
        return found

    def _undisturbed(self, name: Name, since: int, until: int) -> TableChange:
        """What was measured while nobody wrote to the table: else states are not read whole."""
        for _ in range(_ATTEMPTS):
            seen = self._metadata.seen
            found = self._measured(name, since, until)
            after = self._tables(until).get(name)
            if not (found.inserted or found.deleted or found.first_changed_at) or after is None:
                return found
            if not self._metadata.disturbed([after.state.table_id], seen):
                return found
        return replace(found, inserted=None, deleted=None)

    def source(self, name: Name, since: int, until: int, *, added_columns: bool = False) -> Source:
        """The table at both snapshots and its signed rows, as SQL for a reader.

        Args:
            name: the table.
            since: the snapshot before.
            until: the one after.
            added_columns: give the columns that `since` has where the table gained some; without
                it such a table has no delta.

        Raises:
            LakeProblem: NO_DELTA, if the table was altered, dropped or made anew; NO_SNAPSHOT, if
                one of the snapshots expired.
        """
        if self._ordered:
            _check_order(since, until)
        before, after = self._tables(since).get(name), self._tables(until).get(name)
        if before is None or after is None:
            raise self._no_table(name, since, until, found=before or after)
        columns = self._columns(before, after, added_columns=added_columns)
        earlier, later = sorted((since, until))
        feed = Feed(self._lake, after.state, columns, earlier, later)
        whole = len(columns) == len(after.state.columns)
        new, old = feed.at(until), feed.at(since)
        if not whole:
            new, old = feed.picked(new), feed.picked(old)
        history = self._metadata.history(earlier, later)
        ids = {before.state.table_id, after.state.table_id}
        row_id = whole and feed.row_id
        if len(ids) == 1 and ids.isdisjoint(history.spans):
            return Source(new, old, None, changed=False, row_id=row_id)
        if self._metadata.doubtful(after.state.table_id, earlier):
            raise _no_delta(
                f"files of table '{after.state.name.plain}' were rewritten by another client",
                after.state.name,
            )
        if feed.weight != WEIGHT:
            return Source(new, old, None, row_id=row_id)
        kept = self._kept_rows(feed) if whole and len(ids) == 1 else None
        located = kept is not None and kept.located is not None
        right = located or self._recorded(before, after, feed, history)
        if not right:
            kept = None
        # What is kept is what was checked; of anybody else's reading nobody knows.
        signed = feed.recorded if right and kept is None else feed.compared
        sign = 1 if since <= until else -1
        with_row_id = signed(row_id=True, sign=sign) if row_id else None
        source = Source(new, old, signed(sign=sign), True, row_id, with_row_id)
        if kept is None:
            return source
        with_row_id = kept.signed(row_id=True, sign=sign) if row_id else None
        return replace(source, kept=kept.signed(sign=sign), kept_with_rowid=with_row_id, keeps=kept)

    def _columns(
        self, before: TableRow, after: TableRow, *, added_columns: bool
    ) -> tuple[Column, ...]:
        """The columns that both states share, or NO_DELTA."""
        if before.state.table_id != after.state.table_id:
            if not self._ordered and _spelled(before) == _spelled(after):
                return after.state.columns
            reason = "was dropped and made anew"
        elif before.shape == after.shape:
            return after.state.columns
        elif _grown(before, after):
            if added_columns:
                return before.state.columns
            reason = "gained columns"
        else:
            reason = "had columns renamed, dropped, moved or given another type"
        raise _no_delta(f"table '{after.state.name.plain}' {reason}", after.state.name)

    def _recorded(self, before: TableRow, after: TableRow, feed: Feed, history: History) -> bool:
        """Whether the record of changes leads from one state to the other."""
        if before.state.table_id != after.state.table_id:
            return False
        key = (after.state.table_id, feed.since, feed.until)
        known = self._adds_up.get(key)
        if known is None:
            thorough = not _trusted(history, after.state.table_id)
            whole = feed.columns == after.state.columns
            try:
                kept = self._kept.of(feed) if whole else None
                recorded = feed.recorded(row_id=feed.row_id) if kept is None else kept.all
                moved = feed.checksum(f"({recorded})", thorough=thorough, signed=True)
                known = self._number(moved) == self._moved(feed, thorough=thorough)
            except duckdb.Error:
                return False
            self._adds_up.put(key, known)
        return known

    def _kept_rows(self, feed: Feed) -> Kept | None:
        try:
            return self._kept.of(feed)
        except duckdb.Error:
            return None

    def _no_table(
        self, name: Name, since: int, until: int, *, found: TableRow | None
    ) -> LakeProblem | UnknownName:
        if found is None:
            return self._unknown(name, since, until)
        return _no_delta(f"table '{name.plain}' was dropped or is new", name)

    def _unknown(self, name: Name, since: int, until: int) -> UnknownName:
        known = (table.plain for table in self._tables(until))
        return UnknownName(
            f"no table named '{name.plain}' at snapshot {since} or {until}",
            name=name.plain,
            hint=did_you_mean(name.plain, known),
        )

    def _measured(self, name: Name, since: int, until: int) -> TableChange:
        history = self._metadata.history(since, until)
        after = self._tables(until).get(name)
        before = self._known_tables(since).get(name)
        if before is None and after is None:
            raise self._unknown(name, since, until)
        span = _joined(history.spans, before, after)
        first, last = (span.first_changed_at, span.last_changed_at) if span else (None, None)
        inserted, deleted = None, None
        if before is not None and after is not None and _unaltered(before, after):
            feed = Feed(self._lake, after.state, after.state.columns, since, until)
            if span is None:
                inserted, deleted = 0, 0
            elif not self._metadata.doubtful(after.state.table_id, since):
                inserted, deleted = self._counted(feed, history)
        return TableChange(name, since, until, inserted, deleted, first, last)

    def _known_tables(self, snapshot_id: int) -> Mapping[Name, TableRow]:
        try:
            return self._tables(snapshot_id)
        except LakeProblem:
            return {}

    def _counted(self, feed: Feed, history: History) -> tuple[int, int] | tuple[None, None]:
        try:
            counts = self._from_record(feed, history)
            if counts is None:
                ((inserted, deleted),) = self._rows(feed.net_counts(feed.compared()))
                counts = inserted, deleted
        except duckdb.Error:
            return None, None
        return counts

    def _from_record(self, feed: Feed, history: History) -> tuple[int, int] | None:
        """Net counts as the record of changes has them; None if it does not add up."""
        table_id = feed.table.table_id
        trusted = _trusted(history, table_id)
        kinds = history.kinds.get(table_id, frozenset()) - _UPKEEP
        try:
            kept = self._kept.of(feed)
            if kept is None and trusted and (kinds <= _ONLY_INSERTS or kinds <= _ONLY_DELETES):
                ((grown,),) = self._rows(f"SELECT {feed.growth()}")
                return max(grown, 0), max(-grown, 0)
            rows = kept.all if kept is not None else "FROM recorded"
            if kept is not None and kept.located is not None:
                return self._net(feed, rows)
            moved = feed.checksum(f"({rows})", thorough=not trusted, signed=True)
            counted = f"SELECT *, {moved} FROM ({feed.net_counts(rows)})"
            if kept is None:
                read = feed.recorded(row_id=feed.row_id)
                counted = f"WITH recorded AS MATERIALIZED ({read}) {counted}"
            ((inserted, deleted, sum_),) = self._rows(counted)
            adds_up = sum_ == self._moved(feed, thorough=not trusted)
        except duckdb.Error:
            return None
        self._adds_up.put((table_id, feed.since, feed.until), adds_up)
        return (inserted, deleted) if adds_up else None

    def _net(self, feed: Feed, rows: str) -> tuple[int, int]:
        ((repeats,),) = self._rows(feed.repeats(rows))
        counted = feed.net_counts(rows) if repeats else feed.counts(rows)
        ((inserted, deleted),) = self._rows(counted)
        return inserted, deleted

    def _moved(self, feed: Feed, *, thorough: bool) -> int:
        """By how much the checksums of both states differ."""
        return self._checksum(feed, feed.until, thorough) - self._checksum(
            feed, feed.since, thorough
        )

    def _checksum(self, feed: Feed, at: int, thorough: bool) -> int:
        """The checksum of a state, which is read once: what ends one change begins the next."""
        expression = feed.checksum(feed.at(at), thorough=thorough)
        key = (feed.table.table_id, expression)
        known = self._checksums.get(key)
        if known is None:
            known = self._number(expression)
            self._checksums.put(key, known)
        return known

    def _number(self, expression: str) -> int:
        ((number,),) = self._rows(f"SELECT {expression}")
        return int(number)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor, keyboard_interrupts(cursor):
            return cursor.execute(sql).fetchall()


def _trusted(history: History, table_id: int) -> bool:
    return history.complete and history.kinds.get(table_id, frozenset()) <= _PLAIN


def _unaltered(before: TableRow, after: TableRow) -> bool:
    return before.state.table_id == after.state.table_id and before.shape == after.shape


def _grown(before: TableRow, after: TableRow) -> bool:
    """Whether the only difference is that columns were added behind the others."""
    known = {column.id for column in before.shape}
    more = set(after.shape) - set(before.shape)
    return (
        set(before.shape) <= set(after.shape)
        and after.state.columns[: len(before.state.columns)] == before.state.columns
        and all(column.parent not in known for column in more)
    )


def _spelled(row: TableRow) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in row.state.columns]


def _check_order(since: int, until: int) -> None:
    if until < since:
        raise UsageProblem(
            f"expected snapshots in order, found {since} and {until}",
            hint=f"ask for the change from {until} to {since}",
        )


def _no_delta(reason: str, name: Name) -> LakeProblem:
    return LakeProblem(
        f"{reason} between the two snapshots, so there is no delta",
        name=name.plain,
        code="NO_DELTA",
        hint="compute what reads it anew: REFRESH ... FULL",
    )


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

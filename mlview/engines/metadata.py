"""What DuckLake's own catalog says: snapshots, tables, views and who touched what."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlview.definitions import Name, literal
from mlview.engines.remembered import Remembered
from mlview.engines.translate import translated
from mlview.engines.types import duckdb_type
from mlview.engines.values import CommitSpan
from mlview.errors import LakeProblem
from mlview.records import Column, Snapshot, TableState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    import duckdb

# Commits of these kinds move rows between files and leave every table as it was.
_UPKEEP = frozenset({"inline_flush", "merge_adjacent", "rewrite_delete", "compacted_table"})
_CHANGE = re.compile(r"(\w+):(\d+)")
TIME_KEY = "mlview_time"

_SNAPSHOT = (
    "SELECT s.snapshot_id, s.snapshot_time, c.commit_extra_info FROM ducklake_snapshot s "
    "LEFT JOIN ducklake_snapshot_changes c USING (snapshot_id) "
)


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column, or a part of a nested one, as the catalog has it."""

    id: int
    name: str
    type: str
    parent: int | None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table at a snapshot; two states of equal shape are of one unaltered table."""

    state: TableState
    shape: tuple[ColumnRow, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What the commits of a range did.

    Attributes:
        spans: the tables touched and when. Where snapshots expired, every table that may have
            lived counts as touched, from the start on.
        kinds: by table, DuckLake's words for what was done to it, upkeep included.
        complete: whether none of these snapshots expired.
    """

    spans: Mapping[int, CommitSpan]
    kinds: Mapping[int, frozenset[str]]
    complete: bool


class Metadata:
    """Reads the SQLite catalog of one lake through DuckDB's own SQLite.

    A second copy of SQLite in one process would undo the first one's file locks, so Python's
    `sqlite3` must never open these files in this process.
    """

    def __init__(self, cursor: Callable[[], duckdb.DuckDBPyConnection], name: str) -> None:
        self._cursor = cursor
        self._name = name
        self._histories: Remembered[History] = Remembered()
        self._newest: Snapshot | None = None

    @staticmethod
    def stamp_first(connection: duckdb.DuckDBPyConnection, catalog: str, moment: datetime) -> None:
        """Give the snapshot that a lake is born with the time of a virtual clock."""
        note = literal(json.dumps({TIME_KEY: moment.isoformat()}))
        connection.execute(
            f"UPDATE {catalog}.ducklake_snapshot_changes SET commit_extra_info = {note} "
            "WHERE snapshot_id = 0"
        )

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query that SQLite answers; values are strings or None."""
        with self._cursor() as cursor, translated(cursor):
            return cursor.execute(
                f"FROM sqlite_query({literal(self._name)}, {literal(sql)})"
            ).fetchall()

    def current_snapshot(self) -> Snapshot:
        """The newest snapshot."""
        self._newest = _snapshot(self.query(_SNAPSHOT + "ORDER BY s.snapshot_id DESC LIMIT 1")[0])
        return self._newest

    @property
    def seen(self) -> int:
        """The newest snapshot that was seen so far."""
        return (self._newest or self.current_snapshot()).id

    def snapshot(self, snapshot_id: int) -> Snapshot:
        """One snapshot by its number."""
        newest = self._newest
        if newest is not None and newest.id == snapshot_id:
            return newest
        rows = self.query(_SNAPSHOT + f"WHERE s.snapshot_id = {int(snapshot_id)}")
        if not rows:
            raise LakeProblem(
                f"the lake has no snapshot {snapshot_id}: it expired, or was never made",
                code="NO_SNAPSHOT",
                hint="the newest one is always there: FROM lake.snapshots()",
            )
        return _snapshot(rows[0])

    def snapshots(self) -> list[Snapshot]:
        """All snapshots that did not expire, oldest first."""
        return [_snapshot(row) for row in self.query(_SNAPSHOT + "ORDER BY s.snapshot_id")]

    def oldest(self, most: int) -> list[Snapshot]:
        """The oldest snapshots that did not expire, so many of them, oldest first."""
        sql = _SNAPSHOT + f"ORDER BY s.snapshot_id LIMIT {int(most)}"
        return [_snapshot(row) for row in self.query(sql)]

    def scheduled(self) -> list[datetime]:
        """When each file that no snapshot has any more was let go, by the machine's clock."""
        rows = self.query("SELECT schedule_start FROM ducklake_files_scheduled_for_deletion")
        return [datetime.fromisoformat(row[0]).astimezone(UTC) for row in rows]

    def newest_but(self, number: int) -> Snapshot | None:
        """The one that so many snapshots are newer than; None if there are fewer."""
        sql = _SNAPSHOT + f"ORDER BY s.snapshot_id DESC LIMIT 1 OFFSET {int(number)}"
        return next((_snapshot(row) for row in self.query(sql)), None)

    def in_force(self, moment: datetime) -> int:
        """About the newest snapshot before a moment, or 0: where clocks went back, one of them.

        It is searched for by halves: times are not indexed, and a lake has many snapshots.
        """
        ends = self.query(
            "SELECT min(snapshot_id) AS a, max(snapshot_id) AS b FROM ducklake_snapshot"
        )
        low, high = 0, int(ends[0][1]) + 1
        first = int(ends[0][0])
        while first < high:
            middle = (first + high) // 2
            sql = _SNAPSHOT + f"WHERE s.snapshot_id >= {middle} ORDER BY s.snapshot_id LIMIT 1"
            found = _snapshot(self.query(sql)[0])
            if found.time < moment:
                low, first = found.id, found.id + 1
            else:
                high = middle
        return low

    def tables(self, snapshot_id: int) -> dict[Name, TableRow]:
        """Every table at a snapshot."""
        rows = self.query(
            "SELECT t.table_id, s.schema_name, t.table_name, c.column_id, c.column_name, "
            "c.column_type, c.parent_column FROM ducklake_table t "
            "JOIN ducklake_schema s ON s.schema_id = t.schema_id "
            "LEFT JOIN ducklake_column c ON c.table_id = t.table_id "
            f"AND {_alive('c', snapshot_id)} WHERE {_alive('t', snapshot_id)} "
            f"AND {_alive('s', snapshot_id)} ORDER BY t.table_id, c.column_order, c.column_id"
        )
        tables: dict[tuple[int, str, str], list[ColumnRow]] = {}
        for table_id, schema, name, column_id, column, kind, parent in rows:
            columns = tables.setdefault((int(table_id), schema, name), [])
            if column_id is not None:
                within = None if parent is None else int(parent)
                columns.append(ColumnRow(int(column_id), column, kind, within))
        return dict(_table_row(*key, columns) for key, columns in tables.items())

    def views(self, snapshot_id: int) -> dict[Name, str]:
        """Every plain view at a snapshot, with its text as DuckLake keeps it."""
        rows = self.query(
            "SELECT s.schema_name, v.view_name, v.sql AS text FROM ducklake_view v "
            "JOIN ducklake_schema s ON s.schema_id = v.schema_id "
            f"WHERE {_alive('v', snapshot_id)} AND {_alive('s', snapshot_id)}"
        )
        return {Name(name, schema): text for schema, name, text in rows}

    def history(self, since: int, until: int) -> History:
        """What the commits in (since, until] did to which table.

        What was done stays done: an answer is remembered, also after its snapshots expire.
        """
        known = self._histories.get((since, until))
        if known is None:
            known = self._history(since, until)
            self._histories.put((since, until), known)
        return known

    def _history(self, since: int, until: int) -> History:
        rows = self.query(
            "SELECT s.snapshot_id, s.snapshot_time, c.commit_extra_info, c.changes_made "
            "FROM ducklake_snapshot s LEFT JOIN ducklake_snapshot_changes c USING (snapshot_id) "
            f"WHERE s.snapshot_id > {int(since)} AND s.snapshot_id <= {int(until)} "
            "ORDER BY s.snapshot_id"
        )
        commits = [(_snapshot(row[:3]), _touched(row[3] or "")) for row in rows]
        by_id = {snapshot.id: ids for snapshot, ids in commits}
        for snapshot_id, table_id in self._made_and_dropped(since, until):
            by_id.get(snapshot_id, set()).add(table_id)
        kinds: dict[int, set[str]] = {}
        for row in rows:
            for kind, table_id in _CHANGE.findall(row[3] or ""):
                kinds.setdefault(int(table_id), set()).add(kind)
        complete = len(commits) == until - since
        spans = _spans(commits)
        if not complete and since < until:
            spans = self._any_time(spans.keys() | self._alive_between(since, until), since, until)
        return History(spans, {key: frozenset(found) for key, found in kinds.items()}, complete)

    def changed_tables(self, since: int, until: int) -> Mapping[int, CommitSpan]:
        """When each table was touched in (since, until]; it may name too many, never too few."""
        return self.history(since, until).spans

    def disturbed(self, tables: Collection[int], since: int) -> bool:
        """Whether any of these tables was written to after a snapshot, by upkeep too."""
        newest = self.current_snapshot().id
        if newest == since:
            return False
        history = self.history(since, newest)
        touched = history.spans.keys() | history.kinds.keys()
        return not history.complete or not touched.isdisjoint(tables)

    def doubtful(self, table_id: int, since: int) -> bool:
        """Whether a table's state at a snapshot may no longer be what it was then.

        Once deletions were kept in the catalog, rewriting a table's files and flushing that catalog
        let DuckLake put deletions into the wrong snapshots, all before the rewriting.
        """
        inlined = f"ducklake_inlined_delete_{int(table_id)}"
        rows = self.query(
            "SELECT group_concat(CASE WHEN c.changes_made LIKE '%rewrite_delete%' "
            "THEN c.changes_made END) AS made, count(*) AS known, max(s.snapshot_id) AS newest "
            "FROM ducklake_snapshot s LEFT JOIN ducklake_snapshot_changes c USING (snapshot_id) "
            f"WHERE s.snapshot_id > {int(since)} "
            f"AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{inlined}')"
        )
        made, known, newest = rows[0]
        if newest is None:
            return False
        expired = int(known) < int(newest) - since  # nobody knows what was done there
        return expired or ("rewrite_delete", str(int(table_id))) in _CHANGE.findall(made or "")

    def recorded_rows(self, table_id: int, since: int, until: int) -> int:
        """About how many rows the record of changes has of a table; those in the catalog left out.

        Rows that upkeep moved between files count as well.
        """
        rows = self.query(
            " UNION ALL ".join(
                f"SELECT coalesce(sum({counted}), 0) AS rows FROM {files} WHERE table_id = "
                f"{int(table_id)} AND begin_snapshot > {int(since)} "
                f"AND begin_snapshot <= {int(until)}"
                for files, counted in (
                    ("ducklake_data_file", "record_count"),
                    ("ducklake_delete_file", "delete_count"),
                )
            )
        )
        return sum(int(row[0]) for row in rows)

    def _any_time(self, tables: Iterable[int], since: int, until: int) -> dict[int, CommitSpan]:
        """Where snapshots in between expired, nobody knows what their commits did, or when."""
        left = self.snapshots()
        earlier = [snapshot for snapshot in left if snapshot.id <= since]
        later = [snapshot for snapshot in left if since < snapshot.id <= until]
        first = (earlier[-1] if earlier else left[0]).time
        last = (later[-1] if later else left[-1]).time
        return dict.fromkeys(tables, CommitSpan(first, last, until))

    def _made_and_dropped(self, since: int, until: int) -> Iterable[tuple[int, int]]:
        """CREATE is recorded by name, and so is RENAME: the tables' own rows know the ids."""
        rows = self.query(
            "SELECT begin_snapshot AS at, table_id FROM ducklake_table "
            f"WHERE begin_snapshot > {int(since)} AND begin_snapshot <= {int(until)} "
            "UNION SELECT end_snapshot, table_id FROM ducklake_table "
            f"WHERE end_snapshot > {int(since)} AND end_snapshot <= {int(until)}"
        )
        return [(int(at), int(table_id)) for at, table_id in rows]

    def _alive_between(self, since: int, until: int) -> set[int]:
        rows = self.query(
            f"SELECT DISTINCT table_id FROM ducklake_table WHERE begin_snapshot <= {int(until)} "
            f"AND (end_snapshot IS NULL OR end_snapshot > {int(since)})"
        )
        return {int(row[0]) for row in rows}


def _alive(alias: str, snapshot_id: int) -> str:
    at = int(snapshot_id)
    return (
        f"{alias}.begin_snapshot <= {at} "
        f"AND ({alias}.end_snapshot IS NULL OR {alias}.end_snapshot > {at})"
    )


def _table_row(
    table_id: int, schema: str, name: str, columns: list[ColumnRow]
) -> tuple[Name, TableRow]:
    children: dict[int, list[ColumnRow]] = {}
    for column in columns:
        if column.parent is not None:
            children.setdefault(column.parent, []).append(column)
    shown = tuple(
        Column(column.name, duckdb_type(column, children), column.id)
        for column in columns
        if column.parent is None
    )
    key = Name(name, schema)
    return key, TableRow(TableState(key, table_id, shown), tuple(columns))


def _touched(changes: str) -> set[int]:
    return {int(table) for kind, table in _CHANGE.findall(changes) if kind not in _UPKEEP}


def _spans(commits: Iterable[tuple[Snapshot, set[int]]]) -> dict[int, CommitSpan]:
    spans: dict[int, CommitSpan] = {}
    for snapshot, ids in commits:
        for table_id in ids:
            known = spans.get(table_id)
            # A clock may have been set back between two commits.
            first = min(known.first_changed_at, snapshot.time) if known else snapshot.time
            last = max(known.last_changed_at, snapshot.time) if known else snapshot.time
            spans[table_id] = CommitSpan(first, last, snapshot.id)
    return spans


def _snapshot(row: tuple[Any, ...]) -> Snapshot:
    """The committing clock's time where mlview recorded it, else the catalog's own."""
    snapshot_id, taken, extra = row
    moment = _recorded_time(extra) or datetime.fromisoformat(taken)
    return Snapshot(int(snapshot_id), moment.astimezone(UTC))


def _recorded_time(extra: str | None) -> datetime | None:
    if extra is None or TIME_KEY not in extra:
        return None
    try:
        return datetime.fromisoformat(json.loads(extra)[TIME_KEY])
    except (ValueError, KeyError, TypeError):
        # Somebody else's note: then the catalog's own time counts.
        return None

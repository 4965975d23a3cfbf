"""The rows by which a table differs between two snapshots, from the files that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from mlview.definitions import literal
from mlview.engines.files import NotPlain, moved_files
from mlview.engines.remembered import Remembered
from mlview.engines.translate import keyboard_interrupts
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlview.engines.feeds import Feed
    from mlview.engines.files import DataFile
    from mlview.engines.metadata import Metadata

# Other commits move rows between files, or keep them in the catalog.
_PLAIN = frozenset({"created_table", "inserted_into_table", "deleted_from_table"})
_PSEUDO = frozenset({"rowid", "filename", "file_row_number"})
# A scan skips row groups of 122,880 rows: what is smaller may as well be read whole.
_LARGE = 250_000


@dataclass(frozen=True, slots=True)
class Located:
    """Where the net changed rows of a feed are, and how many there have to be.

    Attributes:
        feed: which changes.
        scans: scans of the table at a snapshot under a condition, and the sign of their rows. Of
            no snapshot: all rows that the record says were inserted.
        inserted, deleted: rows, each row id at most once with each sign.
    """

    feed: Feed
    scans: tuple[tuple[int | None, int, str], ...]
    inserted: int
    deleted: int

    @property
    def signed(self) -> str:
        """A query of the row ids, the columns of the feed and the weight.

        Upkeep may move rows to other files afterwards: it is to be run at once, and counted.
        """
        scans = self.scans or ((self.feed.since, -1, "false"),)
        return " UNION ALL ".join(
            self.feed.inserted()
            if snapshot_id is None
            else self.feed.scanned(snapshot_id, sign, condition)
            for snapshot_id, sign, condition in scans
        )


@dataclass(frozen=True, slots=True)
class _Lost:
    """Deleted rows of one file: a query of their places, how many, the first and the last."""

    query: str
    rows: int
    first: int
    last: int

    @property
    def condition(self) -> str:
        """On a row of that file: whether it is one of them."""
        between = f"file_row_number BETWEEN {self.first} AND {self.last}"
        if self.rows == self.last - self.first + 1:
            return between
        return f"{between} AND file_row_number IN ({self.query})"


class LocatedFeeds:
    """Finds changed rows by file and place, so that a change costs what it touches.

    DuckLake's functions for the record of changes read every file that lost a row from end to end.
    Here its catalog says which files came and went and its delete files at which places rows went;
    the values come from scans of the states themselves, which skip all other files and row groups.
    As many rows have to be found as the catalog says, and as both states differ by.

    Args:
        metadata: of the lake.
        cursor: gives a connection of the instance that deltas are computed on.
        data: the directory of the lake's files.
    """

    def __init__(
        self, metadata: Metadata, cursor: Callable[[], duckdb.DuckDBPyConnection], data: str
    ) -> None:
        self._metadata = metadata
        self._cursor = cursor
        self._data = data
        self._counts: Remembered[int] = Remembered()

    def read(self, feed: Feed, table: str) -> Located | None:
        """Make a table of row id, columns and weight with the net signed rows of a feed.

        Returns:
            Where they were; None where they cannot be found in this way: then there is no table.

        Raises:
            KeyboardInterrupt: the user stopped it.
        """
        if not self._may_read(feed):
            return None
        try:
            files = moved_files(
                self._metadata, self._data, feed.table.table_id, feed.since, feed.until
            )
            with self._cursor() as cursor, keyboard_interrupts(cursor):
                located = _located(cursor, feed, files)
                if located.inserted - located.deleted != self._growth(cursor, feed):
                    return None
                return located if _has_all(cursor, located, table) else None
        except (NotPlain, duckdb.Error, MlviewError):
            return None

    def _may_read(self, feed: Feed) -> bool:
        history = self._metadata.history(feed.since, feed.until)
        kinds = history.kinds.get(feed.table.table_id, frozenset())
        own = {column.name.lower() for column in feed.columns}
        plain = bool(kinds) and kinds <= _PLAIN
        return history.complete and plain and own.isdisjoint(_PSEUDO)

    def _growth(self, cursor: duckdb.DuckDBPyConnection, feed: Feed) -> int:
        return self._rows_at(cursor, feed, feed.until) - self._rows_at(cursor, feed, feed.since)

    def _rows_at(self, cursor: duckdb.DuckDBPyConnection, feed: Feed, snapshot_id: int) -> int:
        key = (feed.table.table_id, snapshot_id)
        known = self._counts.get(key)
        if known is None:
            found = cursor.execute(f"SELECT count(*) FROM {feed.at(snapshot_id)}").fetchall()
            known = int(found[0][0])
            self._counts.put(key, known)
        return known


def _has_all(cursor: duckdb.DuckDBPyConnection, located: Located, table: str) -> bool:
    """Make the table; False, and no table, if any row is missing or too many."""
    cursor.execute(f"CREATE TABLE {table} AS {located.signed}")
    found = cursor.execute(located.feed.counts(f"FROM {table}")).fetchall()
    if found == [(located.inserted, located.deleted)]:
        return True
    cursor.execute(f"DROP TABLE {table}")
    return False


def _located(cursor: duckdb.DuckDBPyConnection, feed: Feed, files: Sequence[DataFile]) -> Located:
    since, until = feed.since, feed.until
    came = [file for file in files if since not in file.life]
    went = [file for file in files if until not in file.life]
    both = [file for file in files if since in file.life and until in file.life]
    lost = _lost(
        cursor,
        [
            *((file.path, file.deleted_between(since, until)) for file in both),
            *((file.path, file.deleted_at(until)) for file in came),
            *((file.path, file.deleted_at(since)) for file in went),
        ],
    )
    touched = [(file, lost[file.path]) for file in both if file.path in lost]
    scans = (*_came(came, lost, until), *_gone(went, touched, since))
    deleted = _alive(went, lost) + sum(places.rows for _, places in touched)
    return Located(feed, scans, _alive(came, lost), deleted)


def _lost(
    cursor: duckdb.DuckDBPyConnection, asked: Sequence[tuple[str, str | None]]
) -> dict[str, _Lost]:
    """By file, the rows at places that queries give."""
    queries = [(path, query) for path, query in asked if query is not None]
    if not queries:
        return {}
    union = " UNION ALL ".join(
        f"SELECT {place}, count(*), min(pos), max(pos) FROM ({query})"
        for place, (_, query) in enumerate(queries)
    )
    rows = [tuple(map(int, row)) for row in cursor.execute(union).fetchall() if row[1]]
    return {queries[row[0]][0]: _Lost(queries[row[0]][1], *row[1:]) for row in rows}


def _alive(files: Sequence[DataFile], lost: Mapping[str, _Lost]) -> int:
    """Rows of files without those that are deleted."""
    deleted = sum(lost[file.path].rows for file in files if file.path in lost)
    return sum(file.rows for file in files) - deleted


def _came(
    files: Sequence[DataFile], lost: Mapping[str, _Lost], until: int
) -> list[tuple[int | None, int, str]]:
    if not files:
        return []
    # The record has also those that were deleted again.
    whole = not any(file.path in lost for file in files)
    return [(None, 1, "")] if whole else [(until, 1, _among(files))]


def _gone(
    files: Sequence[DataFile], touched: Sequence[tuple[DataFile, _Lost]], since: int
) -> list[tuple[int | None, int, str]]:
    conditions = [_among(files)] if files else []
    conditions += [
        f"filename = {literal(file.path)} AND {places.condition}"
        for file, places in touched
        if file.rows > _LARGE
    ]
    small = [(file, places) for file, places in touched if file.rows <= _LARGE]
    if small:
        places = " UNION ALL ".join(
            f"SELECT {literal(file.path)}, pos FROM ({places.query})" for file, places in small
        )
        among = _among([file for file, _ in small])
        conditions.append(f"{among} AND (filename, file_row_number) IN ({places})")
    return [(since, -1, condition) for condition in conditions]


def _among(files: Sequence[DataFile]) -> str:
    return f"filename IN ({', '.join(literal(file.path) for file in files)})"

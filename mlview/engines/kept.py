"""The recorded changes of tables, read once and kept in memory for the deltas of all views."""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.engines.located import LocatedFeeds
from mlview.engines.translate import keyboard_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from mlview.engines.feeds import Feed
    from mlview.engines.located import Located
    from mlview.engines.metadata import Metadata

FEED_ROWS = 500_000
"""A record of more rows is read from the lake each time."""

KEPT_ROWS = 2_000_000
_numbers = count(1)


class Kept:
    """The rows of one feed in a table, for as long as somebody refers to this object.

    Args:
        feed: which changes.
        table: where the rows are: the row id if the feed has it, its columns, its weight.
        rows: how many.
        located: where they were found; then they are known to lead from one state to the other.
    """

    def __init__(self, feed: Feed, table: str, rows: int, located: Located | None) -> None:
        self.feed = feed
        self.table = table
        self.rows = rows
        self.located = located

    @property
    def all(self) -> str:
        """A query of all that is kept."""
        return f"FROM {self.table}"

    def signed(self, *, row_id: bool = False, sign: int = 1) -> str:
        """A query of the columns of the feed and the weight, after the row id if it is wanted."""
        names = [always_quote(column.name) for column in self.feed.columns]
        picked = ", ".join(["rowid", *names] if row_id else names)
        weight = self.feed.weight
        return f"SELECT {picked}, {'-' if sign < 0 else ''}{weight} AS {weight} FROM {self.table}"


class KeptFeeds:
    """Reads feeds into tables of the instance's own memory, and drops those unused for longest.

    Args:
        cursor: gives a connection of the instance that deltas are computed on.
        metadata: of the lake that the feeds are of.
        data: the directory of its files.
    """

    def __init__(
        self, cursor: Callable[[], duckdb.DuckDBPyConnection], metadata: Metadata, data: str
    ) -> None:
        self._cursor = cursor
        self._metadata = metadata
        self._located = LocatedFeeds(metadata, cursor, data)
        self._kept: OrderedDict[tuple[int, int, int], Kept | None] = OrderedDict()
        self._forsaken: deque[str] = deque()
        self._lock = Lock()

    def of(self, feed: Feed) -> Kept | None:
        """The rows of a feed, None if there are too many to keep.

        Raises:
            duckdb.Error: the lake's record cannot be read.
        """
        key = (feed.table.table_id, feed.since, feed.until)
        with self._lock:
            if key not in self._kept:
                self._drop_forsaken()
                self._kept[key] = self._read(feed)
                self._forget()
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _read(self, feed: Feed) -> Kept | None:
        expected = self._metadata.recorded_rows(feed.table.table_id, feed.since, feed.until)
        if expected > FEED_ROWS:
            return None
        table = f'memory.main."__mlview_feed_{next(_numbers)}"'
        found = self._located.read(feed, table)
        rows = self._from_record(feed, table) if found is None else found.inserted + found.deleted
        kept = Kept(feed, table, rows, found)
        # A finalizer may run in the middle of anything: the next reading drops the table.
        weakref.finalize(kept, self._forsaken.append, table)
        return kept

    def _from_record(self, feed: Feed, table: str) -> int:
        recorded = feed.recorded(row_id=feed.row_id)
        with self._cursor() as cursor, keyboard_interrupts(cursor):
            made = cursor.execute(f"CREATE TABLE {table} AS {recorded}").fetchone()
            return int(made[0]) if made is not None else 0

    def _forget(self) -> None:
        while len(self._kept) > 1 and sum(k.rows for k in self._kept.values() if k) > KEPT_ROWS:
            self._kept.popitem(last=False)

    def _drop_forsaken(self) -> None:
        while self._forsaken:
            with self._cursor() as cursor, keyboard_interrupts(cursor):
                cursor.execute(f"DROP TABLE IF EXISTS {self._forsaken.popleft()}")

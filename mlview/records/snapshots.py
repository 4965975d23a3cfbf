"""Moments of the lake, what its tables look like then, and what changed between two of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.definitions import Name


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One commit of the lake: its place in the sequence and when it was made (UTC).

    `time` is the committing clock's: the one recorded with the commit where it was made through
    mlview under a virtual clock, else the lake's own.
    """

    id: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or of a query: its name and DuckDB type."""

    name: str
    type: str
    id: int | None = None


@dataclass(frozen=True, slots=True)
class TableState:
    """A base table at a snapshot.

    `table_id` and the ordered columns with their ids decide whether two states are of the same
    table: a table dropped and recreated, or a column swapped for another of the same name, differs.
    """

    name: Name
    table_id: int
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class TableChange:
    """What happened to one base table in the snapshots after `since`, up to and with `until`.

    `inserted` and `deleted` are row counts of the net change (an UPDATE is one of each), or None
    where the table was altered, dropped or recreated in between, or the feed cannot be read.
    """

    name: Name
    since: int
    until: int
    inserted: int | None
    deleted: int | None
    first_changed_at: datetime | None
    last_changed_at: datetime | None

    @property
    def rows(self) -> int | None:
        """Changed rows, an UPDATE counting two; None if unknown."""
        if self.inserted is None or self.deleted is None:
            return None
        return self.inserted + self.deleted


@dataclass(frozen=True, slots=True)
class RowDelta:
    """How many rows of a view's own query came and went, net; an UPDATE is one of each."""

    inserted: int
    deleted: int

    @property
    def rows(self) -> int:
        """All of them."""
        return self.inserted + self.deleted


@dataclass(frozen=True, slots=True)
class DeltaSummary:
    """What changed under one view since its live version, per base table that did change."""

    changes: tuple[TableChange, ...] = ()

    @property
    def changed_rows(self) -> int | None:
        """Changed rows over all tables; None if any is unknown."""
        rows = [change.rows for change in self.changes]
        return None if any(r is None for r in rows) else sum(r for r in rows if r is not None)

"""What the engine hands out besides the records: results of writing, upkeep and checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class CommitSpan:
    """The first and the last commit that touched a table (UTC, the committing clock's time)."""

    first_changed_at: datetime
    last_changed_at: datetime
    last_snapshot: int


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A materialization as it was written: the store's snapshot, and how many rows."""

    stored_snapshot: int
    rows: int


@dataclass(frozen=True, slots=True)
class SumsDelta:
    """What changes in the sums that are kept of a view's groups.

    Attributes:
        rows: the columns of the sums and, last, the weight: whole groups that go and that come.
        keys: the columns of those that name a group; none where all rows are one.
        shown: the view's columns that do; None where it does not show every key.
        before: how many rows the view has before its own delta.
    """

    rows: pa.RecordBatchReader
    keys: tuple[str, ...]
    shown: tuple[str, ...] | None
    before: int


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """What an upkeep step did, or would do: snapshots expired, files written, merged, deleted."""

    lake_snapshots: tuple[int, ...] = ()
    store_snapshots: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a database directory, and what to do about it."""

    path: str
    message: str
    hint: str

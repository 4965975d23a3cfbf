"""Upkeep of both lakes: flush, merge, expire and clean up, with the write lock held."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Timer
from typing import TYPE_CHECKING, Any

from mlview.definitions import literal
from mlview.engines.commits import give_up, stamp
from mlview.engines.translate import translated
from mlview.engines.values import UpkeepReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from mlview.clock import Clock
    from mlview.definitions import Name
    from mlview.engines.gate import ReadGate
    from mlview.engines.locks import WriteLock
    from mlview.engines.metadata import Metadata
    from mlview.records import Snapshot

_DATES_APART = timedelta(days=2)  # a date in any time zone is then another
# DuckLake scans 10 rows from its catalog faster than it opens a file for them.
_COMPACTIONS = ("ducklake_flush_inlined_data", "ducklake_merge_adjacent_files")


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What upkeep works on, by the name of the lake."""

    clock: Clock
    cursors: Mapping[str, Callable[[], duckdb.DuckDBPyConnection]]
    locks: Mapping[str, WriteLock]
    metadata: Mapping[str, Metadata]
    spill: Path


def compact(upkeep: Upkeep) -> UpkeepReport:
    """Flush rows kept in the catalogs to files and merge adjacent files; contents stay."""
    tables: list[str] = []
    for lake in ("lake", "store"):
        for function in _COMPACTIONS:
            rows = _committed(upkeep, lake, f"CALL {function}({literal(lake)})")
            tables += [f"{lake}.{row[0]}.{row[1]}" for row in rows]
    return UpkeepReport(tables=tuple(dict.fromkeys(tables)))


def expire(
    upkeep: Upkeep,
    *,
    keep: Mapping[str, frozenset[int]],
    older_than: datetime,
    files_older_than: datetime,
    dry_run: bool,
) -> UpkeepReport:
    """Expire what is older than a moment and not kept, then delete files nobody can read."""
    expired: dict[str, tuple[int, ...]] = {}
    files: list[str] = []
    for lake in ("lake", "store"):
        with upkeep.locks[lake]:
            left = upkeep.metadata[lake].snapshots()
            expired[lake] = expirable(left, keep[lake], older_than)
            _expire(upkeep, lake, expired[lake], dry_run=dry_run)
            files += _delete_let_go(upkeep, lake, files_older_than, dry_run=dry_run)
            files += _delete(upkeep, "delete_orphaned", lake, older_than, dry_run=dry_run)
    if not dry_run:
        _clean_spill(upkeep.spill, older_than)
    return UpkeepReport(
        lake_snapshots=expired["lake"],
        store_snapshots=expired["store"],
        files=tuple(files),
        dry_run=dry_run,
    )


def expirable(
    snapshots: Sequence[Snapshot], keep: frozenset[int], older_than: datetime
) -> tuple[int, ...]:
    """Those of adjacent snapshots that were followed by the next one before a moment.

    So what was in force at the moment stays, however old: it answers for the moment, and whoever
    began to read it then still does. What is known to have changed after a kept snapshot is read
    from the one after it on. The last one given stays, as nobody knows what follows it.
    """
    kept = keep | {snapshot_id + 1 for snapshot_id in keep}
    return tuple(
        one.id
        for one, following in pairwise(snapshots)
        if one.id not in kept and following.time < older_than
    )


def expire_some(
    upkeep: Upkeep, lake: str, *, keep: frozenset[int], older_than: datetime, most: int
) -> int:
    """Expire the oldest that may, so many at most; how many it were. Their files stay for now."""
    with upkeep.locks[lake]:
        oldest = upkeep.metadata[lake].oldest(most + 2 * len(keep) + 1)
        found = expirable(oldest, keep, older_than)[:most]
        _expire(upkeep, lake, found, dry_run=False)
    return len(found)


def clean(upkeep: Upkeep, lake: str, *, older_than: datetime) -> int:
    """Delete files that no snapshot has since before a moment of the machine; how many."""
    with upkeep.locks[lake]:
        return len(_delete_let_go(upkeep, lake, older_than, dry_run=False))


def sweep(upkeep: Upkeep, *, older_than: datetime) -> int:
    """Delete what killed processes left behind before a moment of the machine; how many files."""
    files = 0
    for lake in ("lake", "store"):
        with upkeep.locks[lake]:
            files += len(_delete(upkeep, "delete_orphaned", lake, older_than, dry_run=False))
    _clean_spill(upkeep.spill, older_than)
    return files


def _expire(upkeep: Upkeep, lake: str, snapshots: tuple[int, ...], *, dry_run: bool) -> None:
    if snapshots and not dry_run:
        with upkeep.cursors[lake]() as cursor, translated(cursor):
            cursor.execute(
                f"CALL ducklake_expire_snapshots({literal(lake)}, versions => {list(snapshots)})"
            ).fetchall()


def _delete_let_go(upkeep: Upkeep, lake: str, older_than: datetime, *, dry_run: bool) -> list[str]:
    """DuckLake compares these moments as texts, written differently: only their dates count."""
    scheduled = upkeep.metadata[lake].scheduled()
    if not all(moment < older_than for moment in scheduled):
        older_than -= _DATES_APART
    return _delete(upkeep, "cleanup_old", lake, older_than, dry_run=dry_run)


def _delete(
    upkeep: Upkeep, which: str, lake: str, older_than: datetime, *, dry_run: bool
) -> list[str]:
    dry = ", dry_run => true" if dry_run else ""
    before = f"TIMESTAMPTZ {literal(older_than.astimezone(UTC).isoformat())}"
    with upkeep.cursors[lake]() as cursor, translated(cursor):
        rows = cursor.execute(
            f"CALL ducklake_{which}_files({literal(lake)}, older_than => {before}{dry})"
        ).fetchall()
    return [str(row[0]) for row in rows]


def merge(upkeep: Upkeep, lake: str, table: Name, *, below: int, limit: float) -> None:
    """Merge a table's files that are smaller than so many bytes, where they are adjacent.

    Files with deleted rows are left alone, and no call of DuckLake may rewrite them: that narrows
    the table's statistics to the rows that are left, and by these DuckDB then gets ORDER BY and
    GROUP BY of earlier snapshots wrong.
    """
    named = f"{literal(lake)}, {literal(table.name)}, schema => {literal(table.schema)}"
    sql = f"CALL ducklake_merge_adjacent_files({named}, max_file_size => {int(below)})"
    _committed(upkeep, lake, sql, limit=limit)


def flush(upkeep: Upkeep, lake: str, table: Name, *, gate: ReadGate, limit: float) -> bool:
    """Move a table's rows from the catalog to a file; False if somebody is reading.

    Whoever reads the table meanwhile would miss these rows without a word: they are taken out of
    the catalog, and a reader who has begun does not see the file. The lock is taken first, as
    whoever writes may be reading too.
    """
    named = f"table_name => {literal(table.name)}, schema_name => {literal(table.schema)}"
    with upkeep.locks[lake], gate.alone() as alone:
        if alone:
            sql = f"CALL ducklake_flush_inlined_data({literal(lake)}, {named})"
            _committed(upkeep, lake, sql, limit=limit)
        return alone


def _committed(
    upkeep: Upkeep, lake: str, sql: str, *, limit: float | None = None
) -> list[tuple[Any, ...]]:
    """Run one upkeep call in a commit that carries the clock's time, as all commits do.

    It is given up after `limit` seconds: writers wait for it.
    """
    with (
        upkeep.locks[lake],
        upkeep.cursors[lake]() as cursor,
        translated(cursor),
        _within(cursor, limit),
    ):
        cursor.execute("BEGIN")
        try:
            rows = cursor.execute(sql).fetchall()
            stamp(cursor, lake, upkeep.clock)
            cursor.execute("COMMIT")
        except BaseException:
            give_up(cursor)
            raise
    return rows


@contextmanager
def _within(cursor: duckdb.DuckDBPyConnection, limit: float | None) -> Iterator[None]:
    """Interrupt what still runs after so many seconds."""
    if limit is None:
        yield
        return
    alarm = Timer(limit, cursor.interrupt)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


def _clean_spill(spill: Path, older_than: datetime) -> None:
    """Remove what processes that were killed left behind."""
    for folder in spill.iterdir() if spill.is_dir() else ():
        with suppress(FileNotFoundError):  # whoever had it has just removed it
            changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            if changed < older_than and not _runs(int(folder.name.split("-")[0])):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True

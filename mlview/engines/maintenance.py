"""Upkeep of both lakes: flush, merge, expire and clean up, with the write lock held."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mlview.definitions import literal
from mlview.engines.commits import give_up, stamp
from mlview.engines.translate import translated
from mlview.engines.values import UpkeepReport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import duckdb

    from mlview.clock import Clock
    from mlview.engines.locks import WriteLock
    from mlview.engines.metadata import Metadata

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
    dry_run: bool,
) -> UpkeepReport:
    """Expire what is older than a moment and not kept, then delete files nobody can read."""
    expired: dict[str, tuple[int, ...]] = {}
    files: list[str] = []
    for lake in ("lake", "store"):
        with upkeep.locks[lake]:
            expired[lake] = _expirable(upkeep.metadata[lake], keep[lake], older_than)
            files += _let_go(upkeep, lake, expired[lake], older_than, dry_run=dry_run)
    if not dry_run:
        _clean_spill(upkeep.spill, older_than)
    return UpkeepReport(
        lake_snapshots=expired["lake"],
        store_snapshots=expired["store"],
        files=tuple(files),
        dry_run=dry_run,
    )


def _expirable(metadata: Metadata, keep: frozenset[int], older_than: datetime) -> tuple[int, ...]:
    """What is known to have changed after a snapshot is read from the one after it on."""
    left = metadata.snapshots()
    kept = keep | {snapshot_id + 1 for snapshot_id in keep} | {left[-1].id}
    return tuple(
        snapshot.id for snapshot in left if snapshot.id not in kept and snapshot.time < older_than
    )


def _let_go(
    upkeep: Upkeep,
    lake: str,
    snapshots: tuple[int, ...],
    older_than: datetime,
    *,
    dry_run: bool,
) -> list[str]:
    name = literal(lake)
    dry = ", dry_run => true" if dry_run else ""
    before = f"TIMESTAMPTZ {literal(older_than.astimezone(UTC).isoformat())}"
    with translated(), upkeep.cursors[lake]() as cursor:
        if snapshots and not dry_run:
            cursor.execute(
                f"CALL ducklake_expire_snapshots({name}, versions => {list(snapshots)})"
            ).fetchall()
        deleted = cursor.execute(
            f"CALL ducklake_cleanup_old_files({name}, older_than => {before}{dry})"
        ).fetchall()
        orphans = cursor.execute(
            f"CALL ducklake_delete_orphaned_files({name}, older_than => {before}{dry})"
        ).fetchall()
    return [str(row[0]) for row in (*deleted, *orphans)]


def _committed(upkeep: Upkeep, lake: str, sql: str) -> list[tuple[Any, ...]]:
    """Run one upkeep call in a commit that carries the clock's time, as all commits do."""
    with upkeep.locks[lake], translated(), upkeep.cursors[lake]() as cursor:
        cursor.execute("BEGIN")
        try:
            rows = cursor.execute(sql).fetchall()
            stamp(cursor, lake, upkeep.clock)
            cursor.execute("COMMIT")
        except BaseException:
            give_up(cursor)
            raise
    return rows


def _clean_spill(spill: Path, older_than: datetime) -> None:
    """Remove what processes that were killed left behind."""
    for folder in spill.iterdir() if spill.is_dir() else ():
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

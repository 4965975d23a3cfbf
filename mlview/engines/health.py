"""What there is to do for a lake, read from its catalog alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlview.definitions import Name
from mlview.planning.lakes import TIERS, Files, LakeHealth, TableHealth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlview.engines.metadata import Metadata

_MOST_TABLES = 200  # SQLite takes 500 parts of a UNION

_MERGEABLE = ", ".join(
    f"sum(d.rows IS NULL AND f.file_size_bytes < {below}) AS n{tier}, "
    f"sum(CASE WHEN d.rows IS NULL AND f.file_size_bytes < {below} "
    f"THEN f.file_size_bytes ELSE 0 END) AS s{tier}"
    for tier, below in enumerate(TIERS)
)
_FILES = f"""
    SELECT f.table_id, {_MERGEABLE}
    FROM ducklake_data_file f LEFT JOIN (
        SELECT data_file_id, sum(delete_count) AS rows FROM ducklake_delete_file
        WHERE end_snapshot IS NULL GROUP BY data_file_id
    ) d ON d.data_file_id = f.data_file_id
    WHERE f.end_snapshot IS NULL GROUP BY f.table_id HAVING count(*) > 1
"""
_NAMES = (
    "SELECT t.table_id, s.schema_name, t.table_name FROM ducklake_table t JOIN ducklake_schema s "
    "ON s.schema_id = t.schema_id WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL"
)
_INLINED = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND "
    "(name GLOB 'ducklake_inlined_data_[0-9]*' OR name GLOB 'ducklake_inlined_delete_[0-9]*')"
)
_SCHEDULED = (
    "SELECT count(*) AS files, min(schedule_start) AS since "
    "FROM ducklake_files_scheduled_for_deletion"
)


def read_health(
    lake: str, metadata: Metadata, *, keep: frozenset[int], expire_before: int
) -> LakeHealth:
    """What there is to do for a lake.

    Args:
        lake: its name.
        metadata: its catalog.
        keep: snapshots that do not expire, nor those after each.
        expire_before: the oldest snapshot that nothing may expire from on.
    """
    snapshots, old = metadata.query(
        "SELECT count(*) AS n, coalesce(sum(snapshot_id < "
        f"{int(expire_before)}), 0) AS old FROM ducklake_snapshot"
    )[0]
    kept = {one for each in keep for one in (each, each + 1) if one < expire_before}
    files, since = metadata.query(_SCHEDULED)[0]
    return LakeHealth(
        lake=lake,
        snapshots=int(snapshots),
        expirable=max(int(old) - len(kept), 0),
        scheduled=int(files),
        scheduled_since=None if since is None else datetime.fromisoformat(since).astimezone(UTC),
        tables=tuple(_tables(metadata)),
    )


def _tables(metadata: Metadata) -> Iterable[TableHealth]:
    rows = {int(row[0]): tuple(map(int, row[1:])) for row in metadata.query(_FILES)}
    inlined = _inlined(metadata)
    if not rows and not inlined:
        return
    for table_id, schema, name in metadata.query(_NAMES):
        found, waiting = rows.get(int(table_id)), inlined.get(int(table_id), 0)
        if found is not None:
            files = tuple(Files(*found[at : at + 2]) for at in range(0, len(found), 2))
            yield TableHealth(Name(name, schema), files, waiting)
        elif waiting:
            yield TableHealth(Name(name, schema), inlined_rows=waiting)


def _inlined(metadata: Metadata) -> Mapping[int, int]:
    """Rows, and marks of deleted rows, that the catalog itself keeps, by table."""
    names = [str(row[0]) for row in metadata.query(_INLINED)]
    found: Counter[int] = Counter()
    for start in range(0, len(names), _MOST_TABLES):
        sql = " UNION ALL ".join(
            f"SELECT {int(name.split('_')[3])} AS id, count(*) AS n FROM {name}"
            for name in names[start : start + _MOST_TABLES]
        )
        for table_id, rows in metadata.query(sql):
            found[int(table_id)] += int(rows)
    return +found

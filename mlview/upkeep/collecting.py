"""Freeing what no version, no rollback and no reader needs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.clock import SystemClock
from mlview.planning import rollback_target
from mlview.planning.upkeep import GRACE
from mlview.records import RefreshState, VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mlview.records import Deployment, RefreshRecord, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home
    from mlview.upkeep.retention import Retention

_NEWEST_REFRESHES = 500  # of more, those that still run are among the newest


@dataclass(frozen=True, slots=True)
class Collected:
    """What was freed, or would be: counts, and bytes of artifacts."""

    versions: int
    artifacts: int
    lake_snapshots: int
    store_snapshots: int
    files: int
    bytes: int
    dry_run: bool


def collect(home: Home, *, retention: Retention, dry_run: bool) -> Collected:
    """Forget old versions, then everything that only they needed.

    Kept are live and pinned versions, those that kept versions read, the newest of each view up
    to the retention, the lake snapshots all of these were read at with the one after, and
    whatever is younger than the retention or the grace of an hour.
    """
    now, machine = home.clock.now(), SystemClock().now()  # files carry the machine's time
    forgotten, left = forget(home, retention=retention, now=now, dry_run=dry_run)
    keep = kept_snapshots(home, left)
    report = home.engine.expire(
        keep_lake=keep["lake"],
        keep_store=keep["store"],
        older_than=min(now, machine) - max(retention.snapshots, GRACE),
        files_older_than=machine - GRACE,
        dry_run=dry_run,
    )
    artifacts, freed = drop_artifacts(home, left, machine - GRACE, dry_run=dry_run)
    return Collected(
        versions=forgotten,
        artifacts=artifacts,
        lake_snapshots=len(report.lake_snapshots),
        store_snapshots=len(report.store_snapshots),
        files=len(report.files),
        bytes=freed,
        dry_run=dry_run,
    )


def forget(
    home: Home, *, retention: Retention, now: datetime, dry_run: bool
) -> tuple[int, Sequence[Version]]:
    """Forget versions that nothing needs; how many, and those that are left."""
    versions = home.catalog.versions()
    gone = surplus(home, versions, retention, now)
    if gone and not dry_run:
        gone = list(home.catalog.delete_versions(gone))
    away = set(gone)
    return len(gone), [v for v in versions if (v.object_id, v.number) not in away]


def surplus(
    home: Home, versions: Iterable[Version], retention: Retention, now: datetime
) -> list[tuple[int, int]]:
    """The versions that nothing needs: object and number."""
    moves = defaultdict(list)
    for move in home.catalog.deployments():
        moves[move.object_id].append(move)
    return _unneeded({row.id: row for row in _all_rows(home)}, versions, moves, retention, now)


def kept_snapshots(home: Home, versions: Iterable[Version]) -> dict[str, set[int]]:
    """The snapshots of the lake and of the store that versions and running refreshes need."""
    lake, store = set(), set()
    for version in versions:
        lake.add(version.snapshot_id)
        if version.stored_snapshot is not None:
            store.add(version.stored_snapshot)
    lake |= {row.current_through for row in _all_rows(home) if row.current_through is not None}
    lake |= {record.snapshot_id for record in executing(home)}
    return {"lake": lake, "store": store}


def executing(home: Home) -> list[RefreshRecord]:
    """Refreshes that have not ended."""
    newest = home.catalog.refreshes(limit=_NEWEST_REFRESHES)
    return [record for record in newest if record.state is RefreshState.EXECUTING]


def _all_rows(home: Home) -> tuple[ObjectRow, ...]:
    return (*home.catalog.objects(), *home.catalog.objects(dropped=True))


def _unneeded(
    rows: dict[int, ObjectRow],
    versions: Iterable[Version],
    moves: Mapping[int, list[Deployment]],
    retention: Retention,
    now: datetime,
) -> list[tuple[int, int]]:
    by_object: dict[int, list[Version]] = defaultdict(list)
    for version in versions:
        by_object[version.object_id].append(version)
    needed: set[tuple[int, int]] = set()
    for object_id, own in by_object.items():
        row = rows.get(object_id)
        if row is None or _long_dropped(row, retention, now):
            continue
        # The newest may be about to be published.
        kept = max(retention.versions, 1)
        newest = sorted(own, key=lambda v: v.number, reverse=True)[:kept]
        needed |= {(object_id, v.number) for v in newest}
        needed |= {(object_id, n) for n in (row.live_version, row.pinned_version) if n is not None}
        needed |= {(object_id, v.number) for v in own if v.status is VersionStatus.LIVE}
        before = rollback_target(own, row.live_version, moves.get(object_id, ()))
        needed |= {(object_id, before.number)} if before is not None else set()
    _add_upstream(needed, by_object)
    return [(v.object_id, v.number) for v in versions if (v.object_id, v.number) not in needed]


def _add_upstream(needed: set[tuple[int, int]], by_object: dict[int, list[Version]]) -> None:
    known = {(v.object_id, v.number): v for own in by_object.values() for v in own}
    waiting = list(needed)
    while waiting:
        version = known.get(waiting.pop())
        for upstream in version.upstream if version else ():
            key = (upstream.object_id, upstream.version)
            if key not in needed:
                needed.add(key)
                waiting.append(key)


def _long_dropped(row: ObjectRow, retention: Retention, now: datetime) -> bool:
    return row.dropped_at is not None and now - row.dropped_at > retention.snapshots


def drop_artifacts(
    home: Home, left: Iterable[Version], limit: datetime, *, dry_run: bool
) -> tuple[int, int]:
    """Delete artifacts that nothing names: how many, and their bytes.

    Those of versions about to be published are younger than the limit.
    """
    named: set[object] = set()
    for version in left:
        named |= {version.artifact_sha256, version.details.get("state")}
    named |= _named_in(_all_rows(home), home)
    count = freed = 0
    for digest in list(home.artifacts.all()):
        if digest in named or home.artifacts.written_at(digest) > limit:
            continue
        count += 1
        freed += home.artifacts.size(digest) if dry_run else home.artifacts.delete(digest)
    if not dry_run:
        freed += home.artifacts.clean(limit.timestamp())
    return count, freed


def _named_in(rows: Iterable[ObjectRow], home: Home) -> frozenset[str]:
    """Digests that a CREATE text spells out; the catalog knows them all."""
    texts = " ".join(row.create_text for row in rows)
    return frozenset(d for d in home.catalog.artifact_digests() if d in texts)

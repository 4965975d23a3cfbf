"""Freeing what no version, no rollback and no reader needs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.clock import SystemClock
from mlview.planning import rollback_target
from mlview.records import VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mlview.records import Deployment, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history is kept beyond what is needed: versions per view, and time."""

    versions: int = 10
    snapshots: timedelta = timedelta(days=30)


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
    rows = {row.id: row for row in (*home.catalog.objects(), *home.catalog.objects(dropped=True))}
    versions = home.catalog.versions()
    moves = defaultdict(list)
    for move in home.catalog.deployments():
        moves[move.object_id].append(move)
    gone = _unneeded(rows, versions, moves, retention, now)
    if gone and not dry_run:
        gone = list(home.catalog.delete_versions(gone))
    left = [v for v in versions if (v.object_id, v.number) not in set(gone)]
    report = home.engine.expire(
        keep_lake={v.snapshot_id for v in left}
        | {row.current_through for row in rows.values() if row.current_through is not None},
        keep_store={v.stored_snapshot for v in left if v.stored_snapshot is not None},
        older_than=min(now, machine) - max(retention.snapshots, GRACE),
        dry_run=dry_run,
    )
    artifacts, freed = _artifacts(home, left, rows.values(), machine - GRACE, dry_run=dry_run)
    return Collected(
        versions=len(gone),
        artifacts=artifacts,
        lake_snapshots=len(report.lake_snapshots),
        store_snapshots=len(report.store_snapshots),
        files=len(report.files),
        bytes=freed,
        dry_run=dry_run,
    )


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


def _artifacts(
    home: Home,
    left: Iterable[Version],
    rows: Iterable[ObjectRow],
    limit: datetime,
    *,
    dry_run: bool,
) -> tuple[int, int]:
    """Artifacts that nothing names; those of versions about to be published are young."""
    named = {v.artifact_sha256 for v in left} | {v.details.get("state") for v in left}
    named |= _named_in(rows, home)
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

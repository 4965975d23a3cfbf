"""Whether a candidate may go live, where a person has pinned or rolled back a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import Name

if TYPE_CHECKING:
    from mlview.records import Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


@dataclass(frozen=True, slots=True)
class Verdict:
    """Publish or keep; the reason is there only where the answer is no."""

    publish: bool
    reason: str = ""
    releases_hold: bool = False


def may_publish(home: Home, row: ObjectRow, candidate: Version) -> Verdict:
    """A pin is released by UNPIN alone; a rollback also by data that changed since.

    The data has changed if any base table, or the version of any view or model it reads, differs
    from what the version that was rolled back from (the newest before the candidate) had read.
    """
    if row.pinned_version is not None:
        return Verdict(
            publish=False,
            reason=f"kept as candidate {candidate.number}: version {row.pinned_version} is pinned",
        )
    if not row.held:
        return Verdict(publish=True)
    left = max(
        (v for v in home.catalog.versions(row.id) if v.number < candidate.number),
        key=lambda v: v.number,
        default=None,
    )
    if left is None or _data_changed(home, left, candidate):
        return Verdict(publish=True, releases_hold=True)
    return Verdict(
        publish=False,
        reason=f"kept as candidate {candidate.number}: {row.name} was rolled back and its data has "
        "not changed since",
    )


def _data_changed(home: Home, before: Version, after: Version) -> bool:
    if before.base_tables != after.base_tables or before.fingerprint != after.fingerprint:
        return True
    if before.upstream != after.upstream:
        return True
    if before.snapshot_id == after.snapshot_id:
        return False
    return any(
        home.engine.change(Name.from_qualified(n), before.snapshot_id, after.snapshot_id).rows != 0
        for n in after.base_tables
    )

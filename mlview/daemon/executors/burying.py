"""What the history says of work that was not carried out: each view left undone, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.records import Action, RefreshRecord, RefreshState, Trigger

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.daemon.executors.protocol import Work
    from mlview.storage.catalog import Catalog, ObjectRow


def last_refresh(catalog: Catalog) -> int:
    """The newest row of the history, to tell later ones by."""
    return max((row.refresh_id for row in catalog.refreshes(limit=1)), default=0)


def bury(
    catalog: Catalog,
    work: Work,
    error: tuple[str, str],
    *,
    holder: str | None,
    since: int,
    began: datetime,
    now: datetime,
) -> None:
    """Finish what a worker that is gone had begun, and free its leases.

    Where it had begun nothing that is unfinished, it ended between two refreshes or before the
    first, while it was planning them: then each view that it left undone gets a row.

    Args:
        catalog: the database's.
        work: what it was to do.
        error: the cause, as a stable word and as a sentence.
        holder: how its leases name it, where it was known to have begun.
        since: the newest row of the history from before it began.
        began: when it was started.
        now: the time.
    """
    code, said = error
    if holder is None or not catalog.bury(holder, now=now, error_code=code, error=said):
        record_undone(catalog, work, error, since=since, began=began, now=now)


def record_undone(
    catalog: Catalog,
    work: Work,
    error: tuple[str, str],
    *,
    since: int,
    began: datetime,
    now: datetime,
) -> None:
    """Add a failed refresh for each view that no refresh was begun of since then."""
    for object_id in work.object_ids:
        newest = catalog.refreshes(object_id=object_id, limit=1)
        row = catalog.object(object_id)
        if row.dropped_at is None and (not newest or newest[0].refresh_id <= since):
            catalog.begin_refresh(_undone(catalog, row, work, error, began, now))


def _undone(
    catalog: Catalog,
    row: ObjectRow,
    work: Work,
    error: tuple[str, str],
    began: datetime,
    now: datetime,
) -> RefreshRecord:
    """A refresh that never began; nobody knows any more what it would have done."""
    live = catalog.live_versions().get(row.id)
    code, said = error
    return RefreshRecord(
        refresh_id=0,
        object_id=row.id,
        name=row.name.plain,
        state=RefreshState.FAILED,
        action=Action.FULL,
        trigger=Trigger.SCHEDULED,
        reason=work.reason,
        data_timestamp=now,
        snapshot_id=work.at or row.current_through or (live.snapshot_id if live else 0),
        started_at=began,
        finished_at=now,
        error_code=code,
        error=said,
    )

"""What becomes of work that has ended: its history, what is learned of it, what nobody recorded."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from mlview.daemon.executors.burying import last_refresh
from mlview.daemon.executors.carrying import ELSEWHERE
from mlview.errors import MlviewError, StorageProblem, UnknownName
from mlview.records import RefreshState

if TYPE_CHECKING:
    from mlview.daemon.executors import Done, Work
    from mlview.records import RefreshRecord
    from mlview.storage.catalog import Catalog

LEARNING = 0.3
"""Weight of the newest refresh in what is expected to be spent beside refreshes."""
_NOT_RECORDED = ELSEWHERE | {UnknownName.code}
"""Failures that no row is written of here: another process has the view, or nobody any more."""


class Harvest:
    """Takes in what ended.

    Attributes:
        overhead: seconds that carrying out takes beside the refreshes: a process, the database.
        unrecorded: failures in a row that nobody could put on record.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.overhead = 0.0
        self.unrecorded = 0
        self._catalog = catalog
        self._since: dict[int, int] = {}
        self._untold: StorageProblem | None = None

    def expect(self, number: int) -> None:
        """Some work is about to begin: what the history says of it comes after this."""
        self._since[number] = last_refresh(self._catalog)

    def take(self, done: Done) -> tuple[RefreshRecord, ...]:
        """What the history says of work that has ended, as far as it can be read."""
        records = self._records(done.work, self._since.pop(done.work.number))
        if done.error_code is None:
            self.unrecorded = 0
            beside = done.seconds - sum(record.actual_seconds or 0.0 for record in records)
            self.overhead += LEARNING * (max(beside, 0.0) - self.overhead)
        elif not records and done.error_code not in _NOT_RECORDED:
            self.unrecorded += 1
            said = f"nothing could be put on record: {done.error}"
            self._untold = StorageProblem(said, code=done.error_code)
        return records

    def refuse_unrecorded(self) -> None:
        """Raise a failure that the history does not know, once: it is not backed off from there.

        Raises:
            StorageProblem: with the failure's own code.
        """
        untold, self._untold = self._untold, None
        if untold is not None:
            raise untold

    def _records(self, work: Work, since: int) -> tuple[RefreshRecord, ...]:
        found: list[RefreshRecord] = []
        with suppress(MlviewError):  # the next pass tells of it
            for object_id in work.object_ids:
                found += self._catalog.refreshes(object_id=object_id, limit=1)
        return tuple(
            record
            for record in found
            if record.refresh_id > since and record.state is not RefreshState.EXECUTING
        )

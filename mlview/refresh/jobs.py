"""One step of a plan to be carried out, and the version that comes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlview.observation.deltas import Ends
from mlview.observation.looking import through
from mlview.observation.stored import definition_of
from mlview.records import Action

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.definitions import Definition
    from mlview.learners import Fitted
    from mlview.observation.deltas import ViewDelta
    from mlview.records import Column, RefreshStep, RowDelta, Snapshot, Version
    from mlview.serving.lookup import VersionChoice
    from mlview.storage.catalog import ObjectRow


@dataclass(frozen=True)
class Job:
    """One view to materialize: what, at which snapshot, over which upstream versions.

    `before` is the live version; its columns are kept where the definition is still the same and
    was not declared `anew`, which a user does to have the columns of today. `delta` is the change
    of the view's query, where it is known already.
    """

    row: ObjectRow
    step: RefreshStep
    snapshot: Snapshot
    data_timestamp: datetime
    choice: VersionChoice
    before: Version | None
    refresh_id: int
    number: int
    anew: bool = False
    delta: ViewDelta | None = None

    @property
    def definition(self) -> Definition:
        """What is to be materialized."""
        return definition_of(self.row.create_text)

    @property
    def columns_before(self) -> tuple[Column, ...] | None:
        """The columns to keep, or None where the definition is new."""
        if self.before is None or self.anew or self.before.fingerprint != self.row.fingerprint:
            return None
        return self.before.schema or None

    @property
    def live(self) -> Version:
        """The version that an incremental step starts from."""
        assert self.before is not None  # noqa: S101 - planned so
        return self.before

    @property
    def ends(self) -> Ends:
        """Where the delta begins and ends."""
        return Ends(
            self.row,
            self.live,
            through(self.row, self.live),
            self.snapshot.id,
            self.data_timestamp,
        )

    def in_full(self, why: str) -> Job:
        """The same job, done in full after all."""
        reason = f"{self.step.reason}; in full after all: {why}"
        step = replace(self.step, action=Action.FULL, reason=reason, exact=True)
        return replace(self, step=step)


@dataclass(frozen=True)
class Candidate:
    """A version that nothing points at yet, and what the user should be told of it.

    `step` is what was done, which may be more than was planned; `delta` the rows that came and
    went, where the version was made from them.
    """

    version: Version
    fitted: Fitted | None
    notices: tuple[str, ...]
    step: RefreshStep
    delta: RowDelta | None = None

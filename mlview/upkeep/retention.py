"""How much history a database keeps: as its users said, else by default."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mlview.definitions import format_duration
from mlview.errors import UsageProblem
from mlview.planning.upkeep import GRACE

if TYPE_CHECKING:
    from mlview.storage.catalog import Catalog

_KEY = "retention"
MOST_SNAPSHOTS = 50_000
"""Of a default retention: every commit looks through all snapshots, in 9 ms for so many."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history is kept beyond what is needed.

    Attributes:
        versions: the newest of each view.
        snapshots: how far back the lake answers.
        at_most: so many snapshots are kept, however young, by upkeep that nobody asked for; None
            where users have said how long they want them.
    """

    versions: int = 10
    snapshots: timedelta = timedelta(days=30)
    at_most: int | None = MOST_SNAPSHOTS

    def __str__(self) -> str:
        versions = f"{self.versions} version{'s' if self.versions > 1 else ''} of each view"
        return f"{versions}, snapshots of {format_duration(self.snapshots)}"


def kept_retention(catalog: Catalog) -> Retention:
    """What the users of a database said last, and the default for what they did not say."""
    text = catalog.meta(_KEY)
    if text is None:
        return Retention()
    said = json.loads(text)
    seconds = said["snapshots_seconds"]
    kept = replace(Retention(), versions=said["versions"])
    if seconds is None:
        return kept
    return replace(kept, snapshots=timedelta(seconds=seconds), at_most=None)


def set_retention(
    catalog: Catalog, *, versions: int | None = None, snapshots: timedelta | None = None
) -> Retention:
    """Keep so much from now on; None leaves a part as it is.

    Raises:
        UsageProblem: no version would be kept, or snapshots for less than the longest read.
    """
    if versions is not None and versions < 1:
        raise UsageProblem(
            f"expected at least 1 version to keep, found {versions}",
            hint="ALTER DATABASE SET RETENTION (versions => 1) keeps the live one, and the one to "
            "roll back to",
        )
    if snapshots is not None and snapshots < GRACE:
        raise UsageProblem(
            f"expected snapshots to be kept for {format_duration(GRACE)} at least, found "
            f"{format_duration(snapshots)}: somebody may be reading them",
            hint="ALTER DATABASE SET RETENTION (snapshots => '1 hour')",
        )
    now = kept_retention(catalog)
    if versions is not None:
        now = replace(now, versions=versions)
    if snapshots is not None:
        now = replace(now, snapshots=snapshots, at_most=None)
    said = now.snapshots.total_seconds() if now.at_most is None else None
    catalog.set_meta(_KEY, json.dumps({"versions": now.versions, "snapshots_seconds": said}))
    return now

"""Which version a rollback goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.records import VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.records import Version


def rollback_target(versions: Iterable[Version], live: int | None) -> Version | None:
    """The newest earlier version that was live, or None if there is none.

    Args:
        versions: the kept versions of one view.
        live: the number of the one that is live now.
    """
    before = [v for v in versions if v.status is VersionStatus.RETIRED and v.number < (live or 0)]
    return max(before, key=lambda v: v.number, default=None)

"""Which version a rollback goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.records import VersionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.records import Deployment, Version

ROLLBACK = "ROLLBACK"


def rollback_target(
    versions: Iterable[Version], live: int | None, moves: Iterable[Deployment] = ()
) -> Version | None:
    """The newest earlier version that was live and healthy, or None if there is none.

    Healthy is what nobody rolled back from, or was made live again afterwards.

    Args:
        versions: the kept versions of one view.
        live: the number of the one that is live now.
        moves: every move of its pointer, in the order they were made.
    """
    given_up = _given_up(moves)
    before = [
        v
        for v in versions
        if v.status is VersionStatus.RETIRED and v.number < (live or 0) and v.number not in given_up
    ]
    return max(before, key=lambda v: v.number, default=None)


def _given_up(moves: Iterable[Deployment]) -> set[int]:
    """The versions that were rolled back from and have not been live since."""
    given_up: set[int] = set()
    live: int | None = None
    for move in moves:
        if move.reason == ROLLBACK and live is not None:
            given_up.add(live)
        live = move.version
        given_up -= {live} if live is not None else set()
    return given_up

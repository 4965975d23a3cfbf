"""Views whose refreshes are killed again and again: one of them at a time, to see who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlview.planning.scheduling.views import ScheduledView

KILLS = 2
"""So many in a row; once is any machine that loses power, after which all go on side by side."""


def suspect(view: ScheduledView) -> bool:
    """Whether it may be what kills the others that are refreshed at the same time.

    Two suspects never run at once. Of those that died together, whoever is innocent is refreshed
    apart from the other, and is none any more; who is not dies by itself.

    >>> from mlview.definitions import Name
    >>> from mlview.planning.scheduling import ScheduledView
    >>> [suspect(ScheduledView(1, Name("v"), killed=killed)) for killed in (0, 1, 2)]
    [False, False, True]
    """
    return view.killed >= KILLS and not view.suspended

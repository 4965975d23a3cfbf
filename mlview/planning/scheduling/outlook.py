"""Whether the targets can be met, remembered from one decision to the next and said once."""

from __future__ import annotations

from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING

from mlview.planning.scheduling.attainable import FULL, TIGHT, Attainability, attainability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.planning.scheduling.policies import Policy
    from mlview.planning.scheduling.views import ScheduledView

AFRESH = 60.0
"""Seconds after which costs and gaps may have changed enough to look at them again."""

_promise = attrgetter("object_id", "target_lag", "downstream", "weight", "suspended")


class Outlook:
    """What the targets ask of so many slots, worked out anew only when it may have changed.

    That is when a view comes, goes, or is promised something else, and once a minute for the sake
    of what refreshes have come to cost. Numbers that only drift are not said again: as long as the
    same views will be late, and the slots are as tight, the same object is returned.

    Args:
        slots: refreshes that may run at once, at least 1.
        policy: who is worth least; SlaPolicy if not given.
    """

    def __init__(self, slots: int, policy: Policy | None = None) -> None:
        self._slots, self._policy = slots, policy
        self._promises: list[tuple[object, ...]] = []
        self._looked, self._found = -inf, Attainability(density=0.0)

    def at(self, views: Sequence[ScheduledView], now: float) -> Attainability:
        """How it looks at a moment, for views given parents first."""
        promises = [_promise(view) for view in views]
        if promises != self._promises or not 0 <= now - self._looked < AFRESH:
            found = attainability(views, self._slots, self._policy)
            if promises != self._promises or _said(found) != _said(self._found):
                self._found = found
            self._promises, self._looked = promises, now
        return self._found


def _said(found: Attainability) -> tuple[object, ...]:
    """What of it is worth saying again when it changes."""
    return found.late, found.density > TIGHT, found.density > FULL, len(found.warnings)

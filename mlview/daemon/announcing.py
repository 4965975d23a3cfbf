"""What people are told of a decision: once when it comes up, not at every look."""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING

from mlview.daemon.events import Overloaded, Recovered, Warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.daemon.events import Event
    from mlview.definitions import Name
    from mlview.freshness.agenda import Agenda
    from mlview.planning.scheduling import Decision

AGAIN = 600.0
"""Seconds after which somebody who is still late is named again."""
QUIET = 60.0
"""Seconds without anybody late after which that is worth saying."""
_NUMBER = re.compile(r"[0-9][0-9.,e+-]*")  # a number that only drifts is no news


class Announcements:
    """Remembers what was said."""

    def __init__(self) -> None:
        self._said: frozenset[str] = frozenset()
        self._late: dict[Name, float] = {}
        self._late_at = -inf

    def of(self, agenda: Agenda, decision: Decision) -> Iterator[Event]:
        """What has to be said after a decision."""
        unknown = (f"{name}: {fired.said}" for name, fired in agenda.fired.items() if fired.unknown)
        # The last of the warnings names who is late, which is told apart.
        warnings = decision.warnings[:-1] if decision.shed else decision.warnings
        said = {_NUMBER.sub("#", text): text for text in (*warnings, *unknown)}
        yield from (Warned(text) for key, text in said.items() if key not in self._said)
        self._said = frozenset(said)
        yield from self._of_late(agenda.seconds, decision)

    def _of_late(self, now: float, decision: Decision) -> Iterator[Event]:
        if decision.shed:
            self._late_at = now
            new = [s for s in decision.shed if now - self._late.get(s.name, -inf) >= AGAIN]
            if new:
                self._late |= {shed.name: now for shed in new}
                yield Overloaded(tuple(new))
        elif self._late and now - self._late_at >= QUIET:
            self._late.clear()
            yield Recovered()

    @property
    def pending(self) -> float | None:
        """When it will be time to say that nobody is late any more."""
        return self._late_at + QUIET if self._late else None

"""A daemon's log: a JSON object a line for machines, a plain line for people."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Protocol

from mlview.daemon.lines import INFO, lines

if TYPE_CHECKING:
    from mlview.clock import Clock
    from mlview.daemon.events import Event
    from mlview.daemon.lines import Line


class Sink(Protocol):
    """Where lines go."""

    def __call__(self, line: str, /) -> object:
        """Take one, without its newline."""


class Log:
    """Writes the events of a daemon; a listener.

    `{"at": "2013-01-01T00:00:00+00:00", "level": "info", "event": "refreshed", "text": ...}` and
    the facts of the event, all of them counts, names and reasons, never rows.
    """

    def __init__(self, clock: Clock, write: Sink, *, as_json: bool) -> None:
        self._clock = clock
        self._write = write
        self._as_json = as_json

    def __call__(self, event: Event) -> None:
        """Write what an event says."""
        for line in lines(event):
            self._write(self._json(line) if self._as_json else self._plain(line))

    def _json(self, line: Line) -> str:
        fields = {
            "at": self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds"),
            "level": line.level,
            "event": line.event,
            "text": line.text,
        }
        return json.dumps(fields | dict(line.facts), ensure_ascii=False, default=str)

    def _plain(self, line: Line) -> str:
        mark = "" if line.level == INFO else f"{line.level.upper()} "
        return f"{self._clock.now().astimezone():%H:%M:%S}  {mark}{line.text}"

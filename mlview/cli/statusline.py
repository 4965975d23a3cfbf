"""One line at the foot of the terminal that says what a daemon is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.markup import escape

from mlview.daemon.events import Began, Decided, Finished, Started

if TYPE_CHECKING:
    from rich.console import Console

    from mlview.clock import Clock
    from mlview.daemon.events import Event
    from mlview.planning.scheduling import Decision


class StatusLine:
    """Keeps the line true; a listener. What is said meanwhile scrolls by above it."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._status = console.status("looking", spinner="dots")
        self._running: dict[int, str] = {}
        self._views = self._slots = 0
        self._decision: Decision | None = None

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def say(self, line: str) -> None:
        """Print a line above."""
        self._console.print(escape(line))

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Began(slots, _, _):
                self._slots = slots
            case Started(work):
                self._running[work.number] = str(work.names[-1])
            case Finished(done, _):
                self._running.pop(done.work.number, None)
            case Decided(decision, views):
                self._decision, self._views = decision, views
            case _:
                return
        self._status.update(escape(self._said()))

    def _said(self) -> str:
        said = [f"{self._views} views"]
        if self._running:
            said.append("refreshing " + ", ".join(self._running.values()))
        decision = self._decision
        if decision is not None:
            if decision.shed:
                said.append(f"{len(decision.shed)} late")
            if decision.waiting:
                said.append(f"{len(decision.waiting)} waiting")
            if decision.wake_at is not None and not self._running:
                seconds = max(decision.wake_at - self._clock.now().timestamp(), 0.0)
                said.append(f"next in {seconds:,.0f} s")
        return " · ".join(said)

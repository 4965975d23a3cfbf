"""What is being done, on stderr, once it takes longer than a second."""

from __future__ import annotations

import sys
from threading import Lock, Timer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

DELAY_SECONDS = 1.0


class Reporter:
    """Told of phases as `mlview.refresh.progress.Progress` is; shows the latest on a terminal.

    Nothing is shown within the first second, when stderr is no terminal, or when `quiet`.
    """

    def __init__(self, what: str, *, quiet: bool = False, delay: float = DELAY_SECONDS) -> None:
        self._quiet = quiet or not sys.stderr.isatty()
        self._lock = Lock()
        self._bar: Bar | None = None
        self._done, self._total = 0, 0
        self._what = what
        self._timer = Timer(delay, self._show)
        self._timer.daemon = True

    def __call__(self, view: str, phase: str, done: int, total: int) -> None:
        """A phase of a view begins."""
        with self._lock:
            self._what, self._done, self._total = f"{view}: {phase}", done, total
            if self._bar is not None:
                self._update(self._bar)

    def __enter__(self) -> Self:
        if not self._quiet:
            self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._quiet = True
            if self._bar is not None:
                self._bar.stop()

    def _show(self) -> None:
        from rich import progress  # noqa: PLC0415 - most commands end before it is needed
        from rich.console import Console  # noqa: PLC0415 - most commands end before it is needed

        with self._lock:
            if self._quiet:
                return
            self._bar = progress.Progress(
                progress.SpinnerColumn(),
                progress.TextColumn("{task.description}", markup=False),
                progress.TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.add_task("")
            self._update(self._bar)
            self._bar.start()

    def _update(self, bar: Bar) -> None:
        steps = f" (step {self._done + 1} of {self._total})" if self._total > 1 else ""
        bar.update(bar.task_ids[0], description=self._what + steps)

"""A daemon that runs in this process: its listeners, its signals, its end."""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import click
from rich.console import Console

from mlview.cli.failures import Failed
from mlview.cli.statusline import StatusLine
from mlview.daemon import Daemon
from mlview.daemon.events import Finished
from mlview.daemon.lines import ELSEWHERE
from mlview.daemon.logs import Log
from mlview.daemon.metrics import Metrics
from mlview.planning.scheduling import SlaPolicy
from mlview.planning.scheduling.worthwhile import CostAware
from mlview.records import RefreshState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from mlview.daemon.events import Event, Listener
    from mlview.session import Database

POLICIES = {"sla": SlaPolicy, "cost-aware": CostAware}


def keep(
    db: Database,
    *,
    as_json: bool,
    once: bool,
    workers: int,
    tick: float,
    metrics: tuple[str, int] | None,
    policy: str,
    memory_limit: int | None,
    time_limit: float | None,
    upkeep: bool,
) -> None:
    """Run a daemon until it is told to stop; what the options of `mlview daemon` say."""
    failures = _Failures()
    with ExitStack() as stack:
        listeners: list[Listener] = [failures, *_listeners(db, metrics, stack, as_json=as_json)]
        running = Daemon(
            db,
            workers=workers,
            tick=tick,
            policy=POLICIES[policy](),
            memory_limit=memory_limit,
            time_limit=time_limit,
            upkeep=upkeep,
            listeners=listeners,
        )
        stack.enter_context(_stopped_by_signals(running))
        running.run(once=once)
    if once and failures.found:
        raise Failed


class _Failures:
    """Whether any refresh failed; a listener."""

    def __init__(self) -> None:
        self.found = False

    def __call__(self, event: Event) -> None:
        """Take note."""
        match event:
            case Finished(done, records):
                failed = any(record.state is RefreshState.FAILED for record in records)
                lost = done.error_code is not None and done.error_code not in ELSEWHERE
                self.found = self.found or failed or lost


def _listeners(
    db: Database, metrics: tuple[str, int] | None, stack: ExitStack, *, as_json: bool
) -> list[Listener]:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    listeners: list[Listener] = []
    if metrics is not None:
        counted = Metrics(db.services)
        port = counted.serve(*metrics)
        stack.callback(counted.close)
        listeners.append(counted)
        click.echo(f"metrics: http://{metrics[0]}:{port}/metrics", err=True)
    if console.is_terminal and not as_json:
        line = stack.enter_context(StatusLine(console, db.services.home.clock))
        listeners += [Log(db.services.home.clock, line.say, as_json=False), line]
    else:
        listeners.append(Log(db.services.home.clock, _to_stderr, as_json=True))
    return listeners


def _to_stderr(line: str) -> None:
    with suppress(OSError):  # nobody reads it any more, or its disk is full: views come first
        click.echo(line, err=True)


@contextmanager
def _stopped_by_signals(running: Daemon) -> Iterator[None]:
    """The first SIGTERM or Ctrl-C stops it when refreshes have finished, the second at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        name = signal.Signals(number).name
        if running.stopping:
            running.hurry()
        running.stop(f"{name} was sent")

    kept = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, before in kept.items():
            signal.signal(number, before)

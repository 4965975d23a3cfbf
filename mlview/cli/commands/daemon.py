"""`mlview daemon`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlview.cli.failures import usage_problem
from mlview.cli.opening import opened
from mlview.cli.options import Options, common_options, pass_options

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST = 256 << 20  # a worker that has only begun takes nearly as much
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _address(ctx: click.Context, parameter: click.Parameter, given: str | None) -> object:
    """HOST:PORT taken apart."""
    del ctx, parameter
    if given is None:
        return None
    host, colon, port = given.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004
        raise usage_problem(f"expected HOST:PORT, found '{given}'", hint="--metrics 127.0.0.1:9464")
    return host.strip("[]"), int(port)


def _bytes(ctx: click.Context, parameter: click.Parameter, given: str | None) -> int | None:
    """A size such as 512MB or 4 GB, in bytes."""
    del ctx, parameter
    if given is None:
        return None
    text = given.upper().replace("IB", "B").removesuffix("B").strip()
    unit = text[-1:] if text[-1:] in _UNITS else ""
    number = text.removesuffix(unit).strip()
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, OverflowError):
        size = 0
    if size < _LEAST:
        raise usage_problem(
            f"expected a size of at least 256MB, found '{given}'", hint="--memory-limit 4GB"
        )
    return size


def _seconds(ctx: click.Context, parameter: click.Parameter, given: str | None) -> float | None:
    """A length of time, in seconds."""
    del ctx, parameter
    if given is None:
        return None
    from mlview.definitions import parse_duration  # noqa: PLC0415 - heavy, and --help does without

    return parse_duration(given).total_seconds()


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """What `mlview daemon` understands besides --db and --json."""
    for option in reversed(
        (
            click.option("--once", is_flag=True, help="Refresh what is due now, and end."),
            click.option(
                "--workers",
                type=click.IntRange(0),
                default=2,
                show_default=True,
                metavar="N",
                help="Refreshes at once, a process each; 0 refreshes in this one.",
            ),
            click.option(
                "--tick",
                type=click.FloatRange(0.01, 3600),
                default=1.0,
                show_default=True,
                metavar="SECONDS",
                help="Between two looks for new commits.",
            ),
            click.option(
                "--metrics", metavar="HOST:PORT", callback=_address, help="Answer Prometheus there."
            ),
            click.option(
                "--policy",
                type=click.Choice(["sla", "cost-aware"]),
                default="sla",
                show_default=True,
                help="Honour every target lag, or retrain only where it pays.",
            ),
            click.option(
                "--memory-limit",
                metavar="SIZE",
                callback=_bytes,
                help="End a refresh that takes more, such as 4GB.",
            ),
            click.option(
                "--time-limit",
                metavar="DURATION",
                callback=_seconds,
                help="End a refresh that takes longer, such as '2 hours'.",
            ),
            click.option("--no-upkeep", is_flag=True, help="Leave the lake's files as they are."),
        )
    ):
        command = option(command)
    return command


@click.command(short_help="Keep every view within its target lag.")
@_options
@common_options
@pass_options
def daemon(
    options: Options,
    once: bool,
    workers: int,
    tick: float,
    metrics: tuple[str, int] | None,
    policy: str,
    memory_limit: int | None,
    time_limit: float | None,
    no_upkeep: bool,
) -> None:
    """Notice commits from any writer, and refresh what is due.

    The log goes to stderr: plain lines on a terminal, else (or with --json) a JSON object a line.
    SIGTERM and Ctrl-C let running refreshes finish for half a minute; a second one breaks them
    off. What was live serves on in any case. Any number of daemons may run on one database.
    """
    with opened(options) as db:
        from mlview.cli.keeping import keep  # noqa: PLC0415 - heavy, and --help does without

        keep(
            db,
            as_json=options.json,
            once=once,
            workers=workers,
            tick=tick,
            metrics=metrics,
            policy=policy,
            memory_limit=memory_limit,
            time_limit=time_limit,
            upkeep=not no_upkeep,
        )

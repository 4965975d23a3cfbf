"""`mlview demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlview.cli.options import Options, json_option, pass_options
from mlview.cli.output import print_objects


@click.command(short_help="The whole story on real data, from nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where the database and the plot go; a fresh directory if it is left out.",
)
@json_option
@pass_options
def demo(options: Options, out: Path | None) -> None:
    """Tell the whole story on real data, from nothing.

    Takes about two minutes. With --json the story goes to stderr.
    """
    from rich.console import Console  # noqa: PLC0415 - heavy, and --help does without

    from mlview.demo import run  # noqa: PLC0415 - heavy, and --help does without

    run(out, console=Console(file=sys.stderr if options.json else None))
    if options.json:
        print_objects([{"out": None if out is None else str(out)}])

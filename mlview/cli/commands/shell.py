"""`mlview shell`."""

from __future__ import annotations

import sys

import click

from mlview.cli.failures import Failed
from mlview.cli.opening import opened
from mlview.cli.options import Options, common_options, pass_options


@click.command(short_help="An interactive prompt.")
@common_options
@pass_options
def shell(options: Options) -> None:
    """An interactive prompt; statements end with a semicolon, .help lists the commands.

    Ctrl-C stops the running statement or clears the line, Ctrl-D leaves. Where stdin is no
    terminal, lines are read up to the first error.
    """
    from mlview.cli.shell.loop import Shell  # noqa: PLC0415 - heavy, and --help does without

    with opened(options) as db:
        told = Shell(db, options)
        if sys.stdin.isatty():
            from mlview.cli.shell.prompt import typed  # noqa: PLC0415 - heavy; pipes do without

            told.converse(typed(db, told.vocabulary))
        elif not told.read(sys.stdin):
            raise Failed

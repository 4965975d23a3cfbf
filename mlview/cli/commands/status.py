"""`mlview status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlview.cli.opening import opened, working
from mlview.cli.options import Options, common_options, pass_options
from mlview.cli.output import print_objects
from mlview.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.cli.standing import Standing

CHECKED = {"OK": 0, "WARN": 1, "BROKEN": 2}


@click.command(short_help="How stale every view is; --check for monitoring.")
@click.option("--check", is_flag=True, help="Say by the exit code how the worst view stands.")
@common_options
@pass_options
@click.pass_context
def status(ctx: click.Context, options: Options, check: bool) -> None:
    """Show every view: state, lag against target, pending rows, last action.

    With --check the exit code is 1 if a view is beyond TARGET_LAG or WARN AFTER, needs to be
    compiled anew, or was suspended for its failures, or if a daemon died; and 2 if a view is beyond
    ERROR AFTER, UNUSABLE or UNKNOWN.
    """
    from mlview.cli.keepers import daemons  # noqa: PLC0415 - heavy, and --help does without
    from mlview.cli.standing import standings  # noqa: PLC0415 - heavy, and --help does without
    from mlview.planning.alarms import worst  # noqa: PLC0415 - heavy, and --help does without

    with opened(options) as db, working(db, options, "looking"):
        found = standings(db)
        keepers = daemons(db)
    if options.json:
        print_objects([standing.as_object() for standing in found])
    elif found:
        _print(found)
        for line in keepers.lines:
            click.echo(line)
    else:
        click.echo("no models or materialized views yet")
        click.echo('next: mlview sql "CREATE MODEL name PREDICT label AS SELECT ... FROM t"')
    if check:
        alarms = [standing.alarm for standing in found]
        ctx.exit(CHECKED[worst([*alarms, keepers.alarm])])


def _print(found: Sequence[Standing]) -> None:
    from mlview.cli.output import console  # noqa: PLC0415 - heavy, and --help does without
    from mlview.cli.statustable import status_table  # noqa: PLC0415 - heavy, likewise

    console().print(status_table(found, SystemClock().now()))

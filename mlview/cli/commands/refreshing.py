"""`mlview plan` and `mlview refresh`."""

from __future__ import annotations

import click

from mlview.cli.failures import Failed
from mlview.cli.opening import opened, working
from mlview.cli.options import Options, common_options, pass_options
from mlview.cli.output import Answer

_PLAN = "FROM mlview.plan"
_PLAN_SHOWN = """
    SELECT position, name, action, round(greatest(epoch(start_at) - epoch(now()), 0)) AS starts_in,
           round(epoch(due_at) - epoch(now())) AS due_in, round(predicted_seconds, 2) AS seconds,
           concat_ws('; ', reason, 'LATE: ' || sheds) AS reason
    FROM mlview.plan ORDER BY position
"""


@click.command(short_help="What would be refreshed now, and why.")
@common_options
@pass_options
def plan(options: Options) -> None:
    """Show what the planner would do now, in order, and why; with or without a daemon.

    `starts_in` and `due_in` are seconds; a view without them is refreshed by hand only.
    """
    with opened(options) as db:
        with working(db, options, "planning"):
            result = db.sql(_PLAN if options.json else _PLAN_SHOWN)
            answer, steps = Answer(result, as_json=options.json), len(result)
        if steps or options.json:
            answer.print()
        else:
            click.echo("nothing to do: every view is up to date")


@click.command(short_help="Refresh views now.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--cascade", is_flag=True, help="Go on to everything that reads them.")
@click.option("--full", is_flag=True, help="Refresh them even if nothing changed.")
@common_options
@pass_options
def refresh(options: Options, names: tuple[str, ...], cascade: bool, full: bool) -> None:
    """Refresh these views, stale ancestors first; all views without a NAME.

    One row per step. Exit code 3 if a step failed; what was live before keeps serving then.
    """
    with opened(options) as db:
        with working(db, options, "refreshing"):
            result = db.refresh(*names, full=full, cascade=cascade)
            answer = Answer(result, as_json=options.json)
        answer.print()
        if options.json:
            answer.print_notices()
        states = result.arrow().column("state").to_pylist()
    if any(state != "SUCCEEDED" for state in states):
        raise Failed

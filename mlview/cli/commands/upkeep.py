"""`mlview verify`, `mlview gc` and `mlview doctor`."""

from __future__ import annotations

import click

from mlview.cli.failures import Failed
from mlview.cli.opening import opened, working
from mlview.cli.options import Options, common_options, pass_options
from mlview.cli.output import Answer


@click.command(short_help="Retrain from the record and compare.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "every", is_flag=True, help="Every kept version, not only the live one.")
@common_options
@pass_options
def verify(options: Options, names: tuple[str, ...], every: bool) -> None:
    """Retrain versions from their recorded snapshots and compare; exit code 3 if one differs."""
    with opened(options) as db:
        with working(db, options, "verifying"):
            result = db.verify(*names, all_versions=every)
            answer = Answer(result, as_json=options.json)
        answer.print()
        equal = result.arrow().column("equal").to_pylist()
    if False in equal:
        raise Failed


@click.command(short_help="Free what nothing needs.")
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@common_options
@pass_options
def gc(options: Options, dry_run: bool) -> None:
    """Free what no live, pinned or rollback version and no running read needs."""
    with opened(options) as db:
        with working(db, options, "collecting"):
            answer = Answer(db.gc(dry_run=dry_run), as_json=options.json)
        answer.print()


@click.command(short_help="Check every file of the database.")
@common_options
@pass_options
def doctor(options: Options) -> None:
    """Check every file of the database; exit code 3 if something is wrong."""
    with opened(options) as db:
        with working(db, options, "checking"):
            result = db.doctor()
            answer, problems = Answer(result, as_json=options.json), len(result)
        if problems or options.json:
            answer.print()
        else:
            click.echo("sound: nothing is wrong with this database")
    if problems:
        raise Failed

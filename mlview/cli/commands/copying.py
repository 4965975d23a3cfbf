"""`mlview backup` and `mlview restore`."""

from __future__ import annotations

from pathlib import Path

import click

from mlview.cli.opening import opened, working
from mlview.cli.options import Options, common_options, json_option, pass_options
from mlview.cli.output import Answer, print_objects
from mlview.cli.progress import Reporter


@click.command(short_help="Copy the database while it is in use.")
@click.argument("target", type=click.Path(path_type=Path))
@common_options
@pass_options
def backup(options: Options, target: Path) -> None:
    """Copy the database to the new directory TARGET while it stays in use."""
    with opened(options) as db:
        with working(db, options, "copying"):
            answer = Answer(db.backup(target), as_json=options.json)
        answer.print()


@click.command(short_help="Bring a backup back.")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@pass_options
def restore(options: Options, source: Path, target: Path) -> None:
    """Bring the backup SOURCE back as a database in the new directory TARGET."""
    import mlview  # noqa: PLC0415 - heavy, and --help does without

    with Reporter("copying", quiet=options.json):
        mlview.restore(source, target)
    if options.json:
        print_objects([{"path": str(target)}])
    else:
        click.echo(f"{source} restored to {target}")

"""`mlview init`."""

from __future__ import annotations

from pathlib import Path

import click

from mlview.cli.finding import SUFFIX
from mlview.cli.options import Options, json_option, pass_options
from mlview.cli.output import print_objects
from mlview.errors import NameTaken


@click.command(short_help="Make a new database.")
@click.argument("path", type=click.Path(path_type=Path))
@json_option
@pass_options
def init(options: Options, path: Path) -> None:
    """Make a new database in the directory PATH, by convention NAME.mlv."""
    from mlview.engines import is_database  # noqa: PLC0415 - heavy, and --help does without
    from mlview.session import connect  # noqa: PLC0415 - heavy, and --help does without

    place = path.expanduser()
    if is_database(place):
        raise NameTaken(
            f"{path} is a database already", name=str(path), hint=f"mlview --db {path} status"
        )
    connect(place).close()
    if options.json:
        print_objects([{"path": str(place)}])
        return
    choice = "" if place.suffix == SUFFIX and place.parent == Path() else f"--db {path} "
    click.echo(f"database {path} created")
    click.echo(f"next: mlview {choice}sql \"CREATE TABLE t AS FROM 'data.parquet'\"")

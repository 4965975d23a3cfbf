"""An open database for the length of a command."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlview.cli.finding import find_database
from mlview.cli.progress import Reporter
from mlview.cli.stopping import stopping_on_interrupt
from mlview.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.cli.options import Options
    from mlview.session import Database


@contextmanager
def opened(options: Options) -> Iterator[Database]:
    """The database that is meant, which must exist.

    Raises:
        UnknownName: there is none, or the path is not one.
        UsageProblem: it is not clear which one is meant.
    """
    path = find_database(options.db, Path())
    if not path.exists():
        raise _missing(path)
    from mlview.engines import is_database  # noqa: PLC0415 - heavy, and --help does without
    from mlview.session import connect  # noqa: PLC0415 - heavy, and --help does without

    if not is_database(path):
        raise _missing(path)
    with connect(path, create=False) as db:
        yield db
        if db.in_transaction:
            click.echo("! the transaction was left open: it is rolled back", err=True)


@contextmanager
def working(db: Database, options: Options, what: str) -> Iterator[None]:
    """Show progress while the block works, and let Ctrl-C stop the statement that runs in it."""
    from mlview.engines import interrupt_all  # noqa: PLC0415 - heavy, and --help does without

    with Reporter(what, quiet=options.json) as reporter, stopping_on_interrupt(interrupt_all):
        db.progress = reporter
        yield


def _missing(path: Path) -> UnknownName:
    return UnknownName(
        f"there is no database at {path}", name=str(path), hint=f"mlview init {path}"
    )

"""What every command understands: --db and --json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.cli.failures import Excerpt

Command = TypeVar("Command", bound="Callable[..., Any]")


@dataclass
class Options:
    """What was said before or after the command's name, and the script that is being run.

    `db` is the path given by --db or $MLVIEW_DB. `excerpt` is set while a script runs, so that an
    error can show its line.
    """

    db: str | None = None
    json: bool = False
    excerpt: Excerpt | None = None


pass_options = click.make_pass_decorator(Options, ensure=True)


def json_option(command: Command) -> Command:
    """Add --json, which may stand before or after the command's name."""

    def note(ctx: click.Context, _: click.Parameter, given: bool) -> None:
        options = ctx.ensure_object(Options)
        options.json = options.json or given

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=note,
        help="Rows as a JSON array of objects, errors as a JSON object.",
    )(command)


def common_options(command: Command) -> Command:
    """Add --db and --json, which may stand before or after the command's name."""

    def note(ctx: click.Context, _: click.Parameter, given: str | None) -> None:
        options = ctx.ensure_object(Options)
        explicit = ctx.get_parameter_source("db") is click.core.ParameterSource.COMMANDLINE
        if given and (explicit or options.db is None):
            options.db = given

    return click.option(
        "--db",
        metavar="PATH",
        envvar="MLVIEW_DB",
        expose_value=False,
        callback=note,
        help="The database's directory.",
    )(json_option(command))

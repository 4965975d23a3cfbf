"""`mlview sql`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mlview.cli.failures import Failed, usage_problem
from mlview.cli.opening import opened
from mlview.cli.options import Options, common_options, pass_options
from mlview.cli.scripts import answers

_HINT = 'mlview sql "SELECT 42", or mlview sql -f script.sql'


@click.command(short_help="Run statements.")
@click.argument("text", required=False)
@click.option(
    "-f",
    "--file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Read the statements from a file; - is stdin.",
)
@common_options
@pass_options
def sql(options: Options, text: str | None, file: Path | None) -> None:
    """Run the statements of TEXT, of a file, or of stdin, in order, up to the first error.

    Prints the result of each; with --json the rows of the last one.
    """
    script = _script(text, file)
    with opened(options) as db:
        last = None
        for last in answers(db, script, options):
            if options.json:
                last.print_notices()
            else:
                last.print()
            if last.failed:
                break
        if last is None:
            raise usage_problem("there is no statement in this text", hint=_HINT)
        if options.json:
            last.print()
        if last.failed:
            raise Failed


def _script(text: str | None, file: Path | None) -> str:
    if text is not None and file is not None:
        raise usage_problem("expected a text or a file, found both", hint=_HINT)
    if text is not None:
        return text
    if file is None and sys.stdin.isatty():
        raise usage_problem("expected statements, found none", hint=_HINT)
    try:
        if file is None or str(file) == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise usage_problem(
            f"cannot read {file}: {error.strerror}", name=str(file), hint="check the path"
        ) from error
    except UnicodeDecodeError as error:
        raise usage_problem(
            f"expected UTF-8, found byte {error.object[error.start]:#04x} at {error.start}",
            name=str(file or "stdin"),
            hint="save the script as UTF-8",
        ) from error

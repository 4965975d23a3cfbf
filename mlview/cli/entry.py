"""Where a command line begins and ends: arguments in, exit code out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mlview.cli.commands import COMMANDS
from mlview.cli.failures import Failed, report, usage_problem
from mlview.cli.options import Options, common_options
from mlview.errors import MlviewError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, ERROR, INTERRUPTED = 0, 3, 130
# Idle threads of OpenMP and OpenBLAS spin for a while before they sleep, and take the processor
# from whoever else needs it: on a busy machine of 2 cores, boosting was ten times slower for it.
# Both libraries read this when they are loaded, and what the user has set stays.
QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_THREAD_TIMEOUT": "4"}
_TRACEBACK = "MLVIEW_TRACEBACK"


class _ReaderGone(Exception):
    """Whoever read the output closed it."""


class Commands(click.Group):
    """The commands, in the order a newcomer meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, as they were added."""
        del ctx
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click itself would call it done when nobody reads its output."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGone from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command meant by the first argument; the nearest name for an unknown one."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = did_you_mean(args[0], self.commands) or "mlview --help"
            raise usage_problem(f"no command named '{args[0]}'", name=args[0], hint=near)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.version_option(package_name="mlview", message="mlview %(version)s")
@common_options
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Machine-learning models as materialized views over their training data.

    The database is --db, else $MLVIEW_DB, else the only *.mlv in this directory. Exit codes: 0
    done, 3 any error, 130 interrupted; `status --check` also 1 (warning) and 2 (broken promise).
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for _command in COMMANDS:
    cli.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Errors are told on stderr, never as a traceback."""
    options = Options(json="--json" in arguments)
    try:
        code = cli.main(list(arguments), "mlview", standalone_mode=False, obj=options)
        return code if isinstance(code, int) else DONE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        report(usage_problem(error.format_message(), hint=_usage_of(error)), options)
    except MlviewError as error:
        report(error, options)
        if error.error_code == "INTERRUPTED":
            return INTERRUPTED
    except Failed:
        pass
    except _ReaderGone:
        # Nothing more can be told, not even when Python flushes its output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get(_TRACEBACK):
            raise
        report(_unexpected(error), options)
    return ERROR


def main() -> None:
    """The `mlview` command."""
    for name, value in QUIET_THREADS.items():
        os.environ.setdefault(name, value)
    sys.exit(run(sys.argv[1:]))


def _usage_of(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'mlview'} --help"


def _unexpected(error: Exception) -> MlviewError:
    return MlviewError(
        f"{type(error).__name__}: {error}",
        code="UNEXPECTED",
        hint=f"this is a fault of mlview itself; {_TRACEBACK}=1 mlview ... shows where it happened",
    )

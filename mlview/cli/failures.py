"""How an error is told on stderr: code, place, what to do next."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mlview.errors import MlviewError, UsageProblem

if TYPE_CHECKING:
    from mlview.cli.options import Options

_WIDTH = 76


class Failed(Exception):
    """The command's own rows say what is wrong: exit code 3, nothing more on stderr."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The statement that runs: its text and the 1-based place of its start in the script."""

    script: str
    text: str
    line: int = 1
    column: int = 1

    def place(self, error: MlviewError) -> None:
        """Turn a place within the statement into one within the script.

        An error without a place is put at the statement's start where the script has more.
        """
        if error.line is None:
            if self.script.strip().rstrip("; \n") != self.text:
                error.at(self.line, self.column)
            return
        if error.column is not None and error.line == 1:
            error.column += self.column - 1
        error.line += self.line - 1

    def pointing(self, line: int, column: int | None) -> list[str]:
        r"""The script's line with a caret under the column; nothing if there is no such place.

        >>> Excerpt("SELECT 1;\nFROM nowhere", "FROM nowhere", 2).pointing(2, 6)
        ['  2 | FROM nowhere', '    |      ^']
        """
        lines = self.script.split("\n")
        if not 1 <= line <= len(lines):
            return []
        shown = lines[line - 1].rstrip("\r").replace("\t", " ")
        margin = " " * len(str(line))
        if column is None or not 1 <= column <= len(shown) + 1:
            return [f"  {line} | {shown[:_WIDTH]}"]
        start = max(column - 1 - _WIDTH // 2, 0) if len(shown) > _WIDTH else 0
        gap = " " * sum(map(_cells, shown[start : column - 1]))
        return [f"  {line} | {shown[start : start + _WIDTH]}", f"  {margin} | {gap}^"]


def usage_problem(message: str, *, hint: str, name: str | None = None) -> UsageProblem:
    """A command line that cannot be meant."""
    return UsageProblem(message, name=name, hint=hint)


def report(error: MlviewError, options: Options) -> None:
    """Tell an error on stderr, as text or as JSON."""
    if options.json:
        click.echo(json.dumps({"error": as_object(error)}, ensure_ascii=False).encode(), err=True)
    else:
        click.echo("\n".join(as_lines(error, options.excerpt)), err=True)


def as_object(error: MlviewError) -> dict[str, Any]:
    """An error as programs read it."""
    return {
        "code": error.error_code,
        "message": error.message,
        "hint": error.hint,
        "line": error.line,
        "column": error.column,
        "name": error.name,
    }


def as_lines(error: MlviewError, excerpt: Excerpt | None) -> list[str]:
    """An error as people read it; colours vanish where stderr is no terminal."""
    code = click.style(error.error_code, fg="red", bold=True)
    where = ""
    if error.line is not None:
        column = "" if error.column is None else f", column {error.column}"
        where = f" (line {error.line}{column})"
    lines = [f"{code}: {error.message}{where}"]
    if excerpt is not None and error.line is not None:
        lines += excerpt.pointing(error.line, error.column)
    if error.hint is not None:
        lines.append(click.style(f"  -> {error.hint}", fg="green"))
    return lines


def _cells(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

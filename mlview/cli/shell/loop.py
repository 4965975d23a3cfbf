"""What the shell does with each text that was typed: a meta command, or statements."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import click

from mlview.cli.failures import report, usage_problem
from mlview.cli.scripts import answers
from mlview.cli.shell.vocabulary import RELATIONS, Vocabulary, vocabulary_of
from mlview.clock import SystemClock
from mlview.errors import MlviewError, did_you_mean
from mlview.sql import is_complete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlview.cli.options import Options
    from mlview.session import Database

META = {
    ".help": "this list",
    ".mode": "table or json: how rows are printed",
    ".quit": "leave, as Ctrl-D does",
    ".tables": "what can be read",
    ".timing": "on or off: how long each statement takes",
}


class Went(Enum):
    """How running a text went."""

    WELL = "well"
    WRONG = "wrong"
    LEFT = "left"


class Shell:
    """Runs what was typed, and tells errors on stderr."""

    def __init__(self, db: Database, options: Options) -> None:
        self._db = db
        self._options = options
        self._clock = SystemClock()
        self._timing = False
        self._known: Vocabulary | None = None

    def vocabulary(self) -> Vocabulary:
        """What can be completed now; looked up anew after each text."""
        if self._known is None:
            try:
                self._known = vocabulary_of(self._db)
            except MlviewError:
                self._known = Vocabulary()  # an aborted transaction answers nothing
        return self._known

    def converse(self, texts: Iterable[str]) -> None:
        """Run each text that is typed, whatever became of the one before."""
        for text in texts:
            try:
                if self.run(text) is Went.LEFT:
                    return
            except KeyboardInterrupt:
                click.echo("interrupted", err=True)

    def read(self, lines: Iterable[str]) -> bool:
        """Run lines that come from a pipe, up to the first error; whether there was none."""
        for text in complete_texts(lines):
            went = self.run(text)
            if went is not Went.WELL:
                return went is Went.LEFT
        return True

    def run(self, text: str) -> Went:
        """Run a meta command or statements."""
        self._known = None
        try:
            if text.strip().startswith("."):
                return self._meta(text.split())
            self._statements(text)
        except MlviewError as error:
            report(error, self._options)
            return Went.WRONG
        return Went.WELL

    def _statements(self, text: str) -> None:
        started = self._clock.monotonic()
        for answer in answers(self._db, text, self._options):
            answer.print()
            if self._options.json:
                answer.print_notices()
            if self._timing:
                click.echo(f"{self._clock.monotonic() - started:.3f} s", err=True)
            started = self._clock.monotonic()

    def _meta(self, words: list[str]) -> Went:
        self._options.excerpt = None
        match words:
            case [".quit" | ".exit"]:
                return Went.LEFT
            case [".help"]:
                for word, does in META.items():
                    click.echo(f"{word:8} {does}")
                click.echo("Statements end with a semicolon. Ctrl-C stops one, Ctrl-D leaves.")
            case [".tables"]:
                self._statements(RELATIONS)
            case [".timing"]:
                self._timing = not self._timing
            case [".timing", "on" | "off" as wanted]:
                self._timing = wanted == "on"
            case [".mode", "table" | "json" as wanted]:
                self._options.json = wanted == "json"
            case [word, *_]:
                hint = f"{word}: {META[word]}" if word in META else did_you_mean(word, META)
                raise usage_problem(f"no command '{' '.join(words)}'", hint=hint or ".help")
        return Went.WELL


def complete_texts(lines: Iterable[str]) -> Iterator[str]:
    r"""Lines put together until a statement is complete; a meta command is a line of its own.

    >>> list(complete_texts(["SELECT 1", ";\n", ".tables\n", "SELECT 2"]))
    ['SELECT 1;\n', '.tables\n', 'SELECT 2']
    """
    text = ""
    for line in lines:
        text += line
        if not text.strip():
            text = ""
        elif text.lstrip().startswith(".") or is_complete(text):
            yield text
            text = ""
    if text.strip():
        yield text

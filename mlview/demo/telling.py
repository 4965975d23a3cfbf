"""How the demo speaks: chapters, the SQL it runs, and narrow tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from mlview.session.display import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview import Database, Result

WIDTH = 80


class Teller:
    """Prints the story; colours and spinners appear on terminals only."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.console.width = min(self.console.width, WIDTH)
        self._chapter = 0

    def chapter(self, title: str) -> None:
        """A numbered heading."""
        self._chapter += 1
        self.console.print()
        self.console.print(Text(f"{self._chapter}. {title}", style="bold cyan"))

    def say(self, text: str) -> None:
        """A sentence or two, wrapped."""
        self.console.print(Text(text))

    def aside(self, text: str) -> None:
        """The same after a result: a line apart."""
        self.console.print()
        self.say(text)

    def code(self, statement: str) -> None:
        """A statement as it is run."""
        text = Syntax("", "sql", theme="ansi_dark").highlight(statement)
        text.rstrip()
        self.console.print()
        self.console.print(text, soft_wrap=True)

    def command(self, line: str) -> None:
        """A line for the user's own shell, unbroken."""
        self.console.print(Text(f"  $ {line}", style="green"), soft_wrap=True)

    def result(self, result: Result) -> None:
        """Rows, or the card of a new view."""
        show(result, self.console)

    def run(self, db: Database, statement: str, *, shown: str | None = None) -> Result:
        """Print a statement, run it with a spinner, and print what came out."""
        self.code(shown or statement)
        with self.working(db, "working"):
            result = db.sql(statement)
        if result.has_rows or result.card is not None:
            self.result(result)
        return result

    @contextmanager
    def working(self, db: Database, what: str) -> Iterator[None]:
        """A spinner that follows the phases of a refresh."""
        before = db.progress
        with self.console.status(what) as status:
            db.progress = lambda view, phase, _done, _total: status.update(f"{view}: {phase}")
            try:
                yield
            finally:
                db.progress = before

    def line(self, cells: Sequence[str], widths: Sequence[int], style: str = "") -> None:
        """One line of a table that grows while the reader watches; the first cell is text."""
        first, *others = zip(cells, widths, strict=True)
        texts = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        self.console.print(Text("  ".join(texts), style=style))

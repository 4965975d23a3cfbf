"""Running a script statement by statement, so that an error can show its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.cli.failures import Excerpt
from mlview.cli.opening import working
from mlview.cli.output import Answer
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.cli.options import Options
    from mlview.session import Database

_SHOWN = 60


def answers(db: Database, script: str, options: Options) -> Iterator[Answer]:
    """The answer to each statement; the next one runs when it is asked for.

    Raises:
        MlviewError: with the line and column within the script.
    """
    from mlview.sql import split_script  # noqa: PLC0415 - heavy, and --help does without

    options.excerpt = Excerpt(script, script)
    for piece in split_script(script):
        options.excerpt = Excerpt(script, piece.text, piece.line, piece.column)
        try:
            with working(db, options, " ".join(piece.text[:_SHOWN].split())):
                found = [Answer(r, as_json=options.json) for r in db.script(piece.text)]
        except MlviewError as error:
            options.excerpt.place(error)
            raise
        yield from found

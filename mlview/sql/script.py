"""A script cut into its statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.errors import SyntaxProblem
from mlview.sql.tokens import Lexeme, position, tokenize

if TYPE_CHECKING:
    from mlview.sql.tokens import Token


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a script, without its semicolon and without comments around it.

    `line` and `column` are the 1-based position of its first token, `offset` is 0-based.
    """

    text: str
    line: int
    column: int
    offset: int


def split_script(text: str) -> tuple[Piece, ...]:
    r"""The statements of a script; empty ones are dropped.

    Raises:
        SyntaxProblem: a string, a quoted name or a comment that never ends.

    >>> [piece.text for piece in split_script("SELECT ';'; -- two;\n; FROM t")]
    ["SELECT ';'", 'FROM t']
    """
    pieces: list[Piece] = []
    run: list[Token] = []
    for token in tokenize(text):
        if token.kind is Lexeme.MARK and token.text == ";":
            pieces.extend(_piece(text, run))
            run = []
        else:
            run.append(token)
    pieces.extend(_piece(text, run))
    return tuple(pieces)


def _piece(text: str, run: list[Token]) -> list[Piece]:
    if not run:
        return []
    start, end = run[0].start, run[-1].end
    line, column = position(text, start)
    return [Piece(text[start:end], line, column, start)]


def is_complete(text: str) -> bool:
    """Whether an interactive prompt may run this: it ends with a semicolon that ends a statement.

    >>> is_complete("SELECT 1;"), is_complete("SELECT ';"), is_complete("SELECT (1;")
    (True, False, False)
    """
    try:
        tokens = tokenize(text)
    except SyntaxProblem:
        return False
    if not tokens:
        return True
    marks = [token.text for token in tokens if token.kind is Lexeme.MARK]
    last = max((at for at, mark in enumerate(marks[:-1]) if mark == ";"), default=-1)
    tail = marks[last + 1 :]
    depth = sum(mark in "([{" for mark in tail) - sum(mark in ")]}" for mark in tail)
    return tokens[-1].text == ";" and depth <= 0

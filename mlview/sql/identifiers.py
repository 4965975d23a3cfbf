"""Names on their own, and whether a text names a column."""

from __future__ import annotations

from mlview.definitions import Name, fold
from mlview.errors import SyntaxProblem
from mlview.sql.cursor import Cursor
from mlview.sql.tokens import Lexeme, tokenize


def parse_name(text: str) -> Name:
    """A relation's name as it is written outside of SQL: `late`, `raw.late`, `"a.b"`, or any text.

    Text that SQL would not take for a name is one, unquoted, as it stands.

    >>> parse_name("raw.flights").schema, parse_name("two words").name
    ('raw', 'two words')
    """
    try:
        cursor = Cursor(text)
        name = cursor.name("a name")
        cursor.expect_end("the name")
    except SyntaxProblem:
        return Name(text)
    return name


def mentions(text: str, column: str) -> bool:
    """Whether a text could read a column: it has a word of that name, or a star.

    It says yes too often (a table of the same name, a star that multiplies) and never too seldom.
    """
    wanted = fold(column)
    for token in tokenize(text):
        if token.kind in (Lexeme.WORD, Lexeme.QUOTED) and fold(token.value) == wanted:
            return True
        if token.kind is Lexeme.MARK and token.text == "*":
            return True
    # `FROM t` alone reads every column, without a star.
    return "select" not in fold(text)

"""Names on their own, and whether a text names a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import Name, fold
from mlview.errors import SyntaxProblem
from mlview.sql.cursor import Cursor
from mlview.sql.tokens import Lexeme, tokenize

if TYPE_CHECKING:
    from mlview.sql.tokens import Token


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

    It says yes too often (a table of the same name) and never too seldom.
    """
    wanted = fold(column)
    tokens = list(tokenize(text))
    for at, token in enumerate(tokens):
        if token.kind in (Lexeme.WORD, Lexeme.QUOTED) and fold(token.value) == wanted:
            return True
        if token.kind is Lexeme.MARK and token.text == "*" and not _no_columns(tokens, at):
            return True
    # `FROM t` alone reads every column, without a star.
    return "select" not in fold(text)


_BEFORE_STAR = frozenset(["SELECT", "DISTINCT", "ALL", "FROM", "BY"])
_AFTER_STAR = frozenset(
    ["FROM", "EXCLUDE", "REPLACE", "RENAME", "LIKE", "ILIKE", "SIMILAR", "GLOB", "NOT"]
)


def _no_columns(tokens: list[Token], at: int) -> bool:
    """Whether a star stands for no columns: it multiplies, or it is that of `count(*)`."""
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if before is None or after is None:
        return False
    if before.text == "(":
        called = tokens[at - 2] if at > 1 else None
        return after.text == ")" and called is not None and called.word == "COUNT"
    factor = before.text == ")" or (before.is_value and before.word not in _BEFORE_STAR)
    return factor and (after.text == "(" or (after.is_value and after.word not in _AFTER_STAR))

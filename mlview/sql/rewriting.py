"""Statements that rewrite the files of the lake, or let go of its past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.errors import SyntaxProblem
from mlview.sql.tokens import Lexeme, tokenize

if TYPE_CHECKING:
    from mlview.sql.tokens import Token

_STATEMENTS = (
    ("CHECKPOINT",),
    ("FORCE", "CHECKPOINT"),
    ("PRAGMA", "CHECKPOINT"),
    ("PRAGMA", "FORCE_CHECKPOINT"),
)
_EXPLAINED = frozenset({"EXPLAIN", "ANALYZE"})
_LAKES = frozenset({"lake", "store"})
_FUNCTIONS = frozenset({"ducklake_rewrite_data_files", "ducklake_expire_snapshots"})


def rewriting(text: str) -> str | None:
    """What in a statement changes or drops earlier snapshots of a lake, as it was typed.

    >>> rewriting("CALL ducklake_rewrite_data_files('lake')")
    'ducklake_rewrite_data_files'
    >>> rewriting("FROM query('FROM ducklake_expire_snapshots(''lake'')')")
    'ducklake_expire_snapshots'
    >>> rewriting("SELECT 'CHECKPOINT'") is None
    True
    """
    tokens = tokenize(text)
    start = 0
    while start < len(tokens) and tokens[start].word in _EXPLAINED:
        start += 1
    for words in _STATEMENTS:
        end = start + len(words)
        if tuple(token.word for token in tokens[start:end]) == words:
            of = tokens[end].value.lower() if len(tokens) > end else ";"
            return " ".join(words) if of in (";", *_LAKES) else None
    # The lake may be named by any expression, so every call counts.
    for token, following, given in zip(tokens, tokens[1:], (*tokens[2:], None), strict=False):
        if token.is_name and following.text == "(":
            found = token.text if token.value.lower() in _FUNCTIONS else _queried(token, given)
            if found is not None:
                return found
    return None


def _queried(function: Token, given: Token | None) -> str | None:
    """What the text rewrites that DuckDB's function `query` is called with."""
    if function.word != "QUERY" or given is None or given.kind is not Lexeme.STRING:
        return None
    try:
        return rewriting(given.value)
    except SyntaxProblem:
        return None

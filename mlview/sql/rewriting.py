"""Statements that rewrite the files of the lake, or let go of its past."""

from __future__ import annotations

from mlview.sql.tokens import Lexeme, tokenize

_STATEMENTS = (
    ("CHECKPOINT",),
    ("FORCE", "CHECKPOINT"),
    ("PRAGMA", "CHECKPOINT"),
    ("PRAGMA", "FORCE_CHECKPOINT"),
)
_LAKES = frozenset({"lake", "store"})
_FUNCTIONS = frozenset({"ducklake_rewrite_data_files", "ducklake_expire_snapshots"})


def rewriting(text: str) -> str | None:
    """What in a statement changes or drops earlier snapshots of the lake, as it was typed.

    >>> rewriting("CALL ducklake_rewrite_data_files('lake')")
    'ducklake_rewrite_data_files'
    >>> rewriting("SELECT 'CHECKPOINT'") is None
    True
    """
    tokens = tokenize(text)
    for words in _STATEMENTS:
        if tuple(token.word for token in tokens[: len(words)]) == words:
            of = tokens[len(words)].value.lower() if len(tokens) > len(words) else ";"
            return " ".join(words) if of in (";", *_LAKES) else None
    called = (token.text for token in tokens if token.is_name and token.value.lower() in _FUNCTIONS)
    texts = {token.value.lower() for token in tokens if token.kind is Lexeme.STRING}
    return next(called, None) if texts & _LAKES else None

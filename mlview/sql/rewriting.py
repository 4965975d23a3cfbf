"""Statements that rewrite the files of the lake, or let go of its past."""

from __future__ import annotations

from itertools import pairwise

from mlview.sql.tokens import tokenize

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
    for token, following in pairwise(tokens):
        if token.is_name and following.text == "(" and token.value.lower() in _FUNCTIONS:
            return token.text
    return None

"""A query's text without what does not matter: the same text for the same meaning."""

from __future__ import annotations

from sqlglot.dialects.duckdb import DuckDB

from mlview.definitions import always_quote, fold, literal, quote
from mlview.sql.tokens import Lexeme, Token, tokenize
from mlview.sql.words import CLOCK_WORDS, SESSION_WORDS

_KEYWORDS = frozenset(word.lower() for word in DuckDB.Tokenizer.KEYWORDS)
_SPECIAL = _KEYWORDS | CLOCK_WORDS | SESSION_WORDS


def canonical(query: str) -> str:
    """Tokens with single spaces, comments dropped, words folded, strings kept.

    Two texts with one canonical form mean the same; `canonical(canonical(q)) == canonical(q)`.

    Raises:
        SyntaxProblem: text that cannot be cut into tokens.

    >>> canonical("SELECT  Carrier, 'A' /* why */ FROM Flights;")
    "select carrier , 'A' from flights"
    """
    tokens = list(tokenize(query))
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return " ".join(map(_canonical, tokens))


def _canonical(token: Token) -> str:
    match token.kind:
        case Lexeme.QUOTED:
            return _name(fold(token.value))
        case Lexeme.STRING:
            return token.text if "\\" in token.text else literal(token.value)
        case _:
            return fold(token.text)


def _name(folded: str) -> str:
    """Quotes go where the bare word would be the same name and nothing else."""
    return always_quote(folded) if folded in _SPECIAL else quote(folded)

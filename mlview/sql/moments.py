"""`AT (VERSION => n)` and `AT (TIMESTAMP => t)`, found on tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from mlview.sql.cursor import Cursor
from mlview.sql.facts import At

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.sql.tokens import Token

_SIZE = 5
_ENDS = frozenset([")", "]"])


def find_moments(text: str, tokens: Sequence[Token]) -> dict[int, tuple[At, int]]:
    """Each AT by the index of its first token, with the index after its last one."""
    found: dict[int, tuple[At, int]] = {}
    for index, token in enumerate(tokens[: -_SIZE + 1]):
        kind = tokens[index + 2].word
        if (
            token.word == "AT"
            and tokens[index + 1].text == "("
            and kind in ("VERSION", "TIMESTAMP")
            and tokens[index + 3].text == "=>"
            and index > 0
            and (tokens[index - 1].is_name or tokens[index - 1].text in _ENDS)
        ):
            found[index] = _moment(text, tokens, index)
    return found


def _moment(text: str, tokens: Sequence[Token], index: int) -> tuple[At, int]:
    cursor = Cursor(text, tokens)
    cursor.index = index + 1
    close = cursor.matching()
    expression = text[tokens[index + 4].start : tokens[close - 1].end]
    kind = cast("Literal['VERSION', 'TIMESTAMP']", tokens[index + 2].word)
    return At(kind, expression, tokens[index].start, tokens[close].end), close + 1

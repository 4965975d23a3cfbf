"""A query's text made ready for the parser: calls and moments hidden, every offset kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.sql.calls import find_calls
from mlview.sql.moments import find_moments
from mlview.sql.tokens import Lexeme, Token, check_depth, tokenize

if TYPE_CHECKING:
    from mlview.sql.facts import At, Call


@dataclass(frozen=True, slots=True)
class Reading:
    """A query cut into tokens.

    `visible` are the tokens that are left when each call has become one name (`calls` by its
    start) and each moment is gone (`moments` by the place in `visible` it stood before).
    `plain` is the text of the visible tokens, blanks between them, at their own offsets.
    """

    text: str
    tokens: tuple[Token, ...]
    visible: tuple[Token, ...]
    calls: dict[int, Call]
    moments: dict[int, At]
    plain: str

    def place(self, offset: int) -> int | None:
        """The place in `visible` of the token that starts at the offset."""
        low, high = 0, len(self.visible)
        while low < high:
            middle = (low + high) // 2
            if self.visible[middle].start < offset:
                low = middle + 1
            else:
                high = middle
        found = low < len(self.visible) and self.visible[low].start == offset
        return low if found else None


def read_query(text: str) -> Reading:
    """Cut a query into tokens and hide what no other parser knows.

    Raises:
        SyntaxProblem: text that cannot be cut, or a call that cannot be meant.
    """
    from_lexer = tokenize(text)
    check_depth(text, from_lexer)
    calls = {call.start: call for call in find_calls(text, from_lexer)}
    tokens = _hide_calls(from_lexer, calls)
    found = find_moments(text, tokens)
    visible: list[Token] = []
    moments: dict[int, At] = {}
    index = 0
    while index < len(tokens):
        if index in found:
            moments[len(visible)], index = found[index]
        else:
            visible.append(tokens[index])
            index += 1
    return Reading(text, from_lexer, tuple(visible), calls, moments, _plain(text, visible))


def _hide_calls(tokens: tuple[Token, ...], calls: dict[int, Call]) -> list[Token]:
    visible: list[Token] = []
    hidden_until = 0
    for token in tokens:
        call = calls.get(token.start)
        if token.start < hidden_until:
            continue
        if call is None:
            visible.append(token)
            continue
        hidden_until = call.end
        stand_in = f"ml_{call.start}".ljust(call.end - call.start, "_")
        visible.append(Token(Lexeme.WORD, stand_in, stand_in, call.start, call.end, stand_in))
    return visible


def _plain(text: str, visible: list[Token]) -> str:
    parts: list[str] = []
    offset = 0
    for place, token in enumerate(visible):
        parts.append(" " * (token.start - offset))
        hidden = place == 0 and token.word == "EXPLAIN"
        hidden = hidden or (place == 1 and token.word == "ANALYZE")
        parts.append(" " * len(token.text) if hidden else token.text)
        offset = token.end
    parts.append(" " * (len(text) - offset))
    return "".join(parts)

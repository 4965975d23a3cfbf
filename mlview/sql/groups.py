"""A query's tokens as nested brackets: each group read without what is inside another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlview.sql.foreign import QUERY_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview.sql.tokens import Token

_OPEN = frozenset("([{")
_CLOSE = frozenset(")]}")
_CUTS = frozenset(["LIMIT", "OFFSET", "FETCH"])


@dataclass(slots=True)
class Group:
    """The tokens directly inside a pair of brackets, or of the whole text.

    `before` are the tokens in front of the opening bracket, nearest last; an opening bracket
    inside stands for its whole group, which is in `inner` by the index of that bracket.
    """

    before: tuple[Token, ...] = ()
    after: tuple[Token, ...] = ()
    tokens: list[Token] = field(default_factory=list)
    inner: dict[int, Group] = field(default_factory=dict)
    closing: Token | None = None

    def words(self) -> list[str]:
        """The keywords, empty for everything that is no word."""
        return [token.word for token in self.tokens]

    @property
    def is_query(self) -> bool:
        """Whether a query stands in the brackets."""
        return bool(self.tokens) and self.tokens[0].word in QUERY_WORDS

    def everywhere(self) -> Iterator[Group]:
        """This group and all groups inside it."""
        waiting = [self]
        while waiting:
            group = waiting.pop()
            yield group
            waiting.extend(group.inner.values())

    def find(self, *words: str, start: int = 0) -> int | None:
        """The index of the first token where these words stand side by side."""
        spelled = self.words()
        for index in range(start, len(spelled) - len(words) + 1):
            if tuple(spelled[index : index + len(words)]) == words and not self.is_dotted(index):
                return index
        return None

    def end_of(self, index: int) -> int:
        """The offset behind the token at an index, or behind the bracket that closes it."""
        inner = self.inner.get(index)
        if inner is None or inner.closing is None:
            return self.tokens[index].end
        return inner.closing.end

    def is_dotted(self, index: int) -> bool:
        """Whether the token is a column of something: `t.limit`."""
        return index > 0 and self.tokens[index - 1].text == "."

    def has_order(self) -> bool:
        """Whether an ORDER BY stands directly inside."""
        return self.find("ORDER", "BY") is not None

    def cut(self) -> int | None:
        """The index of the first LIMIT, OFFSET or FETCH directly inside."""
        for index, word in enumerate(self.words()):
            if word in _CUTS and not self.is_dotted(index):
                return index
        return None


def group_tokens(tokens: Sequence[Token]) -> Group:
    """The whole text as one group; a bracket too many or too few is tolerated."""
    top = Group()
    open_groups = [top]
    for place, token in enumerate(tokens):
        current = open_groups[-1]
        if token.text in _CLOSE and len(open_groups) > 1:
            closed = open_groups.pop()
            closed.closing, closed.after = token, tuple(tokens[place + 1 : place + 4])
            continue
        current.tokens.append(token)
        if token.text in _OPEN:
            group = Group(before=tuple(tokens[max(0, place - 4) : place]))
            current.inner[len(current.tokens) - 1] = group
            open_groups.append(group)
    return top

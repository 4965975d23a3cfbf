"""The names that WITH declares, and where in the tokens of a statement they can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.sql.walk import closing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.sql.reading import Reading

_SET_WORDS = frozenset(["UNION", "INTERSECT", "EXCEPT"])


@dataclass(frozen=True, slots=True)
class Scope:
    """A folded name and the places of the visible tokens, end exclusive, from where it is seen."""

    name: str
    start: int
    end: int


def common_tables(reading: Reading) -> tuple[Scope, ...]:
    """Every common table expression: seen behind its body up to the end of what WITH is part of.

    A recursive one is also seen in its body, behind the UNION.
    """
    return tuple(
        scope
        for place, token in enumerate(reading.visible)
        if token.word == "WITH"
        for scope in _declared(reading, place)
    )


def _declared(reading: Reading, place: int) -> Iterator[Scope]:
    tokens, end = reading.visible, _end_of_group(reading, place)
    place += 1
    recursive = place < len(tokens) and tokens[place].word == "RECURSIVE"
    place += recursive
    while place + 1 < len(tokens) and tokens[place].is_name:
        name = fold(tokens[place].value)
        opening = _body(reading, place + 1)
        if opening is None:
            return
        last = closing(reading, opening)
        if recursive and (union := _union(reading, opening, last)) is not None:
            yield Scope(name, union, last)
        yield Scope(name, last + 1, end)
        if last + 1 >= len(tokens) or tokens[last + 1].text != ",":
            return
        place = last + 2


def _body(reading: Reading, place: int) -> int | None:
    """The place of the bracket that opens the body behind a name: `(columns) AS (`."""
    tokens = reading.visible
    while place < len(tokens) and tokens[place].word != "AS":
        if tokens[place].text == "(":
            place = closing(reading, place)
        elif tokens[place].word not in ("USING", "KEY"):
            return None
        place += 1
    place += 1
    while place < len(tokens) and tokens[place].word in ("NOT", "MATERIALIZED"):
        place += 1
    return place if place < len(tokens) and tokens[place].text == "(" else None


def _union(reading: Reading, opening: int, last: int) -> int | None:
    """The place of the last set operation directly inside the brackets."""
    found, place = None, opening + 1
    while place < last:
        if reading.visible[place].text == "(":
            place = closing(reading, place)
        elif reading.visible[place].word in _SET_WORDS:
            found = place
        place += 1
    return found


def _end_of_group(reading: Reading, place: int) -> int:
    depth = 0
    for index in range(place, len(reading.visible)):
        text = reading.visible[index].text
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if depth < 0:
            return index
    return len(reading.visible)

"""Texts that a column is compared with and never has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.errors import BindProblem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_EQUALITIES = frozenset(
    [
        "COMPARE_EQUAL",
        "COMPARE_NOTEQUAL",
        "COMPARE_DISTINCT_FROM",
        "COMPARE_NOT_DISTINCT_FROM",
        "COMPARE_IN",
        "COMPARE_NOT_IN",
    ]
)


def check_compared(node: object, values: Mapping[str, Sequence[str]]) -> None:
    """Refuse one comparison, as DuckDB serializes it, of a column with a text it never has.

    Args:
        node: any node; one that is no comparison for equality is let through.
        values: by folded name, all that a column can be.

    Raises:
        BindProblem: with the nearest value there is, and in `facts["location"]` where DuckDB
            says that the text stands.
    """
    match node:
        case {"type": str(kind), "left": left, "right": right} if kind in _EQUALITIES:
            sides = [left, right]
        case {"type": str(kind), "children": [*sides]} if kind in _EQUALITIES:
            pass
        case _:
            return
    for column in _columns(sides):
        known = values.get(fold(column))
        for text, location in _texts(sides) if known is not None else ():
            if known is not None and text not in known:
                raise BindProblem(
                    f"{column} is never '{text}'",
                    hint=did_you_mean(text, known) or f"it is one of {', '.join(known)}",
                    location=location,
                )


def _columns(sides: Sequence[object]) -> Iterator[str]:
    for side in sides:
        match side:
            case {"class": "COLUMN_REF", "column_names": [*_, str(name)]}:
                yield name


def _texts(sides: Sequence[object]) -> Iterator[tuple[str, int]]:
    for side in sides:
        match side:
            case {
                "class": "CONSTANT",
                "value": {"value": str(text), "type": {"id": "VARCHAR"}},
                "query_location": int(location),
            }:
                yield text, location

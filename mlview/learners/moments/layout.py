"""Which sums are kept, and the columns they are of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Shape(StrEnum):
    """Which products of columns are summed."""

    PAIRS = "every column with every column"
    PAIRS_BY_CLASS = "every column with every column, for each class of the label"
    CLASS_TOTALS = "every column alone, for each class of the label"


@dataclass(frozen=True, slots=True)
class Layout:
    """What is summed; two models with equal layouts can be solved from one state.

    Attributes:
        numbers: features read as float64: numbers, booleans and moments.
        texts: features read as categories.
        flags: those of the numbers that are only ever 0 and 1.
        target: the label; None for an unsupervised model.
        classes: whether the label is a class; else it is summed as a number.
        shape: which products are summed.
        squares: whether the squares of numbers are summed where `shape` has no products.
        extremes: whether the smallest and the largest value of each number are kept.
    """

    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    flags: tuple[str, ...]
    target: str | None
    classes: bool
    shape: Shape
    squares: bool = False
    extremes: bool = False


class Kind(StrEnum):
    """What a summed column holds of a row.

    NUMBER: a number less its shift, 0 where it is missing. MISSING: 1 where a number is missing.
    SQUARE: the square of NUMBER. LEVEL: 1 where a text has this value. CLASS: 1 where the label
    has this value. ONE: 1.
    """

    NUMBER = "NUMBER"
    MISSING = "MISSING"
    SQUARE = "SQUARE"
    LEVEL = "LEVEL"
    CLASS = "CLASS"
    ONE = "ONE"


Value = bool | int | float | str | None


class Key(NamedTuple):
    """A summed column: its kind, the table's column, and the value it stands for.

    `value` is None for a missing text, which is a level like any other. A tuple, because every
    batch looks up hundreds of them.
    """

    kind: Kind
    column: str = ""
    value: Value = None


ONE = Key(Kind.ONE)


class Columns:
    """The summed columns in order of arrival; a position, once given, is kept."""

    def __init__(self, keys: tuple[Key, ...] = ()) -> None:
        self.keys: list[Key] = []
        self._at: dict[Key, int] = {}
        for key in keys:
            self.at(key)

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, key: Key) -> bool:
        return key in self._at

    def at(self, key: Key) -> int:
        """The position of a column, a new one at the end if it has none."""
        position = self._at.get(key)
        if position is None:
            position = self._at[key] = len(self.keys)
            self.keys.append(key)
        return position

    def find(self, key: Key) -> int | None:
        """The position of a column, None if it never arrived."""
        return self._at.get(key)

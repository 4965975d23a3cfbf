"""Matrices added up so that what is taken away leaves no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]


class Sums:
    """One matrix of sums, with the number of rows in it.

    Each entry is a float64 and the rounding it has lost, which Neumaier's algorithm (1974) keeps
    apart, so that the error does not grow with the number of batches.

    Attributes:
        value, carry: rows x columns; the sum is `value + carry`.
        count: rows added less rows taken away.
        reach: for each measured column, the sum of squares of all that ever was added or taken
            away: what rounding is relative to.
    """

    def __init__(self, rows: int, columns: int, measured: int) -> None:
        self.value: Floats = np.zeros((rows, columns))
        self.carry: Floats = np.zeros((rows, columns))
        self.count = 0
        self.reach: Floats = np.zeros(measured)

    def grow(self, rows: int, columns: int) -> None:
        """Make room for columns that arrived; what is not there yet is 0."""
        missing = ((0, rows - self.value.shape[0]), (0, columns - self.value.shape[1]))
        if missing != ((0, 0), (0, 0)):
            self.value = np.pad(self.value, missing)
            self.carry = np.pad(self.carry, missing)

    def add(self, part: Floats, rows: Places, columns: Places) -> None:
        """Add a matrix at the places of its rows and columns."""
        at, part = _placed(part, rows, columns)
        before = self.value[at]
        with np.errstate(over="ignore", invalid="ignore"):  # who reads infinite sums refuses them
            after = before + part
            larger = np.abs(before) >= np.abs(part)
            lost = (np.where(larger, before, part) - after) + np.where(larger, part, before)
        self.value[at] = after
        self.carry[at] += lost

    def absorb(self, other: Sums, rows: Places, columns: Places) -> None:
        """Add another's sums at the places of its rows and columns here."""
        self.add(other.value, rows, columns)
        self.carry[np.ix_(rows, columns)] += other.carry
        self.count += other.count
        self.reach += other.reach

    def forget(self, columns: NDArray[np.bool_], rows: NDArray[np.bool_] | None = None) -> None:
        """Clear what rounding left of columns that no row has any more."""
        for matrix in (self.value, self.carry):
            matrix[:, columns] = 0.0
            if rows is not None:
                matrix[rows, :] = 0.0

    def total(self) -> Floats:
        """The sums."""
        with np.errstate(invalid="ignore"):
            whole: Floats = self.value + self.carry
        return whole


def _placed(part: Floats, rows: Places, columns: Places) -> tuple[Any, Floats]:
    """Where a matrix goes, and the matrix in that order: a region where its places are all of one.

    Reading and writing a region is several times as fast as reading and writing places.
    """
    down, across = np.argsort(rows), np.argsort(columns)
    if _gapless(rows[down]) and _gapless(columns[across]):
        at = (slice(rows[down[0]], rows[down[-1]] + 1),
              slice(columns[across[0]], columns[across[-1]] + 1))  # fmt: skip
        return at, part.take(down, axis=0).take(across, axis=1)
    return np.ix_(rows, columns), part


def _gapless(places: Places) -> bool:
    return bool(len(places) and places[-1] - places[0] == len(places) - 1)

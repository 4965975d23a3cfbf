"""Where each number's sums are centred, and how large a value is ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SAMPLE = 4_096
"""Values of the first batch that the shift and the scale are read off."""

STEP_BITS = 10
"""Rows whose largest value is within 2^10 scales are summed together; beyond, for each further
factor of 2^10 apart, so that a corrupt row cannot round away digits of ordinary ones."""

_UNVARIED = 2.0**-50
"""The scale of a column that is constant so far, as a share of its value: whatever differs later
is summed apart by how much."""


class Frame:
    """A shift and a scale for each measured column, fixed once its first values are seen.

    Sums of squares of `x - shift` keep the digits that sums of squares of `x` would lose.
    The shift is the median, which a corrupt row among the first does not move, rounded so that
    whole numbers stay whole and their sums exact.

    Attributes:
        shifts, scales: NaN for a column whose first value has not come.
        names: the measured columns.
    """

    def __init__(self, names: tuple[str, ...], shifts: Floats | None = None,
                 scales: Floats | None = None) -> None:  # fmt: skip
        self.names = names
        self.shifts: Floats = np.full(len(names), np.nan) if shifts is None else shifts.copy()
        self.scales: Floats = np.full(len(names), np.nan) if scales is None else scales.copy()

    def copy(self) -> Frame:
        """A frame that can be completed without changing this one."""
        return Frame(self.names, self.shifts, self.scales)

    def equals(self, other: Frame) -> bool:
        """Whether sums in the two can be added as they are."""
        return np.array_equal(self.shifts, other.shifts, equal_nan=True) and np.array_equal(
            self.scales, other.scales, equal_nan=True
        )

    def look(self, position: int, values: Floats, *, flag: bool) -> float:
        """The shift of a column, fixed on these values if it has none.

        0 for a column without a finite value so far: it has nothing to shift.
        """
        if np.isnan(self.shifts[position]):
            if flag:
                self.shifts[position], self.scales[position] = 0.0, 1.0
            else:
                self._fix(position, values)
        shift = self.shifts[position]
        return 0.0 if np.isnan(shift) else float(shift)

    def _fix(self, position: int, values: Floats) -> None:
        step = max(1, len(values) // SAMPLE)
        sample = values[::step]
        sample = sample[np.isfinite(sample)]
        if not len(sample):
            sample = values[np.isfinite(values)][:SAMPLE]
        if not len(sample):
            return
        middle = float(np.partition(sample, len(sample) // 2)[len(sample) // 2])
        with np.errstate(over="ignore"):
            away = np.abs(sample - middle)
        spread = float(np.median(away))
        if not spread:
            # What is nearly constant is measured by what is not the same.
            away = np.abs(values - middle)
            away = away[(away > 0) & (away < np.inf)]
            spread = float(np.median(away)) if len(away) else 0.0
        if not 0 < spread < np.inf:
            self.shifts[position] = middle
            self.scales[position] = max(abs(middle), 1.0) * _UNVARIED
            return
        grid = 2.0 ** np.floor(np.log2(spread))
        rounded = np.round(middle / grid) * grid
        self.shifts[position] = rounded if np.isfinite(rounded) else middle
        self.scales[position] = spread

    def magnitudes(self, shifted: Floats, reach: Floats) -> NDArray[np.int64] | int:
        """For each row, which power of 2^STEP_BITS its largest value is within.

        A function of the row and of the constants here alone: a row that is taken away is found
        where it was added. One number if all rows share it.

        Args:
            shifted: measured columns x rows, 0 where missing.
            reach: for each column, what no value is further from 0 than.
        """
        if not shifted.size:
            return 0
        scales = np.where(np.isnan(self.scales), 1.0, self.scales)
        if (reach <= scales * 2.0**STEP_BITS).all():
            return 0
        # A scale above 1 cannot overflow a quotient; one below may, and is met by the maximum.
        with np.errstate(over="ignore"):
            ratio = (np.abs(shifted) / scales[:, None]).max(axis=0)
        exponent = np.frexp(np.minimum(ratio, np.finfo(float).max))[1].astype(np.int64)
        exact = ratio == np.ldexp(1.0, np.minimum(exponent - 1, 1023))
        classes: NDArray[np.int64] = np.maximum((exponent - exact - 1) // STEP_BITS, 0)
        lowest = int(classes.min())
        return classes if lowest != classes.max() else lowest

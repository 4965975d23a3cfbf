"""From sums of raw columns to sums of the columns an estimator is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlview.learners.families import Family, family_of
from mlview.learners.moments.layout import ONE, Key, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a pass over all rows would learn of each number; one entry per name.

    Attributes:
        names: the numbers in the order of the features.
        rows: rows with and without a value.
        means: of the values that are present, which is what missing ones become.
        offsets: the means less the shifts.
        variances: of the imputed column; empty if its squares are not summed.
        scales: their roots, 1 for a column that is constant up to rounding.
        lows, highs: the extremes; empty if they are not kept.
        modes: for flags, the commoner of 0 and 1, and 0 in a tie.
    """

    names: tuple[str, ...]
    rows: int
    means: Floats
    offsets: Floats
    variances: Floats
    scales: Floats
    lows: Floats
    highs: Floats
    modes: Floats


def learn_numbers(moments: Moments) -> Numbers:
    """The means, deviations and extremes that preprocessing is made of."""
    names = moments.layout.numbers
    sums = moments.column()
    rows = sums.get(ONE, 0.0)
    shifts = np.nan_to_num(moments.frame.shifts[: len(names)])
    missing = np.array([sums.get(Key(Kind.MISSING, n), 0.0) for n in names])
    shifted = np.array([sums.get(Key(Kind.NUMBER, n), 0.0) for n in names])
    present = rows - missing
    with np.errstate(divide="ignore", invalid="ignore"):
        offsets = shifted / present
        squared = moments.squares()[: len(names)]
        # Imputed values lie on the mean and add nothing to the spread around it.
        around = present * offsets**2
        variances = np.maximum(squared - around[: len(squared)], 0.0) / rows
    means = shifts + offsets
    deviations = np.sqrt(variances)
    deviations[_constant(variances, means[: len(variances)], rows)] = 1.0
    edges = list(moments.edges.values())
    return Numbers(
        names=names,
        rows=round(rows),
        means=means,
        offsets=offsets,
        variances=variances,
        scales=deviations,
        lows=np.array([low.value for low, _ in edges], dtype=np.float64),
        highs=np.array([high.value for _, high in edges], dtype=np.float64),
        modes=(offsets * present > rows - missing - offsets * present).astype(np.float64),
    )


def _constant(variances: Floats, means: Floats, rows: float) -> NDArray[np.bool_]:
    """Which columns scikit-learn's StandardScaler takes for constant (Chan, Golub & LeVeque)."""
    found: NDArray[np.bool_] = (
        variances <= rows * _EPSILON * variances + (rows * means * _EPSILON) ** 2
    )
    return found


@dataclass(frozen=True, slots=True)
class Design:
    """The columns an estimator is given, as linear functions of the summed ones.

    A number is given as `(z + fill * u + move) * factor`, with z its NUMBER and u its MISSING
    column; a level as it is.

    Attributes:
        outputs: what each column is made from, in the estimator's order.
        fill, move, factor: one entry per output.
    """

    outputs: tuple[Key, ...]
    fill: Floats
    move: Floats
    factor: Floats

    def square(self, moments: Moments, group: Key, others: Sequence[Key]) -> Floats:
        """Sums of all products of the outputs, then of the `others`, for one class or all rows."""
        once = self._columns(moments, moments.group(group), others)
        twice = self._columns(moments, np.ascontiguousarray(once.T), others)
        result: Floats = (twice + twice.T) / 2
        return result

    def totals(self, moments: Moments, matrix: Floats, others: Sequence[Key] = ()) -> Floats:
        """Sums of the outputs, then of the `others`, in the rows of a matrix of sums."""
        return self._columns(moments, matrix, others)

    def squared(self, moments: Moments, matrix: Floats) -> Floats:
        """Sums of squares of the outputs in the rows of a matrix of sums with squares."""
        at = moments.columns
        number = _pick(matrix, [at.find(key) for key in self.outputs])
        is_level = np.array([key.kind is Kind.LEVEL for key in self.outputs], dtype=bool)
        square = _pick(matrix, [at.find(Key(Kind.SQUARE, key.column)) for key in self.outputs])
        gone = _pick(matrix, [at.find(Key(Kind.MISSING, key.column)) for key in self.outputs])
        ones = matrix[:, [at.at(ONE)]]
        numbers = (
            square
            + self.fill**2 * gone
            + self.move**2 * ones
            + 2 * self.move * number
            + 2 * self.move * self.fill * gone
        ) * self.factor**2
        return np.where(is_level, number, numbers)

    def _columns(self, moments: Moments, matrix: Floats, others: Sequence[Key]) -> Floats:
        at = moments.columns
        result = _pick(matrix, [at.find(key) for key in (*self.outputs, *others)])
        width = len(self.outputs)
        gone = [
            at.find(Key(Kind.MISSING, key.column)) if key.kind is Kind.NUMBER else None
            for key in self.outputs
        ]
        made = result[:, :width]
        made += self.fill * _pick(matrix, gone)
        made += self.move * matrix[:, [at.at(ONE)]]
        made *= self.factor
        return result


def _pick(matrix: Floats, places: Sequence[int | None]) -> Floats:
    """Columns of a matrix; 0 where there is no place."""
    found = np.array([-1 if p is None else p for p in places], dtype=np.intp)
    result: Floats = matrix[:, found]
    result[:, found < 0] = 0.0
    return result


def design(moments: Moments, numbers: Numbers, outputs: tuple[Key, ...]) -> Design:
    """How the outputs follow from the sums, by what the method's family does to numbers."""
    at = {name: position for position, name in enumerate(numbers.names)}
    fill, move, factor = np.zeros((3, len(outputs)))
    factor[:] = 1.0
    shifts = np.nan_to_num(moments.frame.shifts)
    for place, key in enumerate(outputs):
        if key.kind is not Kind.NUMBER:
            continue
        n = at[key.column]
        fill[place] = numbers.offsets[n]
        match family_of(moments.method.name):
            case Family.NON_NEGATIVE:
                reach = numbers.highs[n] - numbers.lows[n]
                move[place] = shifts[n] - numbers.lows[n]
                factor[place] = 1.0 / reach if reach >= _TINY else 1.0
            case Family.FLAGS | Family.LEVELS:
                fill[place] = numbers.modes[n]
            case _:
                move[place] = -numbers.offsets[n]
                factor[place] = 1.0 / numbers.scales[n]
    return Design(outputs, fill, move, factor)


_TINY = 10 * _EPSILON

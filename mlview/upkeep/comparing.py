"""Two tables that should be the same: how far are they apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Difference:
    """How two tables of one schema differ; `largest` is relative, over all numbers."""

    equal: bool
    rows: int
    largest: float
    said: str


def compare(
    before: pa.Table,
    after: pa.Table,
    tolerance: float = TOLERANCE,
    *,
    answers: bool = False,
    together: bool = False,
) -> Difference:
    """Compare row by row: values exactly, floating-point numbers within a relative tolerance.

    With `answers` a number is measured against the size of its column as well: an answer that
    happens to be near zero is no less exact than its neighbours. With `together` the largest
    column is the measure for all: components of one row are of one unit, and one in which next to
    nothing varies is rounding.

    >>> import pyarrow as pa
    >>> compare(pa.table({"x": [1.0, 2.0]}), pa.table({"x": [1.0, 2.0]})).said
    'identical'
    """
    if before.num_rows != after.num_rows:
        return Difference(
            equal=False,
            rows=before.num_rows,
            largest=0.0,
            said=f"{before.num_rows:,} rows were stored, {after.num_rows:,} come out now",
        )
    if before.equals(after):
        return Difference(equal=True, rows=before.num_rows, largest=0.0, said="identical")
    largest, differing = 0.0, []
    size = _size(before) if answers and together else 0.0
    for name in before.column_names:
        left, right = before[name].combine_chunks(), after[name].combine_chunks()
        if left.equals(right):
            continue
        apart = _apart(left, right, answers=answers, size=size)
        if apart is None or apart > tolerance:
            differing.append(name)
        largest = max(largest, apart or 0.0)
    if differing:
        said = f"{', '.join(differing)} differ"
        said += f", by {largest:.1e} at most" if largest else ""
    else:
        said = f"equal within {tolerance:g} (largest {largest:.1e})"
    return Difference(equal=not differing, rows=before.num_rows, largest=largest, said=said)


def _size(table: pa.Table) -> float:
    """The size of the largest column of floats: the root of its mean square."""
    found = [np.nan_to_num(c.to_numpy()) for c in table.columns if pa.types.is_floating(c.type)]
    return max((float(np.sqrt(np.mean(c**2))) for c in found if len(c)), default=0.0)


def _apart(left: pa.Array, right: pa.Array, *, answers: bool, size: float = 0.0) -> float | None:
    """The largest relative difference of two float arrays; None if they differ otherwise."""
    if pa.types.is_map(left.type) and left.type == right.type:
        # Probabilities by class: the classes exactly, the probabilities as numbers.
        same = left.offsets.equals(right.offsets) and left.keys.equals(right.keys)
        return _apart(left.items, right.items, answers=answers, size=size) if same else None
    if not pa.types.is_floating(left.type) or left.type != right.type:
        return None
    if not left.is_null().equals(right.is_null()):
        return None
    a = left.to_numpy(zero_copy_only=False)
    b = right.to_numpy(zero_copy_only=False)
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return None
    return _relative(a[finite], b[finite], answers=answers, size=size)


def _relative(
    a: NDArray[np.float64], b: NDArray[np.float64], *, answers: bool, size: float
) -> float:
    least = max(size, float(np.sqrt(np.mean(a**2)))) if answers and len(a) else 0.0
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), max(least, np.finfo(np.float64).tiny))
    return float(np.max(np.abs(a - b) / scale, initial=0.0))

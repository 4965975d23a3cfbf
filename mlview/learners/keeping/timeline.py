"""How many labelled rows there are at each moment, and from which moment on rows are held out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.definitions import HoldoutLast

MAX_MOMENTS = 200_000
"""Distinct moments beyond which they are not kept: counting them again is cheaper."""


@dataclass(frozen=True)
class Timeline:
    """Rows per moment: microseconds since 1970 in ascending order, and how many of each."""

    stamps: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, stamps: NDArray[np.int64], weights: NDArray[np.int64] | None = None) -> Timeline:
        """Count stamps, each as often as its weight says, or once."""
        if weights is None:
            found, counts = np.unique(stamps, return_counts=True)
            return cls(found, counts.astype(np.int64))
        found, place = np.unique(stamps, return_inverse=True)
        counts = np.zeros(len(found), np.int64)
        np.add.at(counts, place, weights)
        kept = counts != 0
        return cls(found[kept], counts[kept])

    def plus(self, other: Timeline) -> Timeline:
        """Both together; counts may be negative."""
        return Timeline.of(
            np.concatenate([self.stamps, other.stamps]),
            np.concatenate([self.counts, other.counts]),
        )

    @property
    def rows(self) -> int:
        """All of them."""
        return int(self.counts.sum())

    def held_from(self, holdout: HoldoutLast) -> int | None:
        """The first moment that is held out; None where none is. No moment is parted.

        >>> from mlview.definitions import HoldoutLast
        >>> Timeline.of(np.array([1, 2, 2, 3, 4])).held_from(HoldoutLast(0.4))
        3
        """
        if not len(self.stamps):
            return None
        if isinstance(holdout.last, timedelta):
            limit = int(self.stamps[-1]) - int(holdout.last.total_seconds() * 1e6)
            return int(self.stamps[np.searchsorted(self.stamps, limit, side="right")])
        position = round(self.rows * (1 - holdout.last))
        if position >= self.rows:
            return None
        return int(self.stamps[np.searchsorted(self.counts.cumsum(), position, side="right")])


def stamps_of(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    """A column of moments (or of whole numbers that grow with them) as microseconds.

    There must be no NULL in it.
    """
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit))
    stamps = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
    found: NDArray[np.int64] = stamps.to_numpy(zero_copy_only=False)
    return found


def moment_literal(stamp: int, type_name: str) -> str:
    """SQL for a moment in the type of a column.

    >>> moment_literal(1_000_000, "DATE"), moment_literal(7, "BIGINT")
    ('CAST(make_timestamp(1000000) AS DATE)', '7')
    """
    if type_name.startswith(("TIMESTAMP", "DATE")):
        return f"CAST(make_timestamp({stamp}) AS {type_name})"
    return str(stamp)

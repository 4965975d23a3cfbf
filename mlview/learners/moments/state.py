"""The state of a maintained model: sums, and what can be read off them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlview.learners.moments.accumulating import Accumulation
from mlview.learners.moments.encoding import write
from mlview.learners.moments.layout import ONE, Key, Kind, Shape
from mlview.learners.moments.merging import merge
from mlview.learners.moments.rules import MAX_PAIRED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.moments.layout import Value

    Floats = NDArray[np.float64]

_EPSILON = float(np.finfo(np.float64).eps)


class Moments(Accumulation):
    """Sums of signed rows from which a model can be solved.

    Rows that are taken away leave no trace beyond rounding, which `error_estimate` bounds.
    `Maintained.empty` makes one.
    """

    @property
    def rows(self) -> int:
        """Labelled rows: added less taken away."""
        return sum(sums.count for sums in self.sums.values()) + self.left_out

    @property
    def class_counts(self) -> dict[Value, int]:
        """How many rows there are of each class that has any."""
        if not self.layout.classes:
            return {}
        match self.layout.shape:
            case Shape.PAIRS:
                sums = self.column()
                counts = {k.value: sums[k] for k in self.columns.keys if k.kind is Kind.CLASS}
            case Shape.CLASS_TOTALS:
                ones = self.group()[:, self.columns.at(ONE)]
                counts = {k.value: c for k, c in zip(self.classes.keys, ones, strict=True)}
            case Shape.PAIRS_BY_CLASS:
                counts = {}
                for (group, _), one in self.sums.items():
                    counts[group.value] = counts.get(group.value, 0) + one.count
        return {value: round(count) for value, count in counts.items() if round(count)}

    @property
    def missing(self) -> dict[str, int]:
        """Per feature, the rows in which it is missing, where there are any."""
        sums = self.column()
        found = {
            name: round(sums.get(key, 0.0))
            for names, kind in (
                (self.layout.numbers, Kind.MISSING),
                (self.layout.texts, Kind.LEVEL),
            )
            for name in names
            for key in [Key(kind, name)]
        }
        return {name: count for name, count in found.items() if count}

    def levels(self, name: str) -> dict[Value, int]:
        """How many rows there are of each value of a text; None stands for missing."""
        counts = {
            key.value: round(count)
            for key, count in self.column().items()
            if key.kind is Kind.LEVEL and key.column == name
        }
        return {value: count for value, count in counts.items() if count}

    def error_estimate(self) -> float:
        """The relative error of the worst variance: rounding so far over what is left.

        It grows with all that was added and taken away, and where a column's values have moved
        away from its shift or have become constant; a pass over all rows makes it small again.
        Flags have none: sums of 0 and 1 are exact. Where the frame is another state's, few rows may
        be far from it or all alike, and the rounding is held against the sums themselves.
        """
        self.settle()
        names = self.frame.names
        reach = sum((sums.reach for sums in self.sums.values()), np.zeros(len(names)))
        spread = self.squares() if self.borrowed and self._squared else self._spread()
        measured = np.array([name not in self.layout.flags for name in names], dtype=bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = _EPSILON * reach / np.maximum(spread, 0.0)
        ratio = np.where(measured & (reach > 0), np.nan_to_num(ratio, nan=np.inf), 0.0)
        return float(ratio.max(initial=0.0))

    @property
    def _squared(self) -> bool:
        return self.layout.shape is not Shape.CLASS_TOTALS or self.layout.squares

    def _spread(self) -> Floats:
        """For each measured column, the sum of squares around its mean."""
        sums, names = self.column(), self.frame.names
        present = np.array([sums[ONE] - sums.get(Key(Kind.MISSING, n), 0.0) for n in names])
        summed = np.array([sums.get(Key(Kind.NUMBER, n), 0.0) for n in names])
        if not self._squared:
            scaled: Floats = present * np.nan_to_num(self.frame.scales) ** 2
            return scaled
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            around: Floats = self.squares() - summed**2 / present
        return around

    @property
    def needs_resync(self) -> str | None:
        """Why the state has to be made anew from all rows before it can be solved, or None."""
        for name, (low, high) in self.edges.items():
            for edge, word in ((low, "smallest"), (high, "largest")):
                if edge.lost:
                    return f"the last row with the {word} {name} was deleted"
        return None

    @property
    def outgrown(self) -> str | None:
        """Why the columns' roles should be derived anew on the next pass over all rows, or None.

        The state can be solved all the same.
        """
        width = len(self.columns)
        if self.layout.shape is not Shape.CLASS_TOTALS and width > MAX_PAIRED:
            return f"{width:,} columns have been seen: the sums of all pairs outgrow the rows"
        return None

    def to_bytes(self) -> bytes:
        """The state as an Arrow IPC file with a JSON header; `Maintained.from_bytes` reads it."""
        self.settle()
        return write(self)

    def merged(self, other: Moments) -> Moments:
        """The state of the rows of both; neither changes.

        States with one frame (see `Maintained.empty`) are added as they are. Otherwise the other
        one's sums are moved to this frame, which is exact up to rounding, but a corrupt row that
        is deleted later may leave a trace.

        Raises:
            UsageProblem: the states are of different columns.
        """
        return merge(self, other, Moments(self.layout, self.method, self.seed, self.frame))

"""The smallest and the largest value of a number, for as long as deletions leave one known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Edge:
    """The extreme value of a column in one direction, and the net number of rows that hold it.

    `sign` is 1 for the largest and -1 for the smallest. An edge that rows were taken from until
    none was left is lost: what comes next to it no sum can tell. It is found again when a value
    at or beyond it arrives.
    """

    sign: int
    value: float | None = None
    rows: int = 0

    @property
    def lost(self) -> bool:
        """Whether the extreme value is no longer known."""
        return self.value is not None and self.rows <= 0

    def see(self, values: Floats, weights: Floats | None) -> None:
        """Take values in; NaN is none."""
        known = ~np.isnan(values)
        if not known.all():
            values = values[known]
            weights = None if weights is None else weights[known]
        if weights is None:
            self._add(values, None)
            return
        for arriving in (True, False):
            chosen = weights > 0 if arriving else weights < 0
            if chosen.any():
                self._add(values[chosen], weights[chosen])

    def _add(self, values: Floats, weights: Floats | None) -> None:
        if not len(values):
            return
        best = float((values * self.sign).max()) * self.sign
        if self.value is None or best * self.sign > self.value * self.sign:
            self.value, self.rows = best, 0
        here = values == self.value
        self.rows += int(here.sum() if weights is None else weights[here].sum())

    def merged(self, other: Edge) -> Edge:
        """The extreme of both."""
        if self.value is None or other.value is None:
            known = other if self.value is None else self
            return Edge(self.sign, known.value, known.rows)
        if self.value == other.value:
            return Edge(self.sign, self.value, self.rows + other.rows)
        ahead = self if self.value * self.sign > other.value * self.sign else other
        return Edge(self.sign, ahead.value, ahead.rows)

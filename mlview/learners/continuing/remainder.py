"""How much a loss bends away from its quadratic model, measured on a sample of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlview.learners.continuing.design import Design

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlview.learners.continuing.losses import Loss

    Floats = NDArray[np.float64]

SAMPLE_ROWS = 2_000
"""Rows of a full fit that are kept, about."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Weighted rows that stand for all rows.

    A row is kept with a probability that grows with its leverage, so that the few rows of a rare
    category or of a rare class are kept, and weighs the inverse of it, so that sums over the sample
    are unbiased (leverage-score sampling: Drineas and Mahoney, RandNLA, 2016; by column, which
    bounds the leverage's share of each). Deleted rows weigh less than 0.

    Attributes:
        design, label: the rows, (n, columns) and (n,).
        weight: shape (n,).
        rarity: per column, what a square of its values adds to a row's probability, for a row of
            average curvature.
    """

    design: Design
    label: Floats
    weight: Floats
    rarity: Floats

    @classmethod
    def of(
        cls, loss: Loss, at: Floats, design: Design, label: Floats, weight: Floats, random: Any
    ) -> Sample:
        """A sample of about `SAMPLE_ROWS` of these rows, for a step that starts at `at`."""
        squares = design.transposed_squares_times(curvatures(loss, at, design, label))
        used = squares > 0
        rarity = np.zeros(len(squares))
        rarity[used] = SAMPLE_ROWS / used.sum() / squares[used]
        empty = cls(design.take(slice(0, 0)), label[:0], weight[:0], rarity)
        return empty.with_rows(loss, at, design, label, weight, random)

    def with_rows(
        self, loss: Loss, at: Floats, design: Design, label: Floats, weight: Floats, random: Any
    ) -> Sample:
        """The sample after rows came, or went where their weight is below 0."""
        curved = curvatures(loss, at, design, label)
        chance = np.minimum(1.0, curved * design.squares_times(self.rarity))
        kept = random.random(design.rows) < chance
        return Sample(
            design.take(kept).under(self.design),
            np.concatenate([self.label, label[kept]]),
            np.concatenate([self.weight, weight[kept] / chance[kept]]),
            self.rarity,
        )

    def remainder(self, loss: Loss, start: Floats, step: Floats) -> Floats:
        """What the gradient at `start + step` has beyond its linear model, summed over all rows.

        `start`, `step` and the result have the shape (outputs, columns).
        """
        before, change = scores(self.design, start), scores(self.design, step)
        outputs = range(len(start))
        beyond = loss.slope(before + change, self.label) - loss.slope(before, self.label)
        for one in outputs:
            for other in outputs:
                bend = loss.bend(before, self.label, one, other)
                beyond[:, one] -= bend * change[:, other]
        weighted = beyond * self.weight[:, None]
        return np.stack([self.design.transposed_times(weighted[:, one]) for one in outputs])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Named arrays, for `from_arrays`."""
        return {
            "sample_codes": np.array(self.design.codes, np.int64).reshape(-1, self.design.rows),
            "sample_levels": np.array(self.design.levels, np.int64),
            "sample_dense": self.design.dense,
            "sample_label": self.label,
            "sample_weight": self.weight,
            "sample_rarity": self.rarity,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Sample:
        """The sample that `to_arrays` gave."""
        levels = tuple(int(n) for n in arrays["sample_levels"])
        design = Design(tuple(arrays["sample_codes"]), levels, arrays["sample_dense"])
        return cls(design, arrays["sample_label"], arrays["sample_weight"], arrays["sample_rarity"])


def scores(design: Design, parameters: Floats) -> Floats:
    """X @ parameters.T, shape (rows, outputs)."""
    return np.stack([design.times(row) for row in parameters], axis=1)


def curvatures(loss: Loss, at: Floats, design: Design, label: Floats) -> Floats:
    """The second derivative of every row, summed over the outputs, but a tenth of their mean.

    A row that is flat at the start may be curved after the step.
    """
    now = scores(design, at)
    bends = np.sum([loss.bend(now, label, k, k) for k in range(len(at))], axis=0)
    mean = float(np.mean(bends)) if len(bends) else 0.0
    result: Floats = np.maximum(bends, 0.1 * mean if mean > 0 else 1.0)
    return result

"""A sum of losses over rows, as its gradient and Hessian at one point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lapack

from mlview.learners.continuing.outcomes import CannotContinue
from mlview.learners.continuing.remainder import scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.continuing.design import Design
    from mlview.learners.continuing.losses import Loss

    Floats = NDArray[np.float64]

BATCH_ROWS = 131_072
"""Rows summed at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Quadratic:
    """The gradient, shape (parameters,), and the Hessian of a loss at a point.

    Sums over rows: those of two sets of rows add up, and what deleted rows brought subtracts.
    `spread` has two more: the squared slopes, and the second derivatives, of all outputs.
    """

    gradient: Floats
    hessian: Floats
    spread: Floats

    @classmethod
    def of(cls, loss: Loss, at: Floats, design: Design, label: Floats, weight: Floats) -> Quadratic:
        """The sums over these rows, each counted `weight` times.

        Args:
            loss: per row.
            at: the point, shape (outputs, columns).
            design: the rows.
            label: shape (rows,).
            weight: shape (rows,), below 0 for rows that went.
        """
        size = at.size
        total = cls(np.zeros(size), np.zeros((size, size)), np.zeros(2))
        for start in range(0, design.rows, BATCH_ROWS):
            part = slice(start, start + BATCH_ROWS)
            total += _summed(loss, at, design.take(part), label[part], weight[part])
        return total

    def __add__(self, other: Quadratic) -> Quadratic:
        return Quadratic(
            self.gradient + other.gradient,
            self.hessian + other.hessian,
            self.spread + other.spread,
        )

    @property
    def dispersion(self) -> float:
        """The factor by which the label varies more than the loss assumes (Wedderburn, 1974)."""
        slopes, bends = self.spread
        return float(slopes / bends)


def _summed(loss: Loss, at: Floats, design: Design, label: Floats, weight: Floats) -> Quadratic:
    outputs, width = at.shape
    now = scores(design, at)
    slopes = loss.slope(now, label)
    gradient = [design.transposed_times(slopes[:, k] * weight) for k in range(outputs)]
    hessian = np.empty((outputs, width, outputs, width))
    spread = np.array([(slopes**2).sum(axis=1) @ weight, 0.0])
    for one in range(outputs):
        for other in range(one + 1):
            bends = loss.bend(now, label, one, other) * weight
            hessian[one, :, other] = hessian[other, :, one] = design.gram(bends)
        spread[1] += bends.sum()
    return Quadratic(np.concatenate(gradient), hessian.reshape(at.size, at.size), spread)


class Solved:
    """A positive definite Hessian, factored.

    Raises:
        CannotContinue: it is not positive definite, so its minimum is not one point.
    """

    def __init__(self, hessian: Floats) -> None:
        try:
            self._factor = cho_factor(hessian, lower=True)
        except (np.linalg.LinAlgError, ValueError) as problem:
            raise CannotContinue(
                "the Hessian is not positive definite: columns follow from each other, and no "
                "penalty tells them apart"
            ) from problem

    def solve(self, gradient: Floats) -> Floats:
        """The inverse of the Hessian times a gradient."""
        return np.asarray(cho_solve(self._factor, gradient))

    def deviations(self) -> Floats:
        """The square roots of the inverse's diagonal: standard errors, up to the dispersion."""
        inverse, _ = lapack.dtrtri(np.tril(self._factor[0]), lower=1)
        return np.asarray(np.sqrt((inverse**2).sum(axis=0)))

"""First and second derivatives of the losses that smooth linear models minimize.

Each is a sum over rows of a function of `scores`, shape (rows, outputs): one output for two
classes and for numbers, one for each class otherwise. They are scikit-learn's half deviances.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.special import expit, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Loss(Protocol):
    """A smooth loss."""

    def slope(self, scores: Floats, label: Floats) -> Floats:
        """The derivative by each output, of the shape of `scores`."""
        ...

    def bend(self, scores: Floats, label: Floats, one: int, other: int) -> Floats:
        """The second derivative by two outputs, shape (rows,)."""
        ...

    def accepts(self, label: Floats) -> bool:
        """Whether every label is one the loss is defined for."""
        ...


@dataclass(frozen=True, slots=True)
class Binary:
    """Log loss of two classes; the label is 0 or 1.

    >>> Binary().slope(np.zeros((1, 1)), np.ones(1)).item()
    -0.5
    """

    def slope(self, scores: Floats, label: Floats) -> Floats:
        """How far the probability is above the label."""
        result: Floats = expit(scores) - label[:, None]
        return result

    def bend(self, scores: Floats, label: Floats, one: int, other: int) -> Floats:
        """P (1 - p)."""
        del label, one, other
        p: Floats = expit(scores[:, 0])
        return p * (1 - p)

    def accepts(self, label: Floats) -> bool:
        """Every label is the position of a class already."""
        return bool(((label == 0) | (label == 1)).all())


@dataclass(frozen=True, slots=True)
class Multinomial:
    """Log loss of several classes; the label is a class's position."""

    def slope(self, scores: Floats, label: Floats) -> Floats:
        """The probabilities, less one at the label."""
        result: Floats = softmax(scores, axis=1)
        result[np.arange(len(label)), label.astype(np.int64)] -= 1
        return result

    def bend(self, scores: Floats, label: Floats, one: int, other: int) -> Floats:
        """p_one (1 if one is other else 0 - p_other)."""
        del label
        p: Floats = softmax(scores, axis=1)
        return p[:, one] * (float(one == other) - p[:, other])

    def accepts(self, label: Floats) -> bool:
        """Every label is the position of a class already."""
        return bool((label >= 0).all())


@dataclass(frozen=True, slots=True)
class Tweedie:
    """Half Tweedie deviance with a log link: Poisson is power 1, Gamma power 2."""

    power: float

    def slope(self, scores: Floats, label: Floats) -> Floats:
        """mu^(2 - power) - y mu^(1 - power), mu the exponential of the score."""
        p, y = self.power, label[:, None]
        result: Floats = np.exp((2 - p) * scores) - y * np.exp((1 - p) * scores)
        return result

    def bend(self, scores: Floats, label: Floats, one: int, other: int) -> Floats:
        """(2 - power) mu^(2 - power) - (1 - power) y mu^(1 - power)."""
        del one, other
        p, score = self.power, scores[:, 0]
        result: Floats = (2 - p) * np.exp((2 - p) * score)
        return result - (1 - p) * label * np.exp((1 - p) * score)

    def accepts(self, label: Floats) -> bool:
        """Counts may be 0, durations may not."""
        if self.power < 1:
            return True
        smallest = label.min(initial=np.inf)
        return bool(smallest > 0 if self.power >= 2 else smallest >= 0)  # noqa: PLR2004 - Gamma


@dataclass(frozen=True, slots=True)
class Squared:
    """Half the squared error, which one Newton step minimizes exactly."""

    def slope(self, scores: Floats, label: Floats) -> Floats:
        """How far the score is above the label."""
        result: Floats = scores - label[:, None]
        return result

    def bend(self, scores: Floats, label: Floats, one: int, other: int) -> Floats:
        """1."""
        del scores, one, other
        return np.ones(len(label))

    def accepts(self, label: Floats) -> bool:
        """Every number is a label."""
        del label
        return True

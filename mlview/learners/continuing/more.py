"""What a booster is to grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class More:
    """More trees on some rows.

    Attributes:
        matrix: the feature matrix.
        label: float64, positions for classes.
        trees: further iterations.
        share: of the learning rate.
        seed: for everything random.
    """

    matrix: Any
    label: NDArray[np.float64]
    trees: int
    share: float
    seed: int

"""Adding rows to one of two states each, the rows read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mlview.learners.moments.blocks import BLOCK_ROWS, places, read_block

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.moments.state import Moments


def add_parted(
    one: Moments,
    other: Moments,
    rows: pa.Table,
    weights: NDArray[np.int64] | None,
    to_other: NDArray[np.bool_],
) -> None:
    """Add signed rows to two states of one layout.

    Args:
        one: the state of the rows that are not the other's.
        other: the other state: with the same shifts, or it is read for itself.
        rows: with the feature columns and a label that is nowhere NULL.
        weights: how often each row is added, negative to take it away; None for once each.
        to_other: which rows are the other's.
    """
    if not one.frame.equals(other.frame):
        for state, mask in ((one, ~to_other), (other, to_other)):
            if mask.any():
                state.add(rows.filter(pa.array(mask)), None if weights is None else weights[mask])
        return
    with one.quietly():
        for place in places(rows.num_rows):
            of_other = np.flatnonzero(to_other[place])
            of_one = np.flatnonzero(~to_other[place])
            # With the rows of each part beside each other, neither has to be copied out.
            order = np.concatenate([of_one, of_other])
            signs = None if weights is None else weights[place]
            piece = rows.slice(place.start, BLOCK_ROWS)
            block = read_block(piece, signs, one.layout, one.frame, order)
            other.frame = one.frame.copy()
            middle = len(of_one)
            for state, part in ((one, slice(middle)), (other, slice(middle, None))):
                if len(of_one if state is one else of_other):
                    state.add_block(block.take(part))

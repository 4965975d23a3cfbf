"""Products of the columns of a block, summed over its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from mlview.learners.moments.codes import Codes
from mlview.learners.moments.layout import ONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.blocks import Block

    Floats = NDArray[np.float64]

_CACHED = 2**17
"""Numbers that are worked on at once: a megabyte, which a processor's own cache holds."""

_FEWEST = 64  # rows that are worth a product

_SPARSE_CELLS = 4
"""A table of two categories with more cells than so many times the rows is added up sparsely."""


def pairs(block: Block, codes: Sequence[Codes]) -> Floats:
    """The sums of all products of two columns: `dense` first, then one column for each code.

    Numbers are multiplied by BLAS, numbers with categories by sparse products, and pairs of
    categories are counted, so that the cost of a category does not depend on its levels.
    """
    measured = len(block.dense)
    starts = np.cumsum([measured, *(c.size for c in codes)])
    result = np.zeros((starts[-1], starts[-1]))
    numbers, part = _with_numbers(block, codes)
    result[:measured, :measured] = numbers
    if not codes:
        return result
    result[measured:, :measured], result[:measured, measured:] = part, part.T
    places = np.arange(measured, starts[-1])
    result[places, places] = part[:, block.keys.index(ONE)]
    for i, (mine, start) in enumerate(zip(codes, starts, strict=False)):
        here = slice(start, start + mine.size)
        for other, first in zip(codes[:i], starts, strict=False):
            there = slice(first, first + other.size)
            counted = _table(mine, other, block.weights)
            result[here, there], result[there, here] = counted, counted.T
    return result


def _with_numbers(block: Block, codes: Sequence[Codes]) -> tuple[Floats, Floats]:
    """The sums of products of two columns of `dense`, and of a code's and one of these.

    Some rows at a time, so that each number comes from memory once.
    """
    dense, weights = block.dense, block.weights
    sizes = [c.size for c in codes]
    numbers, others = np.zeros((len(dense), len(dense))), np.zeros((sum(sizes), len(dense)))
    step = max(_CACHED // len(dense), _FEWEST)
    for start in range(0, block.rows, step):
        rows = slice(start, start + step)
        tall = np.ascontiguousarray(dense[:, rows].T)
        signs = None if weights is None else weights[rows]
        numbers += tall.T @ tall if signs is None else tall.T @ (tall * signs[:, None])
        if codes:
            others += _by_code([c.values[rows] for c in codes], sizes, tall, signs)
    if weights is not None:
        half = np.tril(numbers)
        numbers = half + np.tril(half, -1).T
    return numbers, others


def totals(block: Block, codes: Sequence[Codes], label: Codes | None) -> Floats:
    """The sums of all columns for each class: classes x (`dense`, then one for each code).

    Without a label all rows are of one class.
    """
    if label is None:
        label = Codes((ONE,), np.zeros(block.dense.shape[1], np.int32))
    tall = np.ascontiguousarray(block.dense.T)
    parts = [_by_code([label.values], [label.size], tall, block.weights)]
    parts += [_table(label, other, block.weights) for other in codes]
    return np.concatenate(parts, axis=1)


def squares(block: Block, measured: int) -> Floats:
    """The sums of squares of the measured columns, rows taken away counted as if added."""
    dense = block.dense[:measured]
    counted = dense if block.weights is None else dense * np.abs(block.weights)
    found: Floats = np.einsum("ij,ij->i", counted, dense)
    return found


def _by_code(
    codes: Sequence[NDArray[np.int32]], sizes: Sequence[int], tall: Floats, weights: Floats | None
) -> Floats:
    """For each value of each code, the sums of the columns of `tall` over its rows."""
    rows, width = len(tall), len(codes)
    ends = np.cumsum(sizes)
    if ends[-1] == 1:
        return np.atleast_2d((np.ones(rows) if weights is None else weights) @ tall)
    # One product for all codes: each row of `tall` is read once.
    places = np.empty((rows, width), dtype=np.int32)
    for position, (code, end, size) in enumerate(zip(codes, ends, sizes, strict=True)):
        np.add(code, end - size, out=places[:, position], casting="same_kind")
    data = np.ones(rows * width) if weights is None else np.repeat(weights, width)
    starts = np.arange(0, rows * width + 1, width, dtype=np.int32)
    indicator = sparse.csc_array((data, places.ravel(), starts), shape=(ends[-1], rows))
    found: Floats = indicator @ tall
    return found


def _table(mine: Codes, other: Codes, weights: Floats | None) -> Floats:
    """How often each pair of codes occurs."""
    cells = mine.size * other.size
    pair = mine.values.astype(np.intp) * other.size + other.values
    if cells <= _SPARSE_CELLS * max(len(pair), 1):
        counted = np.bincount(pair, weights, minlength=cells).astype(np.float64, copy=False)
        return counted.reshape(mine.size, other.size)
    result = np.zeros(cells)
    np.add.at(result, pair, 1.0 if weights is None else weights)
    return result.reshape(mine.size, other.size)

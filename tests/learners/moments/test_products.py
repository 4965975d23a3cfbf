"""Sums of products are those of the matrix that nobody builds."""

from __future__ import annotations

import numpy as np
import pytest

from mlview.learners.moments.blocks import Block
from mlview.learners.moments.codes import Codes
from mlview.learners.moments.layout import ONE, Key, Kind
from mlview.learners.moments.products import pairs

WIDTH = 40
NUMBERS = tuple(Key(Kind.NUMBER, f"x{i}") for i in range(WIDTH - 1))


def block_of(rows, weighted, sizes):
    """Whole numbers, whose sums are exact in whatever order they are added up."""
    random = np.random.default_rng(rows)
    dense = random.integers(-9, 10, (WIDTH, rows)).astype(float)
    dense[-1] = 1.0
    texts = tuple(
        Codes(
            tuple(Key(Kind.LEVEL, f"c{i}", str(level)) for level in range(size)),
            random.integers(0, size, rows).astype(np.int32),
        )
        for i, size in enumerate(sizes)
    )
    weights = random.choice([-1.0, 1.0, 2.0], rows) if weighted else None
    reach = np.full(WIDTH - 1, 9.0)
    return Block(dense, (*NUMBERS, ONE), reach, texts, None, weights, np.empty((0, rows)))


@pytest.mark.parametrize("rows", [0, 1, 100, 3_276, 3_277, 10_000])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(), (1,), (3,), (3, 50, 7)])
def test_pairs_are_the_products_of_all_columns_however_many_rows_there_are(rows, weighted, sizes):
    block = block_of(rows, weighted, sizes)
    levels = [np.equal.outer(np.arange(code.size), code.values) for code in block.texts]
    whole = np.concatenate([block.dense, *levels]).astype(float)
    signs = 1.0 if block.weights is None else block.weights
    assert np.array_equal(pairs(block, block.texts), (whole * signs) @ whole.T)


def test_rows_of_a_region_are_summed_as_if_they_were_alone():
    block = block_of(9_000, True, (3, 50))
    parts = [block.take(slice(7_000)), block.take(slice(7_000, None))]
    alone = [block.take(np.arange(7_000)), block.take(np.arange(7_000, 9_000))]
    for part, other in zip(parts, alone, strict=True):
        assert np.shares_memory(part.dense, block.dense)
        assert np.array_equal(pairs(part, part.texts), pairs(other, other.texts))

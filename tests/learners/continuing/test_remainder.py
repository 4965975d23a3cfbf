from __future__ import annotations

import numpy as np
import pytest

from mlview.learners.continuing.design import Design
from mlview.learners.continuing.losses import Binary
from mlview.learners.continuing.remainder import SAMPLE_ROWS, Sample

ROWS = 40_000


@pytest.fixture(scope="module")
def drawn():
    """Rows with one rare category of eight rows, and a step."""
    random = np.random.default_rng(1)
    codes = random.integers(1, 6, ROWS)
    codes[:8] = 6
    dense = np.column_stack([random.normal(size=ROWS), np.ones(ROWS)])
    design = Design((codes,), (6,), dense)
    at = random.normal(size=(1, design.width)) / 2
    label = (random.random(ROWS) < 0.5).astype(float)
    return design, at, label, random.normal(size=at.shape) / 5


def sample_of(drawn, seed=0):
    design, at, label, _ = drawn
    return Sample.of(Binary(), at, design, label, np.ones(ROWS), np.random.default_rng(seed))


def whole(drawn):
    design, _, label, _ = drawn
    return Sample(design, label, np.ones(ROWS), np.zeros(design.width))


def test_a_sample_is_small_and_has_every_row_of_a_rare_category(drawn):
    sample = sample_of(drawn)
    assert SAMPLE_ROWS / 2 < sample.design.rows < SAMPLE_ROWS * 1.1
    assert (sample.design.codes[0] == 6).sum() == 8
    assert sample.weight[sample.design.codes[0] == 6] == pytest.approx(np.ones(8))


def test_the_remainder_of_a_sample_is_about_that_of_all_rows(drawn):
    _, at, _, step = drawn
    expected = whole(drawn).remainder(Binary(), at, step)
    found = [sample_of(drawn, seed).remainder(Binary(), at, step) for seed in range(20)]
    np.testing.assert_allclose(np.mean(found, axis=0), expected, rtol=0.05, atol=1)


def test_a_step_of_nothing_leaves_no_remainder(drawn):
    _, at, _, step = drawn
    assert np.abs(whole(drawn).remainder(Binary(), at, 0 * step)).max() == 0


def test_rows_that_came_and_went_cancel_on_average(drawn):
    design, at, label, step = drawn
    part, random = design.take(slice(0, 4_000)), np.random.default_rng(3)
    there = sample_of(drawn).with_rows(Binary(), at, part, label[:4_000], np.ones(4_000), random)
    back = there.with_rows(Binary(), at, part, label[:4_000], -np.ones(4_000), random)
    assert there.weight.sum() == pytest.approx(44_000, rel=0.1)
    assert back.weight.sum() == pytest.approx(40_000, rel=0.1)
    np.testing.assert_allclose(
        back.remainder(Binary(), at, step),
        whole(drawn).remainder(Binary(), at, step),
        rtol=0.2,
        atol=5,
    )


def test_a_sample_is_read_back_from_its_arrays(drawn):
    _, at, _, step = drawn
    sample = sample_of(drawn)
    again = Sample.from_arrays(sample.to_arrays())
    assert np.array_equal(again.remainder(Binary(), at, step), sample.remainder(Binary(), at, step))

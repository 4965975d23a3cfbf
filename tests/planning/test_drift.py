"""How far a column has moved, and when that is more than chance."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlview.planning.drift import drift, no_drift_level, summary
from mlview.planning.histograms import Histogram, binning, quantile_levels

ROWS = st.lists(st.integers(0, 5000), min_size=2, max_size=12)


def categories(counts, missing=0, name="c"):
    levels = tuple(f"v{i}" for i in range(len(counts) - 1))
    return Histogram(name, "category", (), levels, tuple(counts), missing)


def numbers(values, name="x"):
    made = binning(np.quantile(values, quantile_levels(10), method="lower").tolist())
    histogram = Histogram(
        name, "number", made.edges, (), (), 0, made.centres, float(np.std(values))
    )
    return replace(histogram, counts=count(histogram, values))


def count(histogram, values):
    bins = np.searchsorted(histogram.inner, values, side="left")
    return tuple(np.bincount(bins, minlength=histogram.bins).tolist())


def moved(before, values):
    return drift(before, count(before, values), 0)


def test_psi_is_the_sum_that_evidently_takes():
    p, q = np.array([0.2, 0.3, 0.5]), np.array([0.25, 0.35, 0.4])
    found = drift(categories((p * 1000).astype(int)), (q * 2000).astype(int), 0)
    assert found.psi == pytest.approx(float(((p - q) * np.log(p / q)).sum()))


@given(ROWS, st.data())
def test_distances_are_those_of_nannyml(old, data):
    new = data.draw(st.lists(st.integers(0, 5000), min_size=len(old), max_size=len(old)))
    assume(sum(old) and sum(new))
    found = drift(categories(old), new, 0)
    p, q = np.array(old) / sum(old), np.array(new) / sum(new)
    assert found.js == pytest.approx(np.nan_to_num(jensenshannon(p, q, base=2)), abs=1e-6)
    hellinger = np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2)
    assert found.hellinger == pytest.approx(hellinger, abs=1e-9)
    assert found.tvd == pytest.approx(np.abs(p - q).sum() / 2)
    assert found.ks is None
    assert found.wasserstein is None


@given(ROWS, st.integers(0, 50), st.integers(2, 9))
def test_the_same_shares_have_not_drifted(old, missing, times):
    found = drift(categories(old, missing), [times * n for n in old], times * missing)
    for value in (found.psi, found.hellinger, found.tvd):
        assert value == pytest.approx(0.0, abs=1e-7)


@given(ROWS, ROWS, st.integers(0, 99), st.integers(0, 99))
def test_every_measure_stays_in_its_range(old, new, missing, later):
    width = min(len(old), len(new))
    found = drift(categories(old[:width], missing), new[:width], later)
    assert 0 <= found.psi < math.inf
    assert all(0 <= value <= 1 + 1e-12 for value in (found.js, found.hellinger, found.tvd))


@pytest.mark.parametrize("by", [0.01, 0.1, 0.5, 1.0])
def test_a_shift_is_as_far_in_wasserstein_and_ks_as_without_bins(by):
    values = np.random.default_rng(0).normal(100, 7, 20_000)
    later = np.random.default_rng(1).normal(100 + 7 * by, 7, 20_000)
    found = moved(numbers(values), later)
    exact = stats.wasserstein_distance(values, later) / np.std(values)
    assert found.wasserstein == pytest.approx(exact, rel=0.15, abs=0.01)
    assert found.ks == pytest.approx(stats.ks_2samp(values, later).statistic, rel=0.1, abs=0.005)


def test_one_outlier_in_training_leaves_wasserstein_alone():
    values = np.random.default_rng(0).normal(size=20_000)
    later = np.random.default_rng(1).normal(size=20_000)
    with_outlier = numbers(np.append(values, 1e9))
    assert moved(with_outlier, later).wasserstein < 0.01


def test_values_beyond_the_training_range_belong_to_the_outer_bins():
    values = np.arange(1000.0)
    found = moved(numbers(values), np.full(1000, 1e12))
    assert found.ks == pytest.approx(0.9, abs=0.01)
    assert found.psi > 3


def test_rows_that_went_missing_are_drift_in_psi_but_not_in_the_order_of_values():
    before = numbers(np.arange(1000.0))
    found = drift(before, [n // 2 for n in before.counts], 500)
    assert found.psi > 1
    assert found.ks == pytest.approx(0.0, abs=0.01)


def test_a_level_that_training_had_not_is_kept_apart_from_rare_ones():
    before = categories([480_000, 480_000, 10_000, 10_000, 10_000, 10_000, 0])
    assert drift(before, [200, 200, 6, 6, 6, 6, 76], 0).psi > 1


def test_nothing_to_compare_is_no_drift():
    before = categories([5, 5])
    assert drift(before, [0, 0], 0).psi == 0.0
    assert summary([]) == (None, None, "no column is scored for drift")


@pytest.mark.parametrize("bins", [2, 3, 10, 21])
@pytest.mark.parametrize("columns", [1, 20, 200])
def test_the_level_is_the_chi_square_quantile_of_all_columns(bins, columns):
    exact = stats.chi2.ppf(0.99 ** (1 / columns), bins - 1) * (1 / 1000 + 1 / 500)
    assert no_drift_level(1000, 500, bins, columns) == pytest.approx(exact, rel=0.03)


def test_more_rows_mean_a_lower_level_and_one_bin_has_none():
    assert no_drift_level(1000, 5000, 10, 5) < no_drift_level(1000, 500, 10, 5)
    assert no_drift_level(1000, 500, 1, 5) == math.inf


def looks(later, runs, shift=0.0, columns=20, trained=5000):
    """What is said of columns of which the first drifts, run by run.

    The true shares of ten bins between the deciles of training are Dirichlet distributed.
    """
    random = np.random.default_rng(later)
    like = [categories([trained // 10] * 10, name=f"x{i}") for i in range(columns)]
    for _ in range(runs):
        shares = random.dirichlet([trained / 10] * 10, columns)
        counts = random.multinomial(later, shares)
        if shift:
            values = random.normal(shift, size=later)
            counts[0] = count(NORMAL, values)
        yield summary([drift(one, c.tolist(), 0) for one, c in zip(like, counts, strict=True)])


NORMAL = numbers(stats.norm.ppf((np.arange(1000) + 0.5) / 1000))


@pytest.mark.parametrize("later", [500, 2000, 20_000])
def test_chance_alone_is_announced_in_about_one_look_of_a_hundred(later):
    alarms = sum(found is not None for found, _, _ in looks(later, 400))
    assert 0 < alarms <= 12


def test_rare_levels_alarm_no_more_often_than_that():
    random = np.random.default_rng(3)
    shares = 1 / np.arange(1, 31)
    shares /= shares.sum()
    alarms = 0
    for _ in range(300):
        pairs = zip(
            random.multinomial(3000, shares, 20), random.multinomial(500, shares, 20), strict=True
        )
        found = [drift(categories(a.tolist(), name=f"c{i}"), b.tolist(), 0)
                 for i, (a, b) in enumerate(pairs)]  # fmt: skip
        alarms += summary(found)[0] is not None
    assert alarms <= 9


@pytest.mark.parametrize(("later", "shift"), [(500, 0.5), (2000, 0.3), (20_000, 0.1)])
def test_a_real_shift_is_announced_with_its_column(later, shift):
    for found, column, said in looks(later, 5, shift):
        assert column == "x0"
        assert found is not None
        assert "x0" in said


def test_nothing_is_said_below_500_rows():
    values = np.arange(1000.0)
    found = moved(numbers(values), np.full(499, 5.0))
    assert summary([found])[:2] == (None, None)
    assert "500" in summary([found])[2]
    assert summary([found], minimum_rows=100)[0] == found.psi

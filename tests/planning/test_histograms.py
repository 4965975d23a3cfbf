"""The bins a training column is counted in."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from mlview.planning.histograms import Histogram, binning, quantile_levels

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def quantiles(values, bins=10):
    ordered = sorted(values)
    return [ordered[int(q * (len(ordered) - 1))] for q in quantile_levels(bins)]


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 12))
def test_edges_rise_and_every_bin_has_a_centre_inside_it(values, bins):
    made = binning(quantiles(values, bins))
    inner = made.edges[1:-1]
    assert list(inner) == sorted(set(inner))
    assert made.edges[0] <= inner[0]
    assert inner[-1] <= made.edges[-1]
    assert len(made.centres) == len(inner) + 1
    for low, centre, high in zip(
        (-math.inf, *inner), made.centres, (*inner, math.inf), strict=True
    ):
        assert low < centre <= high or math.isinf(high)


def test_a_value_that_most_rows_share_has_a_bin_that_ends_in_it():
    made = binning(quantiles([0.0] * 60 + [float(i) for i in range(1, 41)]))
    assert made.edges == (0.0, 0.0, 10.0, 20.0, 30.0, 40.0)
    assert made.centres[0] == 0.0


def test_a_value_that_all_rows_share_has_a_bin_between_two_empty_ones():
    made = binning(quantiles([7.0] * 5))
    below, at = made.edges[1:-1]
    assert below < at == 7.0


def test_a_histogram_survives_json():
    found = Histogram("x", "number", (0.0, 0.5, 1.0), (), (3, 4), 2, (0.2, 0.7), 0.3)
    texts = Histogram("c", "category", (), ("ü", "it's"), (3, 4, 0), 2)
    for histogram in (found, texts):
        assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))) == histogram
    assert (found.bins, found.rows, texts.bins, texts.rows) == (2, 9, 3, 9)

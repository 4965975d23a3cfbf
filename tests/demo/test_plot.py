from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.demo.plot import draw, sawtooth, trailing_mean
from mlview.demo.replay import Day, Score, View, midnight_after

AUC = st.floats(0, 1)


def day(number, lag_hours, *refreshed):
    views = {"model": View(lag_hours, None), "view": View(3.0, 10)}
    scores = {"model": Score(0.7, 0.6)}
    return Day(date(2013, 4, 1) + timedelta(number), 900, views, scores, refreshed)


def test_lag_grows_from_arrival_to_arrival_and_falls_at_a_refresh():
    moments, lags = sawtooth([day(0, 3.0), day(1, 27.0, "model"), day(2, 3.0)], "model")
    assert lags == pytest.approx([0, 3 / 24, 1, 27 / 24, 0, 0, 3 / 24])
    assert moments == sorted(moments)
    assert moments[0] == midnight_after(date(2013, 4, 1))


@given(st.lists(AUC, min_size=1), st.integers(1, 10))
def test_a_trailing_mean_has_a_value_for_each_and_stays_between_them(values, window):
    means = trailing_mean(values, window)
    assert len(means) == len(values)
    assert means[0] == values[0]
    assert all(min(values) - 1e-12 <= mean <= max(values) + 1e-12 for mean in means)


@given(AUC, st.integers(1, 20))
def test_a_trailing_mean_of_equal_values_is_that_value(value, count):
    assert trailing_mean([value] * count) == pytest.approx([value] * count)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_any_number_of_days_can_be_drawn(tmp_path, count):
    file = tmp_path / "plot.png"
    days = [day(number, 3.0 + 24 * number) for number in range(count)]
    draw(days, model="model", view="view", target_hours=168, file=file)
    assert file.read_bytes().startswith(b"\x89PNG")

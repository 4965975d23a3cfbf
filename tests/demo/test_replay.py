from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import pytest

from mlview.demo.replay import Day, Score, View, means, midnight_after, write

DAYS = (
    Day(date(2013, 4, 1), 900, {"v": View(3, 10)}, {"m": Score(0.7, 0.7)}, ("v",)),
    Day(date(2013, 4, 2), 950, {"v": View(27, None)}, {"m": Score(0.8, 0.6)}, ("v", "m")),
)


def test_a_summer_day_in_new_york_ends_at_four_in_utc():
    assert midnight_after(date(2013, 4, 30)) == datetime(2013, 5, 1, 4, tzinfo=UTC)


def test_the_mean_of_each_copy_is_taken_over_the_days():
    mean = means(DAYS, "m")
    assert (mean.live, mean.never) == pytest.approx((0.75, 0.65))


def test_a_day_is_one_of_retraining_if_a_model_was_refreshed():
    assert [day.retrained for day in DAYS] == [False, True]


def test_every_number_is_written_and_what_is_unknown_is_left_empty(tmp_path):
    write(DAYS, tmp_path / "days.csv")
    with (tmp_path / "days.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines[0] == {
        "date": "2013-04-01", "flights": "900", "refreshed": "v", "v_lag_hours": "3",
        "v_changed_rows": "10", "m_auc_live": "0.7", "m_auc_never": "0.7",
    }  # fmt: skip
    assert lines[1]["refreshed"] == "v m"
    assert lines[1]["v_changed_rows"] == ""

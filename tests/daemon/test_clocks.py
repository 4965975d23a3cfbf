"""Clocks that jump and nights that are longer or shorter than others, told on a virtual clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

SUMS = "SELECT g, sum(x) AS s FROM t GROUP BY g"


@pytest.fixture
def in_new_york(monkeypatch):
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "midnight",
    [datetime(2013, 3, 10, 5, tzinfo=UTC), datetime(2013, 11, 3, 4, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
def test_the_night_in_which_clocks_are_changed_is_like_any_other(
    in_new_york, db, clock, keeper, midnight
):
    clock.set(midnight)
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    for hour in range(5):
        db.sql("INSERT INTO t VALUES (?, 0, 7)", [100 + hour])
        keeper.hours(1)
    done = "SELECT count(*) FROM mlview.refresh_history WHERE trigger = 'SCHEDULED'"
    assert db.sql(done).fetchall() == [(5,)]
    kept = "SELECT time_within_target_lag_ratio, max_lag_sec <= target_lag_sec FROM mlview.slo"
    assert db.sql(kept).fetchall() == [(1.0, True)]


def test_a_machine_that_slept_makes_up_for_all_that_was_missed_with_one_refresh(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '30 minutes' AS {SUMS}")
    keeper.hours(1)
    for k in range(4):
        db.sql("INSERT INTO t VALUES (?, 0, 7)", [100 + k])
        clock.advance(timedelta(hours=2))
    keeper.hours(1)
    done = "SELECT count(*) FROM mlview.refresh_history WHERE trigger = 'SCHEDULED'"
    assert db.sql(done).fetchall() == [(1,)]

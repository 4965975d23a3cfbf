"""The accounts of all views, whatever else became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import mlview
from mlview.clock import ManualClock
from mlview.definitions import Name
from mlview.freshness.promises import Promises
from mlview.planning.slo import Slo

HOUR = timedelta(hours=1)


@pytest.fixture
def clock():
    return ManualClock(datetime(2024, 6, 1, tzinfo=UTC))


@pytest.fixture
def db(tmp_path, clock):
    with mlview.connect(tmp_path / "t.mlv", clock=clock) as database:
        database.sql("CREATE TABLE t AS FROM range(10) AS numbers(x)")
        yield database


@pytest.fixture
def promises(db):
    return Promises(db._services.home, db._services.observer)


def test_a_database_without_promises_has_no_accounts(db, promises):
    db.sql("CREATE MATERIALIZED VIEW v AS FROM t")
    assert promises.slos() == {}


def test_every_view_with_a_target_has_one_and_only_those(db, promises):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS FROM t WITH NO DATA")
    db.sql("CREATE MATERIALIZED VIEW w TARGET_LAG DOWNSTREAM AS FROM t WITH NO DATA")
    db.sql("CREATE MATERIALIZED VIEW x AS FROM t WITH NO DATA")
    assert promises.slos() == {Name("v"): Slo(3600.0), Name("w"): Slo()}


def test_what_is_remembered_is_never_out_of_date(db, clock, promises):
    """Each step is judged alike by one that remembers and one that asks for the first time."""
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS FROM t")
    for statement in (
        "INSERT INTO t VALUES (11)",
        "REFRESH MATERIALIZED VIEW v",
        "ALTER MATERIALIZED VIEW v ROLLBACK",
        "ALTER MATERIALIZED VIEW v SET TARGET_LAG '3 hours'",
        "REFRESH MATERIALIZED VIEW v",
        "SELECT 1",
        "ALTER MATERIALIZED VIEW v RESUME",
        "REFRESH MATERIALIZED VIEW v",
    ):
        db.sql(statement)
        clock.advance(2 * HOUR)
        fresh = Promises(db._services.home, db._services.observer)
        assert promises.slos() == fresh.slos(), statement
    clock.advance(40 * 24 * HOUR)
    late = promises.slos()[Name("v")]
    assert (late.time_within_target_lag_ratio, late.max_lag_sec) == (1.0, 0.0)


def test_a_clock_that_is_set_back_brings_back_what_had_left_the_window(db, clock, promises):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS FROM t")
    db.sql("INSERT INTO t VALUES (11)")
    clock.advance(2 * HOUR)
    db.sql("REFRESH MATERIALIZED VIEW v")
    now = clock.now()
    clock.set(now + timedelta(days=40))
    assert promises.slos()[Name("v")].max_lag_sec == 0.0
    clock.set(now + HOUR)
    assert promises.slos()[Name("v")].max_lag_sec == 2 * 3600.0


def test_a_view_that_cannot_be_used_is_as_late_as_what_broke_it_is_old(db, clock, promises):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS SELECT x FROM t")
    clock.advance(HOUR)
    db.sql("ALTER TABLE t RENAME COLUMN x TO y")
    clock.advance(3 * HOUR)
    (account,) = promises.slos().values()
    assert account.max_lag_sec == 3 * 3600.0
    assert account.time_within_target_lag_ratio == 0.5

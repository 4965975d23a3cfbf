"""What a daemon does, told on a virtual clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

import mlview
from mlview.daemon import Daemon
from mlview.daemon.events import Confirmed, Decided, Finished, Started, Suspended, Troubled
from mlview.errors import UsageProblem

SUMS = "SELECT g, sum(x) AS s FROM t GROUP BY g"


def scheduled(db, name):
    """The scheduled refreshes of a view that did something, oldest first."""
    query = (
        "SELECT action, state, started_at, snapshot_id FROM mlview.refresh_history WHERE name = ? "
        "AND trigger = 'SCHEDULED' AND action <> 'NO_DATA' ORDER BY refresh_id"
    )
    return db.sql(query, [name]).fetchall()


def state(db, name):
    return db.sql("SELECT state FROM mlview.staleness WHERE name = ?", [name]).fetchall()[0][0]


def test_a_view_is_refreshed_just_before_its_target_lag_is_over(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    clock.advance(timedelta(hours=5))
    changed = clock.now()
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(3)
    ((action, ended, at, _),) = scheduled(db, "v")
    assert (action, ended) == ("INCREMENTAL", "SUCCEEDED")
    assert timedelta(minutes=59) < at - changed < timedelta(hours=1)
    assert state(db, "v") == "FRESH"


def test_changes_that_come_until_then_are_refreshed_together(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    for k in range(8):
        db.sql("INSERT INTO t VALUES (?, 0, 7)", [100 + k])
        keeper.hours(0.25)
    assert len(scheduled(db, "v")) == 2


def test_days_pass_in_seconds_and_no_target_is_missed(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '6 hours' AS {SUMS}")
    db.sql("CREATE MATERIALIZED VIEW w TARGET_LAG '1 day' AS SELECT max(s) AS s FROM v")
    for day in range(8):
        db.sql("INSERT INTO t VALUES (?, 1, 2)", [1000 + day])
        keeper.hours(24)
    assert len(scheduled(db, "v")) == 8
    kept = "SELECT time_within_target_lag_ratio, max_lag_sec <= target_lag_sec FROM mlview.slo"
    assert db.sql(kept).fetchall() == [(1.0, True), (1.0, True)]
    assert db.verify().arrow()["equal"].to_pylist() == [True, True]


def test_what_nothing_changed_is_never_refreshed(db, keeper):
    db.sql("CREATE TABLE other AS SELECT 1 AS x")
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("INSERT INTO other VALUES (2)")
    keeper.hours(24)
    assert keeper.told(Started) == []


def test_a_change_that_leaves_its_rows_alone_is_put_on_record_once(db, keeper):
    query = "SELECT count(*) AS n FROM t WHERE x > 1000"
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {query}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(24)
    assert keeper.told(Started) == []
    assert len(keeper.told(Confirmed)) == 1


def test_what_a_due_view_reads_is_refreshed_before_it_and_at_one_snapshot(db, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG DOWNSTREAM AS {SUMS}")
    db.sql("CREATE MODEL m PREDICT s USING Ridge TARGET_LAG '1 hour' AS SELECT g, s FROM v")
    db.sql("CREATE MATERIALIZED VIEW alone TARGET_LAG DOWNSTREAM AS SELECT max(x) AS x FROM t")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(2)
    (first,), (second,) = scheduled(db, "v"), scheduled(db, "m")
    assert first[2] <= second[2]
    assert first[3] == second[3]
    assert scheduled(db, "alone") == []


def test_the_age_of_a_view_over_views_is_counted_from_the_base_tables(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("CREATE MATERIALIZED VIEW w TARGET_LAG '2 hours' AS SELECT max(s) AS s FROM v")
    changed = clock.now()
    db.sql("INSERT INTO t VALUES (100, 2, 700)")
    keeper.hours(4)
    ((_, _, at, _),) = scheduled(db, "w")
    assert at - changed < timedelta(hours=2)


def test_what_is_there_at_an_earlier_snapshot_is_shared(db, clock, keeper):
    """The parent's next version costs a lot and is not due: the child reads the one there is."""
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '10 hours' AS {SUMS}")
    db.sql("CREATE MATERIALIZED VIEW w AS SELECT max(s) AS s FROM v")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    db.sql("REFRESH MATERIALIZED VIEW v")
    at = db.sql("SELECT max(snapshot_id) FROM mlview.versions WHERE name = 'v'").fetchall()[0][0]
    db.sql("INSERT INTO t VALUES (101, 0, 7)")
    plain = db.services.refresher
    outcome = plain.refresh(mlview.planning.Demand((name_of(db, "w"),)), at=at)
    assert [str(step.step.name) for step in outcome.steps] == ["w"]
    assert outcome.steps[0].version.snapshot_id == at
    assert state(db, "v") == state(db, "w") == "STALE"
    assert db.verify().arrow()["equal"].to_pylist() == [True, True]
    again = plain.refresh(mlview.planning.Demand((name_of(db, "w"),)), at=at)
    assert [str(step.step.name) for step in again.steps] == ["v", "w"]


def name_of(db, name):
    return next(row.name for row in db.services.home.catalog.objects() if row.name.plain == name)


def test_a_view_declared_with_no_data_is_materialized_when_it_is_due(db, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS} WITH NO DATA")
    keeper.hours(2)
    assert state(db, "v") == "FRESH"


def test_a_suspended_view_waits_until_it_is_resumed(db, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("ALTER MATERIALIZED VIEW v SUSPEND")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(3)
    assert scheduled(db, "v") == []
    db.sql("ALTER MATERIALIZED VIEW v RESUME")
    keeper.hours(1)
    assert len(scheduled(db, "v")) == 1


def test_a_view_that_fails_is_tried_again_ever_later_and_then_suspended(db, keeper):
    db.sql("CREATE TABLE words AS SELECT '1' AS w")
    db.sql("CREATE MATERIALIZED VIEW bad TARGET_LAG '1 hour' AS SELECT sum(w::INT) AS s FROM words")
    db.sql(f"CREATE MATERIALIZED VIEW good TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("INSERT INTO words VALUES ('one')")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(5)
    tries = scheduled(db, "bad")
    assert [ended for _, ended, _, _ in tries] == ["FAILED"] * 5
    pauses = [later[2] - sooner[2] for sooner, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 4 * pauses[0] > timedelta(0)
    assert [str(event.name) for event in keeper.told(Suspended)] == ["bad"]
    why = db.sql("SELECT stale_reason FROM mlview.staleness WHERE name = 'bad'").fetchall()
    assert "5 scheduled refreshes failed in a row" in why[0][0]
    assert db.sql("FROM bad").fetchall() == [(1,)]
    assert state(db, "good") == "FRESH"
    db.sql("DELETE FROM words WHERE w = 'one'")
    db.sql("ALTER MATERIALIZED VIEW bad RESUME")
    db.sql("INSERT INTO words VALUES ('2')")
    keeper.hours(2)
    assert db.sql("FROM bad").fetchall() == [(3,)]


def test_a_definition_that_changes_counts_from_the_next_look_on(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '10 hours' AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(1)
    db.sql("ALTER MATERIALIZED VIEW v SET TARGET_LAG '30 minutes'")
    keeper.hours(0.01)
    assert len(scheduled(db, "v")) == 1


@pytest.mark.parametrize("hold", ["ROLLBACK", "PIN VERSION 1"])
def test_what_a_person_holds_back_is_not_tried_again_and_again(db, clock, keeper, hold):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    db.sql("REFRESH MATERIALIZED VIEW v")
    db.sql(f"ALTER MATERIALIZED VIEW v {hold}")
    keeper.hours(5)
    assert scheduled(db, "v") == []
    db.sql("INSERT INTO t VALUES (101, 0, 7)")
    keeper.hours(5)
    released = hold == "ROLLBACK"
    assert (len(scheduled(db, "v")), state(db, "v") == "FRESH") == (int(released), released)


def test_rows_that_leave_a_window_are_noticed_although_nothing_is_committed(db, clock, keeper):
    db.sql(
        "CREATE TABLE seen AS FROM range(10) r(i) "
        "SELECT TIMESTAMPTZ '2013-03-09 12:30:00+00' + to_hours(i) AS moment"
    )
    db.sql(
        "CREATE MATERIALIZED VIEW to_come TARGET_LAG '1 hour' AS "
        "SELECT count(*) AS n FROM seen WHERE moment > refresh_time()"
    )
    for hour in range(1, 6):
        keeper.hours(1)
        (left,) = db.sql("FROM to_come").fetchall()[0]
        assert left <= 10 - hour + 1
    assert db.sql("SELECT max(lag_sec) < 7200 FROM mlview.staleness").fetchall() == [(True,)]


def test_a_view_is_as_old_as_the_first_row_that_left_its_window(db, clock, keeper):
    """Nothing leaves for an hour."""
    db.sql("CREATE TABLE seen AS SELECT TIMESTAMPTZ '2013-03-08 13:00:30+00' AS moment")
    db.sql(
        "CREATE MATERIALIZED VIEW recent TARGET_LAG '10 minutes' AS "
        "FROM seen WHERE moment > refresh_time() - INTERVAL 1 DAY"
    )
    lag = "SELECT lag_sec FROM mlview.staleness WHERE name = 'recent'"
    created = clock.now()
    leaves = datetime(2013, 3, 9, 13, 0, 30, tzinfo=UTC)
    clock.set(leaves - timedelta(seconds=1))
    assert db.sql(lag).fetchall() == [(0.0,)]
    clock.set(leaves + timedelta(seconds=7))
    assert db.sql(lag).fetchall() == [(7.0,)]
    clock.set(created)
    keeper.hours(2)
    assert db.sql("FROM recent").fetchall() == []
    assert len(keeper.told(Started)) == 1
    (within, longest) = db.sql(
        "SELECT time_within_target_lag_ratio, max_lag_sec FROM mlview.slo"
    ).fetchall()[0]
    assert within == 1.0
    assert longest <= 600


def test_a_predicate_over_lag_is_met_in_time_without_looking_for_it(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v REFRESH WHEN (lag_sec > 3600) AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    (due,) = {step.due_at for step in db.plan().steps}
    assert due == clock.now() + timedelta(hours=1)
    keeper.hours(0.9)
    assert (len(scheduled(db, "v")), state(db, "v")) == (0, "STALE")
    keeper.hours(0.2)
    assert (len(scheduled(db, "v")), state(db, "v")) == (1, "FRESH")
    assert len(keeper.told(Decided)) < 2 * 60, "once a minute, for whatever else may have happened"


def test_a_view_over_one_that_needs_a_person_waits_with_it(db, clock, keeper):
    db.sql("CREATE TABLE u AS SELECT 1 AS a")
    db.sql("CREATE MATERIALIZED VIEW p TARGET_LAG '1 hour' AS SELECT g, x FROM t")
    db.sql("CREATE MATERIALIZED VIEW c TARGET_LAG '1 hour' AS SELECT sum(x + a) AS s FROM p, u")
    db.sql("ALTER TABLE t RENAME x TO y")
    db.sql("INSERT INTO u VALUES (2)")
    keeper.hours(5)
    assert scheduled(db, "p") == scheduled(db, "c") == []
    why = {str(step.name): step.reason for step in db.plan().steps}["c"]
    assert "it reads p: somebody has to look at it first" in why
    db.sql("ALTER TABLE t RENAME y TO x")
    keeper.hours(2)
    assert (state(db, "p"), state(db, "c")) == ("FRESH", "FRESH")


def test_a_clock_that_is_set_back_after_a_failure_does_not_stop_it(db, clock, keeper):
    db.sql("CREATE TABLE words AS SELECT '1' AS w")
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS SELECT sum(w::INT) AS s FROM words")
    db.sql("INSERT INTO words VALUES ('one')")
    keeper.hours(1)
    assert [ended for _, ended, _, _ in scheduled(db, "v")][:1] == ["FAILED"]
    db.sql("DELETE FROM words WHERE w = 'one'; INSERT INTO words VALUES ('2')")
    clock.advance(timedelta(days=-1))
    keeper.hours(2)
    assert db.sql("FROM v").fetchall() == [(3,)]


def test_a_condition_that_time_does_not_change_is_not_looked_at_all_the_time(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v REFRESH WHEN (changed_rows > 100) AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(24)
    assert len(keeper.told(Decided)) < 5
    db.sql("ALTER MATERIALIZED VIEW v SET REFRESH WHEN (lag_sec > 3600)")
    keeper.hours(2)
    assert len(scheduled(db, "v")) == 1


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=1)])
def test_a_clock_that_jumps_makes_one_refresh(db, clock, keeper, jump):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '30 minutes' AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    keeper.hours(0.1)
    clock.advance(jump)
    keeper.hours(3)
    assert len(scheduled(db, "v")) == 1
    assert state(db, "v") == "FRESH"


def test_once_does_what_is_due_and_returns(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql(f"CREATE MATERIALIZED VIEW w TARGET_LAG '5 hours' AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    clock.advance(timedelta(hours=2))
    keeper.daemon.run(once=True)
    assert (state(db, "v"), state(db, "w")) == ("FRESH", "STALE")


def test_a_daemon_says_that_it_lives_and_that_it_has_ended(db, keeper):
    keeper.hours(1)
    (beat,) = db.services.home.catalog.heartbeats()
    assert (str(beat.state), beat.slots) == ("STOPPED", 1)


def test_daemons_that_are_long_gone_are_forgotten(db, clock, keeper):
    keeper.hours(1)
    gone = replace(db.services.home.catalog.heartbeats()[0], holder="elsewhere:1:0.0")
    db.services.home.catalog.beat(gone)
    clock.advance(timedelta(days=8))
    keeper.hours(1)
    assert [b.holder for b in db.services.home.catalog.heartbeats()] != []
    assert "elsewhere:1:0.0" not in [b.holder for b in db.services.home.catalog.heartbeats()]


def test_a_pass_that_fails_is_told_and_the_daemon_goes_on(db, clock, keeper, monkeypatch):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    look, calls = db.services.observer.look, []

    def failing(**options):
        calls.append(1)
        if len(calls) <= 3:
            raise OSError(5, "Input/output error")
        return look(**options)

    monkeypatch.setattr(db.services.observer, "look", failing)
    keeper.hours(2)
    pauses = [event.pause for event in keeper.told(Troubled)]
    assert pauses == [1.0, 2.0, 4.0]
    assert len(keeper.told(Finished)) == 1


def test_an_idle_daemon_decides_nothing(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    keeper.hours(24)
    assert len(keeper.told(Decided)) == 1


def test_the_plan_is_what_the_daemon_then_does(db, clock, keeper):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("CREATE MATERIALIZED VIEW w TARGET_LAG '30 minutes' AS SELECT max(x) AS x FROM t")
    db.sql("CREATE MATERIALIZED VIEW hand AS SELECT min(x) AS x FROM t")
    db.sql("INSERT INTO t VALUES (100, 0, 700), (101, 0, -5)")
    plan = db.plan()
    assert [str(step.name) for step in plan.steps] == ["w", "v", "hand"]
    assert plan.steps[-1].due_at is None
    assert "by hand" in plan.steps[-1].reason
    table = db.sql("SELECT name, action, due_at, start_at FROM mlview.plan").fetchall()
    assert table == [(s.name.plain, str(s.action), s.due_at, s.start_at) for s in plan.steps]
    keeper.hours(2)
    begun = [event.work.names[-1] for event in keeper.told(Started)]
    assert begun == [step.name for step in plan.steps[:2]]
    (at,) = (row[2] for row in scheduled(db, "v"))
    assert abs(at - plan.steps[1].start_at) < timedelta(seconds=5)


def test_explain_refresh_says_when_the_schedule_would_do_it(db):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    db.sql("INSERT INTO t VALUES (100, 0, 7)")
    line = db.sql("EXPLAIN REFRESH MATERIALIZED VIEW v").arrow().to_pylist()[0]
    (step,) = db.plan().steps
    assert (line["due_at"], line["start_at"]) == (step.due_at, step.start_at)


def test_another_clock_a_tick_of_nothing_and_negative_workers_are_refused(db, clock):
    for options in ({"clock": mlview.SystemClock()}, {"tick": 0}, {"workers": -1}):
        with pytest.raises(UsageProblem, match="expected"):
            Daemon(db, **options)

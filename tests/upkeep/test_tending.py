"""A database that is fed for months and tended in between: small, fast, and still right."""

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

import mlview
from mlview.clock import ManualClock
from mlview.definitions import Name
from mlview.engines import DuckLakeEngine
from mlview.planning.upkeep import UpkeepAction, UpkeepStep
from mlview.upkeep.retention import Retention
from mlview.upkeep.tending import Tending

T = Name("t")
START = datetime(2013, 1, 1, tzinfo=UTC)
COMMITS = 160


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture(scope="module")
def fed(tmp_path_factory):
    """A closed database: t -> v."""
    path = tmp_path_factory.mktemp("template") / "months.mlv"
    with mlview.connect(path, clock=ManualClock(START)) as db:
        db.sql("CREATE TABLE t (k BIGINT, x DOUBLE)")
        db.sql("CREATE MATERIALIZED VIEW v AS SELECT k % 3 AS g, count(*) AS n FROM t GROUP BY ALL")
    return path


@pytest.fixture
def db(fed, tmp_path, clock):
    with mlview.connect(shutil.copytree(fed, tmp_path / "months.mlv"), clock=clock) as db:
        yield db


@pytest.fixture
def home(db):
    return db._services.home


def tend(tending, now, idle=60.0):
    return {step.key: tending.carry_out(step, now) for step in tending.plan(now, idle)}


def test_months_of_small_commits_leave_a_small_lake_and_every_kept_version_right(db, home, clock):
    db.sql("ALTER DATABASE SET RETENTION (versions => 2, snapshots => '2 days')")
    db.sql("REFRESH ALL; ALTER MATERIALIZED VIEW v PIN VERSION 1")
    pinned = home.engine.current_snapshot().id
    tending, seen = Tending(home, longest_read=timedelta(0)), Counter()
    with (
        home.engine.connection() as writer,
        home.engine.reader(pinned, refresh_time=clock.now()) as reader,
    ):
        for number in range(COMMITS):
            clock.advance(timedelta(hours=6))
            writer.run(f"INSERT INTO t VALUES ({number}, {number} / 2)")
            if number % 40 == 39:
                db.sql("REFRESH ALL")
            done = tend(tending, clock.now())
            seen.update(key.split(":")[0] for key in done)
            assert [one.said for one in done.values() if one.failures] == []
            if done:
                assert reader.table("FROM t").num_rows == 0
    assert {"merge", "expire", "clean", "collect"} <= set(seen)
    assert clock.now() - START == timedelta(days=40)
    clock.advance(timedelta(days=1))
    tend(tending, clock.now())

    lake = tending.health(clock.now()).lakes[0]
    assert lake.snapshots < 40
    assert sum(table.mergeable[0].count for table in lake.tables) < 40
    assert len(list((db.path / "lake").rglob("*.parquet"))) < 80
    verified = db.verify(all_versions=True).arrow()
    assert verified["version"].to_pylist() == [1, 4, 5]
    assert all(verified["equal"].to_pylist())
    assert db.doctor().fetchall() == []
    change = home.engine.change(T, pinned, home.engine.current_snapshot().id)
    assert (change.inserted, change.deleted) == (COMMITS, 0)


def test_while_nothing_happens_the_lakes_are_not_looked_at(db, home, clock, monkeypatch):
    tending = Tending(home)
    tend(tending, clock.now())
    tending.plan(clock.now(), 1.0)
    looks = []
    monkeypatch.setattr(DuckLakeEngine, "health", lambda *_, **__: looks.append(clock.now()) or ())
    for _ in range(14):
        clock.advance(timedelta(minutes=1))
        assert tending.plan(clock.now(), 1.0) == ()
    assert looks == []
    db.sql("INSERT INTO t VALUES (1, 1)")
    tending.plan(clock.now(), 1.0)
    assert len(looks) == 1


def test_the_snapshot_that_a_refresh_is_reading_stays(db, home, clock, monkeypatch):
    db.sql("ALTER DATABASE SET RETENTION (snapshots => '1 hour')")
    db.sql("INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (1, 1)")
    tending, seen = Tending(home), []
    write = DuckLakeEngine.write_materialization

    def tended_meanwhile(engine, *args, **values):
        clock.advance(timedelta(days=1))
        with engine.connection() as writer:
            writer.run("INSERT INTO t VALUES (2, 2)")
            clock.advance(timedelta(days=1))
            writer.run("INSERT INTO t VALUES (3, 3)")
        seen.append(tend(tending, clock.now())["expire:lake"].said)
        return write(engine, *args, **values)

    monkeypatch.setattr(DuckLakeEngine, "write_materialization", tended_meanwhile)
    db.sql("REFRESH MATERIALIZED VIEW v FULL")
    monkeypatch.undo()
    assert seen == ["expired 1 snapshots"]
    assert db.verify("v").arrow()["equal"].to_pylist() == [True]


def test_under_the_default_no_more_snapshots_are_kept_than_writers_stand(
    db, home, clock, monkeypatch
):
    for number in range(8):
        clock.advance(timedelta(hours=2))
        db.sql(f"INSERT INTO t VALUES ({number}, 0)")
    tending = Tending(home)
    assert tending.health(clock.now()).lakes[0].expirable == 0
    few = Retention(at_most=3)
    monkeypatch.setattr("mlview.upkeep.tending.kept_retention", lambda _: few)
    lake = tending.health(clock.now()).lakes[0]
    assert 0 < lake.expirable <= lake.snapshots - 3
    assert tend(tending, clock.now())["expire:lake"].said == (f"expired {lake.expirable} snapshots")


def test_a_step_that_fails_is_remembered_and_tried_again_later(db, home, clock):
    tending = Tending(home)
    step = UpkeepStep(UpkeepAction.MERGE, "lake", Name("nope"), "a table is gone", 0.1, 0.1, 40)
    first = tending.carry_out(step, clock.now())
    second = tending.carry_out(step, clock.now())
    assert (first.failures, second.failures) == (1, 2)
    assert "nope" in second.said
    assert tending.done()["merge:lake:nope"] == second


def test_it_does_not_wait_long_for_a_writer(db, home, clock):
    step = UpkeepStep(UpkeepAction.MERGE, "lake", T, "many files", 0.1, 0.1, 40)
    with home.engine.connection() as writer:
        writer.run("BEGIN")
        writer.run("INSERT INTO t VALUES (1, 1)")
        done = Tending(home).carry_out(step, clock.now())
        writer.run("COMMIT")
    assert done.failures == 0
    assert "writ" in done.said
    assert done.seconds < 20

"""Whatever happens to a refresh, the old or the complete new version is live."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

import mlview

BEFORE = [
    "killed with the lease",
    "killed before training",
    "killed in training",
    "killed before the artifact's rename",
    "killed after the artifact's rename",
    "killed before the version is added",
    "killed before the commit",
]


def live(db):
    query = "SELECT name, live_version FROM mlview.{}"
    tables = ("models", "materialized_views")
    return dict(row for table in tables for row in db.sql(query.format(table)).fetchall())


def ways(db, name):
    """How each operator's part of the newest version was had."""
    home = db._services.home
    row = next(row for row in home.catalog.objects() if row.name.plain == name)
    version = home.catalog.version(row.id, row.live_version)
    return [strategy for _, strategy, _ in version.details.get("delta", ())]


def states(db):
    return {state for (state,) in db.sql("SELECT state FROM mlview.staleness").fetchall()}


def history(db, name):
    query = "SELECT state FROM mlview.refresh_history WHERE name = ? ORDER BY refresh_id DESC"
    return [state for (state,) in db.sql(query, [name]).fetchall()]


def assert_verified(db):
    """What is live equals its definition at the snapshot it names."""
    assert [line for line in db.verify().fetchall() if not line[2]] == []


def assert_repeatable(db, *, made_already=()):
    """What is live is sound; a refresh makes the rest fresh, and nothing a second time."""
    assert db.doctor().fetchall() == []
    db.sql("FROM m LIMIT 1").fetchall()
    before = live(db)
    db.sql("REFRESH ALL")
    after = live(db)
    assert states(db) == {"FRESH"}
    assert {name for name in before if after[name] == before[name]} == set(made_already)
    db.sql("REFRESH ALL")
    assert live(db) == after
    assert "EXECUTING" not in [s for name in after for s in history(db, name)]
    published = "SELECT name, snapshot_id FROM mlview.versions WHERE status IN ('LIVE', 'RETIRED')"
    assert max(Counter(db.sql(published).fetchall()).values()) == 1


@pytest.mark.parametrize("fault", BEFORE)
def test_killed_before_the_commit_the_old_model_serves(path, crew, fault):
    assert crew.run(path, "REFRESH MODEL m", fault)["killed"]
    with mlview.connect(path) as db:
        assert live(db) == {"v": 1, "w": 1, "m": 1}
        assert_repeatable(db)
        if fault != "killed with the lease":
            assert history(db, "m")[:3] == ["SUCCEEDED", "SUCCEEDED", "CANCELLED"]


@pytest.mark.parametrize(
    "fault",
    [
        "killed between a view and its sums",
        "killed before the store's commit",
        "killed before the version is added",
    ],
)
def test_killed_around_the_stores_commit_the_old_rows_are_read(path, crew, fault):
    assert crew.run(path, "REFRESH MATERIALIZED VIEW v INCREMENTAL", fault)["killed"]
    with mlview.connect(path) as db:
        assert live(db)["v"] == 1
        assert db.sql("SELECT sum(n) FROM v").fetchall() == [(120,)]
        assert_repeatable(db)
        assert ways(db, "v")[0] == "ADDITIVE"
        assert_verified(db)
        assert db.sql("SELECT sum(n) FROM v").fetchall() == [(160,)]


@pytest.mark.parametrize("fault", ["killed after the commit", "interrupted after the commit"])
def test_once_it_is_committed_the_new_version_serves(path, crew, fault):
    ended = crew.run(path, "REFRESH MATERIALIZED VIEW v", fault)
    assert ended == {"said": "interrupted", "killed": False} or ended["killed"]
    with mlview.connect(path) as db:
        assert live(db) == {"v": 2, "w": 1, "m": 1}
        assert history(db, "v")[0] == "SUCCEEDED"
        assert_verified(db)
        assert_repeatable(db, made_already=["v"])


def test_killed_in_its_first_training_a_model_can_be_refreshed(path, crew):
    create = "CREATE MODEL n PREDICT y USING Ridge AS SELECT x, y::DOUBLE AS y FROM t"
    assert crew.run(path, create, "killed in training")["killed"]
    with mlview.connect(path) as db:
        assert db.model("n").staleness.state == "UNUSABLE"
        db.sql("REFRESH MODEL n")
        assert db.model("n").staleness.state == "FRESH"


@pytest.mark.parametrize("when", ["in training", "before the commit"])
def test_an_interrupted_refresh_is_cancelled_and_publishes_nothing(path, crew, when):
    assert crew.run(path, "REFRESH MODEL m", f"interrupted {when}")["said"] == "interrupted"
    with mlview.connect(path) as db:
        assert live(db)["m"] == 1
        assert history(db, "m")[0] == "CANCELLED"
        code = "SELECT error_code FROM mlview.refresh_history WHERE state = 'CANCELLED'"
        assert db.sql(code).fetchall() == [("INTERRUPTED",)]
        assert_repeatable(db)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("fsync fails", "ARTIFACT_IO"),
        ("no space at the artifact", "DISK_FULL"),
        ("no growth at the artifact", "ARTIFACT_IO"),
        ("no growth at the commit", "STORAGE"),
    ],
)
def test_a_disk_that_refuses_leaves_the_old_model_serving(path, crew, fault, code):
    assert crew.run(path, "REFRESH MODEL m", fault)["said"] == code
    with mlview.connect(path) as db:
        assert live(db)["m"] == 1
        assert_repeatable(db)


def test_a_store_that_cannot_grow_leaves_the_old_rows(path, crew):
    said = crew.run(path, "REFRESH MATERIALIZED VIEW v", "no growth in the store")["said"]
    assert said in {"STORAGE", "DISK_FULL", "LAKE"}
    with mlview.connect(path) as db:
        assert live(db)["v"] == 1
        assert_repeatable(db)


def test_artifacts_that_cannot_be_written_leave_the_old_model_serving(path, crew):
    (path / "artifacts").rename(path / "aside")
    (path / "artifacts").write_text("no directory")
    assert crew.run(path, "REFRESH MODEL m")["said"] == "ARTIFACT_IO"
    (path / "artifacts").unlink()
    (path / "aside").rename(path / "artifacts")
    with mlview.connect(path) as db:
        assert live(db)["m"] == 1
        assert_repeatable(db)


def test_killed_at_random_moments_one_whole_state_is_left(path, crew):
    chance, more = random.Random(20130310), "INSERT INTO t SELECT range, 1, 1 FROM range(20); "
    began = time.monotonic()
    assert crew.run(path, more + "REFRESH ALL")["said"] == "done"
    whole = time.monotonic() - began
    ends: Counter[bool] = Counter()
    for n in range(15):
        ended = crew.run(path, more + "REFRESH ALL", kill_after=chance.uniform(0, whole))
        ends[ended["killed"]] += 1
        if n % 5 == 4:
            with mlview.connect(path) as db:
                assert db.doctor().fetchall() == []
                assert_verified(db)
    assert ends[True] > 0
    with mlview.connect(path) as db:
        db.sql("REFRESH ALL")
        assert states(db) == {"FRESH"}
        assert_verified(db)
        assert "EXECUTING" not in history(db, "m") + history(db, "v") + history(db, "w")

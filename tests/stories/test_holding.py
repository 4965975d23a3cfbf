"""ROLLBACK and PIN hold publishing; what releases them, and what does not."""

from datetime import timedelta

import pytest


@pytest.fixture
def three(opened):
    """A model with three versions, the third live, each of other data."""
    db, clock = opened
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y FROM points")
    for _ in range(2):
        change(db, clock)
        db.sql("REFRESH MODEL m")
    return db


def change(db, clock):
    clock.advance(timedelta(hours=1))
    db.sql(
        "INSERT INTO points (id, a, b, y) SELECT max(id) + 1, max(id) % 90, 50, true FROM points"
    )


def live(db):
    return db.sql("SELECT live_version FROM mlview.models").fetchone()[0]


def test_rollback_goes_to_the_version_before_and_is_logged(three):
    answer = three.sql("ALTER MODEL m ROLLBACK").fetchone()[0]
    assert answer.startswith("m is back at version 2")
    assert live(three) == 2
    log = three.sql('SELECT version, reason FROM mlview.deployments ORDER BY "at", version')
    assert (2, "ROLLBACK") in log.fetchall()


def test_after_a_rollback_refreshes_keep_candidates(three):
    three.sql("ALTER MODEL m ROLLBACK")
    result = three.sql("REFRESH MODEL m")
    assert "kept as candidate 4" in result.notices[0]
    assert live(three) == 2
    statuses = three.sql("SELECT status FROM mlview.versions ORDER BY version").fetchall()
    assert statuses == [("RETIRED",), ("LIVE",), ("RETIRED",), ("CANDIDATE",)]


def test_repeated_rollbacks_go_back_and_never_oscillate(three, refused):
    seen = []
    for _ in range(2):
        three.sql("ALTER MODEL m ROLLBACK")
        three.sql("REFRESH MODEL m")
        seen.append(live(three))
    assert seen == [2, 1]
    error = refused(three, "ALTER MODEL m ROLLBACK")
    assert "no earlier version that was live and healthy" in error.message
    assert live(three) == 1


def test_changed_data_releases_a_rollback(three, clock):
    three.sql("ALTER MODEL m ROLLBACK")
    change(three, clock)
    three.sql("REFRESH MODEL m")
    assert live(three) == 4
    three.sql("REFRESH MODEL m FULL")
    assert live(three) == 5


def test_resume_releases_a_rollback(three):
    three.sql("ALTER MODEL m ROLLBACK")
    three.sql("ALTER MODEL m RESUME")
    three.sql("REFRESH MODEL m")
    assert live(three) == 4


def test_a_version_that_was_rolled_back_from_is_not_gone_back_to(three, clock):
    three.sql("ALTER MODEL m ROLLBACK")
    change(three, clock)
    three.sql("REFRESH MODEL m")
    three.sql("ALTER MODEL m ROLLBACK")
    assert live(three) == 2


def test_only_unpin_releases_a_pin(three, clock, refused):
    three.sql("ALTER MODEL m PIN VERSION 1")
    assert live(three) == 1
    change(three, clock)
    assert "version 1 is pinned" in three.sql("REFRESH MODEL m").notices[0]
    three.sql("ALTER MODEL m RESUME")
    three.sql("REFRESH MODEL m")
    error = refused(three, "ALTER MODEL m ROLLBACK")
    assert error.hint == "ALTER MODEL m UNPIN; first"
    assert live(three) == 1
    three.sql("ALTER MODEL m UNPIN")
    three.sql("REFRESH MODEL m")
    assert live(three) == 6


def test_an_unknown_version_cannot_be_pinned(three, refused):
    assert "it has: 1, 2, 3" in refused(three, "ALTER MODEL m PIN VERSION 7").hint


def test_a_pin_holds_the_version_and_not_the_definition(three):
    three.sql("ALTER MODEL m PIN VERSION 3")
    before = three.sql("FROM m").fetchall()
    create = (
        "CREATE OR REPLACE MODEL m PREDICT y USING LogisticRegression AS SELECT a, y FROM points"
    )
    assert any("version 3 is pinned" in notice for notice in three.sql(create).notices)
    assert three.sql("FROM m").fetchall() == before
    three.sql("ALTER MODEL m UNPIN")
    three.sql("REFRESH MODEL m")
    assert [column.name for column in three.sql("FROM m").columns][:2] == ["a", "y"]


def test_a_moved_pointer_is_a_change_for_all_that_read_it(db, clock, states):
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM points")
    db.sql("CREATE MATERIALIZED VIEW w AS SELECT n * 2 AS n FROM v")
    change(db, clock)
    db.sql("REFRESH ALL")
    clock.advance(timedelta(hours=1))
    db.sql("ALTER MATERIALIZED VIEW v ROLLBACK")
    clock.advance(timedelta(minutes=30))
    assert states(db) == {"v": "STALE", "w": "STALE"}
    reason = db.sql("SELECT stale_reason FROM mlview.staleness WHERE name = 'w'").fetchone()[0]
    assert "v has another live version" in reason
    db.sql("REFRESH MATERIALIZED VIEW w")
    assert db.sql("FROM w").fetchone() == (120,)


def test_a_suspended_view_serves_and_says_so(three, states):
    three.sql("ALTER MODEL m SUSPEND")
    assert states(three) == {"m": "SUSPENDED"}
    assert three.sql("SELECT count(predicted_y) FROM m").fetchone() == (62,)
    three.sql("ALTER MODEL m RESUME")
    assert states(three) == {"m": "FRESH"}

"""What we would have said then: AT a moment, and the moment of a refresh."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

THEN = "AT (TIMESTAMP => TIMESTAMP '2024-06-01 01:30:00')"


@pytest.fixture
def moved(opened):
    """Version 1 of everything at 1 o'clock; at 2, a row more and other versions; it is 3."""
    db, clock = opened
    clock.advance(timedelta(hours=1))
    db.sql("CREATE TABLE given AS FROM points WHERE id < 3")
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT id, a, b, y FROM points")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM points")
    db.sql("CREATE VIEW kept AS SELECT n * 10 AS tens FROM v")
    clock.advance(timedelta(hours=1))
    db.sql("INSERT INTO points (id, a, b, y) VALUES (1000, 99, 88, false)")
    db.sql("INSERT INTO given (id, a, b, y) VALUES (1000, 99, 88, false)")
    db.sql("REFRESH ALL")
    clock.advance(timedelta(hours=1))
    return db


@pytest.mark.parametrize(
    ("query", "then", "now"),
    [
        ("SELECT count(*) FROM points {}", 60, 61),
        ("SELECT n FROM v {}", 60, 61),
        ("SELECT n FROM v AS w {}", 60, 61),
        ("SELECT n FROM v {} AS w", 60, 61),
        ("SELECT tens FROM kept {}", 600, 610),
        ("SELECT count(predicted_y) FROM m {}", 60, 61),
        ("SELECT count(*) FROM ML.PREDICT(MODEL m, TABLE given) {}", 3, 4),
        ("SELECT count(p.a) FROM ML.PREDICT(MODEL m, TABLE given) AS p {}", 3, 4),
        ("SELECT count(p.a) FROM ML.PREDICT(MODEL m, TABLE given) {} AS p", 3, 4),
        ("SELECT count(*) FROM ML.PREDICT(MODEL m, points => given) {}", 3, 4),
        ("SELECT count(*) FROM ML.PREDICT(MODEL m, (FROM given)) {}", 3, 4),
        ("SELECT sum(rows) FROM ML.CONFUSION_MATRIX(MODEL m, TABLE points) {}", 60, 61),
    ],
)
def test_everything_can_be_asked_at_a_moment(moved, query, then, now):
    assert moved.sql(query.format("")).fetchone() == (now,)
    assert moved.sql(query.format(THEN)).fetchone() == (then,)


def test_the_version_that_was_live_then_answers(moved):
    rows = "SELECT predicted_y_prob FROM ML.PREDICT(MODEL m, (SELECT 60.0 AS a, 50.0 AS b){}) {}"
    first = moved.sql(rows.format(", version => 1", "")).fetchone()
    second = moved.sql(rows.format(", version => 2", "")).fetchone()
    assert first != second
    assert moved.sql(rows.format("", THEN)).fetchone() == first
    assert moved.sql(rows.format("", "")).fetchone() == second
    scores = "FROM ML.EVALUATE(MODEL m) {}"
    assert moved.sql(scores.format(THEN)).fetchall() != moved.sql(scores.format("")).fetchall()
    weights = "FROM ML.FEATURE_IMPORTANCE(MODEL m) {}"
    assert moved.sql(weights.format(THEN)).fetchall() != moved.sql(weights.format("")).fetchall()


def test_the_callers_rows_are_answered_at_a_moment(moved):
    frame = pd.DataFrame({"a": [60.0], "b": [50.0]})
    assert len(frame) == 1
    at = moved.sql(f"FROM ML.PREDICT(MODEL m, TABLE frame) {THEN}").fetchall()
    assert at == moved.sql("FROM ML.PREDICT(MODEL m, TABLE frame, version => 1)").fetchall()


def test_a_snapshot_is_a_moment_too(moved):
    assert moved.sql("SELECT count(*) FROM points AT (VERSION => 1)").fetchone() == (60,)
    newest = moved.sql("SELECT max(snapshot_id) FROM mlview.versions").fetchone()[0]
    assert moved.sql(f"SELECT n FROM v AT (VERSION => {newest})").fetchone() == (61,)


def test_moments_may_be_reckoned_from_the_refresh_time(moved):
    at = "AT (TIMESTAMP => refresh_time() - INTERVAL 90 MINUTE)"
    for relation in ("points", "m"):
        assert moved.sql(f"SELECT count(*) FROM {relation} {at}").fetchone() == (60,)


def test_nothing_was_live_before_the_first_version(moved, refused):
    for relation in ("m", "v", "ML.PREDICT(MODEL m, TABLE points)"):
        error = refused(moved, f"FROM {relation} AT (TIMESTAMP => TIMESTAMP '2024-06-01 00:30:00')")
        assert error.error_code == "NOT_MATERIALIZED"
        assert "2024-06-01 00:30:00 UTC" in error.message


@pytest.mark.parametrize("at", ["TIMESTAMP => NULL", "TIMESTAMP => 'garbage'", "VERSION => 99"])
@pytest.mark.parametrize("relation", ["m", "v"])
def test_a_moment_that_is_none_is_refused(moved, refused, relation, at):
    assert refused(moved, f"FROM {relation} AT ({at})").error_code


def test_tolerance_is_about_now_and_not_about_then(moved, refused):
    ask = f"FROM ML.PREDICT(MODEL m, TABLE given, max_staleness => '1 hour') {THEN}"
    assert "about now" in refused(moved, ask).message


WINDOW = "FROM points WHERE seen > refresh_time() - INTERVAL 31 DAY"


def test_a_window_moves_with_the_time_of_the_refresh(db, clock, states):
    db.sql(f"CREATE MATERIALIZED VIEW w AS SELECT count(*) AS n, max(refresh_time()) AS t {WINDOW}")
    first = datetime(2024, 6, 1, tzinfo=UTC)
    assert db.sql("FROM w").fetchone() == (59, first)
    assert states(db) == {"w": "FRESH"}
    clock.advance(timedelta(days=1))
    assert states(db) == {"w": "STALE"}
    assert db.sql("SELECT lag_sec FROM mlview.staleness").fetchone() == (86400.0,)
    assert db.sql("FROM w").fetchone() == (59, first)
    db.sql("REFRESH ALL")
    assert db.sql("FROM w").fetchone() == (35, first + timedelta(days=1))
    recorded = "SELECT data_timestamp FROM mlview.versions ORDER BY version"
    assert db.sql(recorded).fetchall() == [(first,), (first + timedelta(days=1),)]


def test_a_model_answers_the_rows_of_todays_window(db, clock):
    db.sql(f"CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y {WINDOW}")
    assert db.sql("SELECT count(*) FROM m").fetchone() == (59,)
    clock.advance(timedelta(days=1))
    assert db.sql("SELECT count(*) FROM m").fetchone() == (35,)


def test_a_model_on_another_models_answers_has_a_window_too(db):
    db.sql("CREATE MODEL one PREDICT y USING LogisticRegression AS SELECT id, a, b, y FROM points")
    db.sql(
        "CREATE MODEL two PREDICT y USING LogisticRegression AS "
        "SELECT p.predicted_y_prob AS p, s.c, s.y FROM one p JOIN points s USING (id) "
        "WHERE s.seen > refresh_time() - INTERVAL 31 DAY"
    )
    assert db.sql("SELECT count(*) FROM two").fetchone() == (59,)


def test_views_may_ask_for_the_refresh_time(db, clock):
    db.sql(f"CREATE VIEW plain AS SELECT *, refresh_time() AS t {WINDOW}")
    db.sql("CREATE VIEW nested AS SELECT t, refresh_time() AS t2 FROM plain")
    clock.advance(timedelta(days=1))
    now = datetime(2024, 6, 2, tzinfo=UTC)
    assert db.sql("SELECT count(*), max(t) FROM plain").fetchone() == (35, now)
    assert db.sql("SELECT max(t), max(t2) FROM nested").fetchone() == (now, now)
    assert db.sql("SELECT refresh_time()").fetchone() == (now,)

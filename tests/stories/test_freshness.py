"""How fresh views have to be: REFRESH WHEN, sources, the promise kept, and who was suspended."""

from __future__ import annotations

from datetime import timedelta

import pytest

import mlview
from mlview.definitions import RefreshMode
from mlview.planning.alarms import Alarm, alarm

HOUR = timedelta(hours=1)
ONE_ROW = "INSERT INTO points SELECT 60, a, b, c, seen, amount, y FROM points WHERE id = 1"
SLO = (
    "SELECT time_within_target_lag_ratio, mean_lag_sec, max_lag_sec, error_budget_left "
    "FROM mlview.slo"
)


def test_a_condition_on_staleness_is_kept_shown_altered_and_removed(db, refused):
    db.sql(
        "CREATE MATERIALIZED VIEW v REFRESH WHEN (changed_fraction > 0.01 OR lag_sec > 60) "
        "AS SELECT id, a FROM points"
    )
    described = dict(db.sql("DESCRIBE MATERIALIZED VIEW v").fetchall())
    assert described["refresh when"] == "changed_fraction > 0.01 OR lag_sec > 60"
    assert described["target lag"] == "none: REFRESH WHEN alone decides"
    shown = "SHOW CREATE MATERIALIZED VIEW v"
    assert "REFRESH WHEN (changed_fraction > 0.01 OR lag_sec > 60)" in db.sql(shown).fetchone()[0]
    db.sql("ALTER MATERIALIZED VIEW v SET REFRESH WHEN (changed_rows > 5), TARGET_LAG '1 hour'")
    error = refused(db, "ALTER MATERIALIZED VIEW v SET REFRESH WHEN (changed_row > 5)")
    assert (error.error_code, error.hint) == ("BIND", "did you mean 'changed_rows'?")
    assert "REFRESH WHEN (changed_rows > 5)" in db.sql(shown).fetchone()[0], "nothing was altered"
    db.sql("ALTER MATERIALIZED VIEW v UNSET REFRESH WHEN, TARGET_LAG")
    bare = "CREATE MATERIALIZED VIEW v\nAS SELECT id, a FROM points;"
    assert db.sql(shown).fetchone() == (bare,)
    assert db.sql("SELECT max(version) FROM mlview.versions").fetchone() == (1,)


def test_what_is_wrong_with_a_condition_is_placed_in_the_statement(db, refused):
    condition = "lag_sec > 5 AND\n  lag_secc > 3"
    create = f"CREATE MATERIALIZED VIEW v\n  REFRESH WHEN ({condition}) AS FROM points"
    error = refused(db, create)
    assert (error.line, error.column, error.hint) == (3, 3, "did you mean 'lag_sec'?")
    error = refused(db, f"SELECT 1; {create.replace('lag_secc', 'AND')}")
    assert (error.error_code, error.line, error.column) == ("SYNTAX", 3, 3)
    db.sql("CREATE MATERIALIZED VIEW v AS FROM points")
    error = refused(db, "ALTER MATERIALIZED VIEW v SET REFRESH WHEN (lag_sec >)")
    assert (error.line, error.column) == (1, 54)
    assert "it ends where more is expected" in error.message


def test_rows_are_not_kept_approximately(db, refused):
    create = "CREATE MATERIALIZED VIEW v REFRESH_MODE {} AS FROM points"
    error = refused(db, create.format("APPROXIMATE"))
    assert error.error_code == "DEFINITION_REFUSED"
    assert "what a model has learned" in error.message
    db.sql(create.format("INCREMENTAL"))
    error = refused(db, "ALTER MATERIALIZED VIEW v SET REFRESH_MODE APPROXIMATE")
    assert (error.error_code, error.name) == ("DEFINITION_REFUSED", "v")


@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [
        ("psi > 0.2", "BIND", "mlview.staleness has no column psi"),
        ("changed_fraction", "BIND", "found an expression of type DOUBLE"),
        ("random() < 0.1", "NONDETERMINISTIC", "random() is another value at every look"),
        ("sum(changed_rows) > 3", "DEFINITION_REFUSED", "the aggregate sum()"),
        ("state = 'STALEE'", "BIND", "state is never 'STALEE'"),
        ("kind = 'VIEW'", "BIND", "kind is never 'VIEW'"),
        ("(SELECT true)", "DEFINITION_REFUSED", "a subquery"),
    ],
)
def test_a_condition_that_means_nothing_is_refused_before_anything_is_made(
    shared, refused, condition, code, said
):
    text = f"CREATE MODEL m PREDICT y REFRESH WHEN ({condition}) AS SELECT a, y FROM points"
    for statement in (text, f"EXPLAIN {text}"):
        error = refused(shared, statement)
        assert (error.error_code, error.name) == (code, "m")
        assert said in error.message
    assert shared.models == ()


def test_what_can_never_be_measured_is_said_at_once(db):
    made = db.sql("CREATE MATERIALIZED VIEW v REFRESH WHEN (max_psi > 0.2) AS FROM points")
    assert any("max_psi: measured of models only" in notice for notice in made.notices)
    said = db.sql("ALTER MATERIALIZED VIEW v SET REFRESH WHEN (live_drop > 0.1)").fetchone()[0]
    assert "live_drop: measured of models only" in said


@pytest.mark.parametrize("condition", ["false", "lag_sec > NULL", "lag_sec > 5 AND 1 = 2"])
def test_a_condition_that_can_never_be_true_is_taken_and_said(db, condition):
    said = f"REFRESH WHEN ({condition}) can never be true, so it makes no refresh due"
    made = db.sql(f"CREATE MATERIALIZED VIEW v REFRESH WHEN ({condition}) AS FROM points")
    assert said in made.notices
    db.sql("ALTER MATERIALIZED VIEW v SET REFRESH WHEN (lag_sec < 0 OR changed_rows > 5)")
    assert said in db.sql(f"ALTER MATERIALIZED VIEW v SET REFRESH WHEN ({condition})").fetchone()[0]


def test_a_condition_that_fails_on_an_ordinary_row_is_taken_and_said_everywhere(db):
    made = db.sql("CREATE MATERIALIZED VIEW v REFRESH WHEN (lag_sec > 'abc') AS FROM points")
    assert any("is UNKNOWN on an ordinary row" in notice for notice in made.notices)
    db.sql("INSERT INTO points (id) VALUES (99)")
    said = "REFRESH WHEN (lag_sec > 'abc') is UNKNOWN: "
    assert said in db.sql("SELECT reason FROM mlview.plan WHERE name = 'v'").fetchone()[0]


def test_a_plan_says_of_a_condition_that_is_not_true_yet_what_it_comes_to(db):
    db.sql("CREATE MATERIALIZED VIEW v REFRESH WHEN (changed_rows > 1000) AS FROM points")
    db.sql("CREATE MATERIALIZED VIEW by_hand AS FROM points")
    db.sql("INSERT INTO points (id) VALUES (99)")
    reasons = dict(db.sql("SELECT name, reason FROM mlview.plan").fetchall())
    assert reasons["v"].startswith("REFRESH WHEN (changed_rows > 1000) is FALSE; ")
    assert reasons["by_hand"].startswith("by hand: it has neither TARGET_LAG nor REFRESH WHEN")


def test_an_alarm_that_comes_before_its_warning_is_said(db):
    made = db.sql(
        "CREATE MATERIALIZED VIEW v FRESHNESS (WARN AFTER '2 hours', ERROR AFTER '1 hour') "
        "AS FROM points"
    )
    assert "ERROR AFTER '1 hour' is reached first: WARN AFTER '2 hours' is never told" in (
        made.notices
    )


@pytest.mark.parametrize(
    "condition", ["lag_sec > 120 AND source_lag_sec < 60", "source_lag_sec > 99"]
)
def test_data_from_the_future_make_no_moment_of_a_condition_that_asks_how_old_they_are(
    db, clock, condition
):
    db.sql("CREATE TABLE fed (seen TIMESTAMPTZ)")
    db.sql(f"INSERT INTO fed VALUES (TIMESTAMPTZ '{clock.now().isoformat()}' + INTERVAL 10 MINUTE)")
    db.sql(
        "CREATE MATERIALIZED VIEW v FRESHNESS (SOURCE fed.seen WITHIN '1 minute') "
        f"REFRESH WHEN ({condition}) AS FROM fed"
    )
    clock.advance(timedelta(seconds=1))
    db.sql("INSERT INTO fed VALUES (TIMESTAMPTZ '2024-01-01 00:00:00+00')")
    assert db.sql("SELECT due_at FROM mlview.plan WHERE name = 'v'").fetchone() == (None,)
    mlview.Daemon(db).run(until=clock.now() + timedelta(minutes=13))
    assert db.materialized_view("v").live_version.number == 2


def test_a_priority_of_zero_is_the_least_and_not_none(db):
    said = "PRIORITY 0 counts as 1, the least there is"
    made = db.sql("CREATE MATERIALIZED VIEW v PRIORITY 0 AS FROM points")
    assert any(said in notice for notice in made.notices)
    assert said in db.sql("ALTER MATERIALIZED VIEW v SET PRIORITY 0").fetchone()[0]
    assert said not in db.sql("ALTER MATERIALIZED VIEW v SET PRIORITY 1").fetchone()[0]


@pytest.mark.parametrize(
    ("lag", "hint"),
    [
        ("'downstream'", "write it without quotes: TARGET_LAG DOWNSTREAM"),
        ("' Downstream'", "write it without quotes: TARGET_LAG DOWNSTREAM"),
        ("'1 month'", "how long a month is depends; write '30 days'"),
        ("'2 Years'", "how long a year is depends; write '365 days'"),
        ("'1 monht'", "write it as '10 minutes'"),
    ],
)
def test_a_target_lag_that_is_no_length_of_time_is_refused_with_one_that_is(
    shared, refused, lag, hint
):
    error = refused(shared, f"CREATE MATERIALIZED VIEW v TARGET_LAG {lag} AS FROM points")
    assert error.hint.startswith(hint)
    assert error.error_code == "SYNTAX"


def test_a_replaced_table_counts_the_rows_that_went_and_those_that_came(db):
    """How many is known once the view over it was refreshed: twice the table if all are others."""
    db.sql("CREATE TABLE base AS FROM range(30) r(i)")
    db.sql("CREATE MATERIALIZED VIEW v AS FROM base")
    db.sql("CREATE MATERIALIZED VIEW w AS SELECT i + 1 AS j FROM v")
    behind = "SELECT state, changed_rows FROM mlview.staleness WHERE name = 'w'"
    db.sql("CREATE OR REPLACE TABLE base AS FROM range(100, 130) r(i)")
    assert db.sql(behind).fetchall() == [("STALE", None)]
    db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.sql(behind).fetchall() == [("STALE", 60)]
    db.sql("REFRESH MATERIALIZED VIEW w")
    db.sql("CREATE OR REPLACE TABLE base AS FROM range(110, 140) r(i)")
    db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.sql(behind).fetchall() == [("STALE", 20)]
    db.sql("REFRESH MATERIALIZED VIEW w")
    db.sql("CREATE OR REPLACE TABLE base AS FROM range(110, 140) r(i)")
    db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.sql(behind).fetchall() == [("FRESH", 0)]


def test_python_takes_the_same_words(db, refused):
    view = db.create_materialized_view(
        "v", "FROM points", refresh_when=" lag_sec > 60 -- late", refresh_mode="full"
    )
    assert view.definition.refresh_when == "lag_sec > 60"
    assert view.definition.refresh_mode is RefreshMode.FULL
    model = db.create_model(
        "m", "SELECT a, y FROM points", predict="y", using="LogisticRegression",
        refresh_when="live_drop > 0.03", target_lag="1 hour",
    )  # fmt: skip
    assert "REFRESH WHEN (live_drop > 0.03)" in model.create_text


def test_a_source_lags_from_its_newest_row_and_warns_beyond_its_limit(db, clock):
    db.sql(
        "CREATE MATERIALIZED VIEW v FRESHNESS (SOURCE points.seen WITHIN '31 days') AS FROM points"
    )

    def source():
        (stale,) = db.status()
        shown = db.sql("SELECT source_lag_sec FROM mlview.staleness").fetchone()
        assert shown == (stale.source_lag_sec,)
        return timedelta(seconds=stale.source_lag_sec), alarm(stale)

    newest_is = timedelta(days=31) - 59 * HOUR  # of the moment the table was made at
    assert source() == (newest_is, Alarm.OK)
    clock.advance(60 * HOUR)
    assert source() == (newest_is + 60 * HOUR, Alarm.WARN)
    db.sql("UPDATE points SET seen = seen + INTERVAL 10 HOUR")
    assert source() == (newest_is + 50 * HOUR, Alarm.OK)
    db.sql("DELETE FROM points")
    assert db.status()[0].source_lag_sec is None


@pytest.mark.parametrize(
    ("source", "said", "hint"),
    [
        ("points.sen", "points has no column sen", "did you mean 'seen'?"),
        ("points.a", "found points.a of type DOUBLE", "points has seen"),
        ("pints.seen", "there is no pints", "did you mean 'points'?"),
        ("seen", "takes a column with its table", "SOURCE flights.time_hour WITHIN '1 day'"),
    ],
)
def test_a_source_that_is_no_column_of_moments_is_refused(shared, refused, source, said, hint):
    clause = f"FRESHNESS (SOURCE {source} WITHIN '1 day')"
    error = refused(shared, f"CREATE MATERIALIZED VIEW v {clause} AS FROM points")
    assert said in error.message
    assert error.hint == hint
    assert shared.materialized_views == ()


def test_a_source_that_is_gone_keeps_nobody_from_altering_the_rest(db):
    db.sql("CREATE TABLE other AS FROM points")
    db.sql("CREATE MATERIALIZED VIEW v FRESHNESS (SOURCE other.seen WITHIN '1 day') AS FROM points")
    db.sql("DROP TABLE other")
    db.sql("ALTER MATERIALIZED VIEW v SET OWNER 'me'")
    assert db.status()[0].source_lag_sec is None


def test_the_account_of_a_target_lag_tells_what_happened(db, clock):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS FROM points")
    assert db.sql(SLO).fetchone() == (None, None, None, None), "no time has passed"
    clock.advance(4 * HOUR)
    assert db.sql(SLO).fetchone() == (1.0, 0.0, 0.0, 1.0)
    db.sql(ONE_ROW)
    clock.advance(4 * HOUR)
    ratio, mean, longest, budget = db.sql(SLO).fetchone()
    assert (ratio, mean, longest) == (5 / 8, 3600.0, 4 * 3600.0)
    assert budget == pytest.approx(1 - (3 / 8) / 0.01)
    db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.sql(SLO).fetchone() == (ratio, mean, longest, budget), "what was late stays late"
    clock.advance(8 * HOUR)
    assert db.sql(SLO).fetchone()[0] == 13 / 16


def test_a_refresh_that_fails_or_is_kept_back_delivers_nothing(db, clock):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS FROM points")
    db.sql("ALTER MATERIALIZED VIEW v PIN VERSION 1")
    db.sql(ONE_ROW)
    clock.advance(2 * HOUR)
    db.sql("REFRESH MATERIALIZED VIEW v")
    clock.advance(2 * HOUR)
    assert db.sql(SLO).fetchone()[:3] == (0.25, 2 * 3600.0, 4 * 3600.0)
    (kept, first) = db._services.home.catalog.refreshes()
    assert (kept.published, first.published) == (False, True)


def test_a_downstream_view_has_lag_and_no_ratio(db, clock):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG DOWNSTREAM AS FROM points")
    db.sql("CREATE MATERIALIZED VIEW by_hand AS FROM points")
    db.sql(ONE_ROW)
    clock.advance(HOUR)
    assert db.sql("FROM mlview.slo").fetchall() == [("v", None, None, 1800.0, 3600.0, None)]


def test_a_tighter_target_binds_nobody_before_it_was_set(db, clock):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 day' AS FROM points")
    db.sql(ONE_ROW)
    clock.advance(3 * HOUR)
    db.sql("ALTER MATERIALIZED VIEW v SET TARGET_LAG '1 hour'")
    clock.advance(HOUR)
    assert db.sql(SLO).fetchone()[0] == 0.75
    db.sql("REFRESH MATERIALIZED VIEW v")
    assert db.sql(SLO).fetchone()[0] == 0.75


def test_a_view_that_was_rolled_back_is_as_late_as_the_version_that_serves(db, clock):
    db.sql("CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS FROM points")
    clock.advance(HOUR)
    db.sql(ONE_ROW)
    clock.advance(HOUR / 2)
    db.sql("REFRESH MATERIALIZED VIEW v")
    clock.advance(HOUR / 2)
    db.sql("ALTER MATERIALIZED VIEW v ROLLBACK")
    clock.advance(HOUR)
    ratio, _, longest, _ = db.sql(SLO).fetchone()
    assert longest == 2 * 3600.0
    assert ratio == pytest.approx(1 - 1 / 2.5), "half an hour before ROLLBACK nobody can judge"


def test_what_a_schedule_suspended_says_why_until_it_is_resumed(db, clock):
    db.sql("CREATE MATERIALIZED VIEW v AS FROM points")
    catalog = db._services.home.catalog
    (row,) = catalog.objects()
    reason = "5 scheduled refreshes failed in a row; the last: out of memory"
    catalog.suspend(row.id, True, now=clock.now(), reason=reason)
    why = "SELECT state, stale_reason FROM mlview.staleness"
    state, said = db.sql(why).fetchone()
    assert (state, said.startswith(f"suspended: {reason}; ")) == ("SUSPENDED", True)
    clock.advance(HOUR)
    db.sql("ALTER MATERIALIZED VIEW v RESUME")
    assert db.sql(why).fetchone()[0] == "FRESH"
    assert catalog.object(row.id).resumed_at == clock.now()
    db.sql("ALTER MATERIALIZED VIEW v SUSPEND")
    assert db.sql(why).fetchone()[1].startswith("suspended; ")

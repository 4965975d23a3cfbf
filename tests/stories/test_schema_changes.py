"""Base tables that change their columns, are dropped, or come back as others."""

from datetime import timedelta

import pytest

MODEL = "CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y FROM points"
ROWS = "FROM ML.PREDICT(MODEL m, (SELECT 40.0 AS a, 70.0 AS b))"


def reason(db):
    return db.sql("SELECT state, stale_reason FROM mlview.staleness").fetchone()


def test_a_dropped_column_needs_a_compile_and_the_old_version_answers(db, refused):
    db.sql(MODEL)
    before = db.sql(ROWS).fetchall()
    db.sql("ALTER TABLE points DROP COLUMN b")
    state, why = reason(db)
    assert state == "NEEDS_COMPILE"
    assert "column points.b (DOUBLE) was dropped" in why
    ((planned,),) = db.sql("SELECT reason FROM mlview.plan").fetchall()
    assert planned == f"somebody has to look at it first: {why}"
    for text in ("REFRESH MODEL m", "REFRESH MODEL m FULL", "FROM m"):
        error = refused(db, text)
        assert error.error_code == "NEEDS_COMPILE"
        assert error.name == "m"
        assert "CREATE OR REPLACE MODEL m" in error.hint
    assert db.sql(ROWS).fetchall() == before
    db.sql(
        "CREATE OR REPLACE MODEL m PREDICT y USING LogisticRegression AS SELECT a, y FROM points"
    )
    assert reason(db)[0] == "FRESH"


def test_a_retyped_column_is_told_with_both_types(db):
    db.sql("CREATE TABLE small AS SELECT id::INTEGER AS n, a, y FROM points")
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT n, a, y FROM small")
    db.sql("ALTER TABLE small ALTER n TYPE BIGINT")
    state, why = reason(db)
    assert state == "NEEDS_COMPILE"
    assert "column small.n was INTEGER and is BIGINT" in why
    assert db.sql("SELECT count(predicted_y) FROM m").fetchone() == (60,)
    db.sql("REFRESH MODEL m")
    assert reason(db)[0] == "FRESH"


def test_a_column_that_no_definition_names_may_go(db):
    db.sql(MODEL)
    db.sql("ALTER TABLE points DROP COLUMN amount")
    assert reason(db)[0] in ("FRESH", "STALE")
    db.sql("REFRESH MODEL m")
    assert reason(db)[0] == "FRESH"


def test_a_definition_with_a_star_keeps_its_columns(db):
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT * FROM points")
    db.sql("ALTER TABLE points ADD COLUMN more INTEGER DEFAULT 7")
    result = db.sql("REFRESH MATERIALIZED VIEW v")
    assert result.notices == ("v: new columns stay out until it is declared anew: more",)
    assert "more" not in [column.name for column in db.sql("FROM v").columns]
    db.sql("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT * FROM points")
    assert db.sql("SELECT max(more) FROM v").fetchone() == (7,)


def test_a_column_renamed_and_renamed_back_is_the_same_column(db):
    db.sql(MODEL)
    db.sql("ALTER TABLE points RENAME COLUMN b TO bb")
    assert reason(db)[0] == "NEEDS_COMPILE"
    db.sql("ALTER TABLE points RENAME COLUMN bb TO b")
    db.sql("REFRESH MODEL m")
    assert reason(db)[0] == "FRESH"


@pytest.mark.parametrize(
    "reload",
    [
        "CREATE OR REPLACE TABLE points AS FROM other",
        (
            "CREATE TABLE kept AS FROM points; DROP TABLE points CASCADE; "
            "CREATE TABLE points AS FROM kept; UNDROP MODEL m"
        ),
    ],
    ids=["replaced", "dropped and made again"],
)
def test_a_table_that_was_loaded_anew_is_never_taken_for_the_old_one(db, clock, reload):
    db.sql("CREATE TABLE other AS FROM points")
    db.sql(MODEL)
    clock.advance(timedelta(hours=1))
    db.sql(reload)
    clock.advance(timedelta(hours=1))
    assert reason(db) == ("STALE", "points was dropped and created anew")
    lag, changed = db.sql("SELECT lag_sec, changed_rows FROM mlview.staleness").fetchone()
    assert lag >= 3600.0
    assert changed is None
    action = db.sql("REFRESH MODEL m").fetchone()[1]
    assert action == "REINITIALIZE"
    assert reason(db)[0] == "FRESH"


def test_a_table_dropped_by_another_client_leaves_the_versions(db, refused, plain_client):
    db.sql(MODEL)
    before = db.sql(ROWS).fetchall()
    with plain_client(db.path) as client:
        client.execute("DROP TABLE points")
    state, why = reason(db)
    assert state == "UNUSABLE"
    assert "base table points is gone" in why
    assert refused(db, "REFRESH MODEL m").error_code == "NEEDS_COMPILE"
    assert refused(db, "FROM m").error_code == "NEEDS_COMPILE"
    assert db.sql(ROWS).fetchall() == before
    assert db.sql("SELECT count(*) FROM mlview.versions").fetchone() == (1,)


def test_rows_written_by_another_client_are_seen(db, plain_client):
    db.sql(MODEL)
    with plain_client(db.path) as client:
        client.execute("UPDATE points SET a = a + 1 WHERE id < 2")
    changed = "SELECT state, changed_rows FROM mlview.staleness"
    assert db.sql(changed).fetchone() == ("UNKNOWN", 4)  # its clock is ahead of the virtual one
    db.sql("REFRESH MODEL m")
    assert db.sql(changed).fetchone() == ("FRESH", 0)


def test_a_retyped_column_that_is_joined_and_filtered_on_can_be_refreshed(db):
    db.sql(
        "CREATE TABLE base AS SELECT i AS k, i % 7 AS a, 2.0 * (i % 7) AS y FROM range(200) r(i)"
    )
    db.sql(
        "CREATE MATERIALIZED VIEW means AS SELECT a, avg(y) AS my FROM base WHERE a > 0 GROUP BY a"
    )
    db.sql(
        "CREATE MODEL joined PREDICT y USING Ridge KEY (k) AS "
        "SELECT k, a, my, y + k AS y FROM base JOIN means USING (a) WHERE a > 0"
    )
    db.sql("ALTER TABLE base ALTER COLUMN a TYPE DOUBLE")
    assert db.model("joined").state == "NEEDS_COMPILE"
    db.sql("REFRESH MODEL joined")
    assert db.model("joined").state == "FRESH"
    assert db.sql("SELECT count(predicted_y) FROM joined").fetchone() == (171,)

"""Between BEGIN and COMMIT: tables change together, views and models do not change at all."""

import pytest

from mlview.errors import InTransaction

VIEW = "CREATE MATERIALIZED VIEW v AS SELECT a, y FROM points"


@pytest.fixture(scope="module")
def ready(shared):
    shared.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y FROM points")
    shared.sql(VIEW)
    return shared


@pytest.fixture
def inside(ready):
    ready.sql("BEGIN")
    yield ready
    ready.sql("ROLLBACK")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE MODEL m2 PREDICT y AS SELECT a, y FROM points",
        "CREATE MATERIALIZED VIEW v2 AS FROM points",
        "CREATE VIEW kept AS FROM v",
        "DROP MODEL m",
        "DROP TABLE points CASCADE",
        "DROP MATERIALIZED VIEW v",
        "UNDROP MODEL m",
        "ALTER MODEL m SUSPEND",
        "COMMENT ON MODEL m IS 'x'",
        "REFRESH MODEL m",
        "REFRESH ALL",
    ],
)
def test_views_and_models_are_left_alone_inside_a_transaction(inside, refused, statement):
    assert refused(inside, statement).error_code == "IN_TRANSACTION"


def test_predictions_see_the_rows_of_the_transaction(inside):
    inside.sql("INSERT INTO points (id, a, b) VALUES (1000, 90, 80)")
    assert inside.sql("SELECT predicted_y FROM m WHERE a = 90 AND b = 80").fetchone() == (True,)
    assert inside.sql("SELECT count(*) FROM ML.PREDICT(MODEL m, TABLE points)").fetchone() == (61,)


def test_staleness_is_that_of_what_was_committed(inside):
    inside.sql("DELETE FROM points")
    states = inside.sql("SELECT DISTINCT state FROM mlview.staleness").fetchall()
    assert states == [("FRESH",)]


def test_looking_is_allowed(inside):
    for text in ("SHOW MODELS", "DESCRIBE MODEL m", "EXPLAIN REFRESH MODEL m", "EXPLAIN FROM m"):
        assert len(inside.sql(text)) > 0


def test_other_tables_may_be_made_and_dropped_together(db):
    db.sql(VIEW)
    db.sql("BEGIN; CREATE TABLE one (i INT); CREATE TABLE two AS FROM v; DROP TABLE one; COMMIT")
    assert db.sql("SELECT count(*) FROM two").fetchone() == (60,)


def test_several_tables_change_in_one_snapshot(db, states):
    db.sql("CREATE TABLE others AS SELECT id AS o FROM points")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM points JOIN others ON id = o")
    before = db.sql("SELECT snapshot_id FROM mlview.versions").fetchone()[0]
    with db.transaction():
        db.sql("INSERT INTO points (id) VALUES (1000)")
        db.sql("INSERT INTO others VALUES (1000)")
    assert states(db) == {"v": "STALE"}
    db.sql("REFRESH ALL")
    assert db.sql("FROM v").fetchone() == (61,)
    after = "SELECT max(snapshot_id) FROM mlview.versions"
    assert db.sql(after).fetchone() == (before + 1,)


def test_an_error_in_a_transaction_block_leaves_nothing(db):
    def fail():
        with db.transaction():
            db.sql("DELETE FROM points")
            db.sql("REFRESH ALL")

    with pytest.raises(InTransaction):
        fail()
    assert db.sql("SELECT count(*) FROM points").fetchone() == (60,)

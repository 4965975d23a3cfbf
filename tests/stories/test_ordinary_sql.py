"""Everything that is not a statement of mlview is DuckDB's, as it was typed."""

import pytest

from mlview.errors import UsageProblem


@pytest.fixture
def ready(db):
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT id, a, b, y FROM points")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT c, max(a) AS a FROM points GROUP BY c")
    db.sql("CREATE TABLE target (id BIGINT, answer BOOLEAN)")
    return db


def test_tables_are_written_from_predictions(ready):
    ready.sql("INSERT INTO target SELECT id, predicted_y FROM m")
    ready.sql("UPDATE target SET answer = NOT predicted_y FROM m WHERE m.id = target.id")
    ready.sql(
        "MERGE INTO target USING (SELECT id, predicted_y FROM m) s ON s.id = target.id "
        "WHEN MATCHED THEN UPDATE SET answer = s.predicted_y"
    )
    same = "SELECT count(*) FROM target JOIN m ON m.id = target.id AND m.predicted_y = answer"
    assert ready.sql(same).fetchone() == (60,)
    ready.sql("DELETE FROM target USING m WHERE m.id = target.id AND predicted_y")
    assert 0 < ready.sql("SELECT count(*) FROM target").fetchone()[0] < 60
    ready.sql("CREATE TABLE copy AS FROM m; CREATE TEMP TABLE scratch AS FROM v")
    assert ready.sql("SELECT count(*) FROM copy, scratch").fetchone() == (180,)


def test_predictions_are_copied_to_files(ready, tmp_path):
    for relation, kind in (("m", "parquet"), ("v", "csv"), ("(FROM m WHERE y)", "json")):
        path = tmp_path / f"rows.{kind}"
        ready.sql(f"COPY {relation} TO '{path}'")
        assert ready.sql(f"SELECT count(*) FROM '{path}'").fetchone()[0] > 0


@pytest.mark.parametrize(
    "query",
    [
        "PIVOT m ON predicted_y USING count(*) GROUP BY y",
        "UNPIVOT v ON a",
        "SUMMARIZE m",
        "DESCRIBE v",
        "SHOW TABLES",
        "FROM m SELECT predicted_y, count(*) GROUP BY ALL ORDER BY ALL",
        "SELECT * FROM points LEFT JOIN LATERAL (FROM m WHERE m.id = points.id) ON true",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) FROM r, v",
        "SELECT id, row_number() OVER (PARTITION BY predicted_y ORDER BY id) FROM m QUALIFY id < 9",
        "VALUES (1, 'a')",
        "PRAGMA table_info('points')",
        "CALL pragma_version()",
        "EXPLAIN SELECT * FROM points",
        "EXPLAIN ANALYZE SELECT * FROM points",
        "SELECT now(), random(), current_setting('threads')",
    ],
)
def test_duckdb_answers_it(ready, query):
    assert len(ready.sql(query)) > 0


def test_parameters_are_by_position_or_by_name(ready, refused):
    assert ready.sql("SELECT id FROM m WHERE id = ?", [3]).fetchall() == [(3,)]
    assert ready.sql("SELECT id FROM m WHERE id = $wanted", {"wanted": 3}).fetchall() == [(3,)]
    ready.sql("INSERT INTO target VALUES (?, ?)", [1, True])
    assert refused(ready, "SELECT 1; SELECT ?", [3]).error_code == "USAGE"


def test_the_users_settings_change_no_answer_and_are_kept(ready):
    before = ready.sql("FROM m ORDER BY id").fetchall()
    ready.sql("SET TimeZone = 'America/New_York'; SET default_null_order = 'NULLS_FIRST'")
    assert ready.sql("FROM m ORDER BY id").fetchall() == before
    assert ready.sql("SELECT current_setting('TimeZone')").fetchone() == ("America/New_York",)
    ready.sql("REFRESH MODEL m FULL")
    assert ready.sql("FROM m ORDER BY id").fetchall() == before


def test_another_database_may_be_attached_and_filled(ready):
    ready.sql("ATTACH ':memory:' AS other; CREATE TABLE other.rows AS FROM m")
    assert ready.sql("SELECT count(*) FROM other.rows JOIN m USING (id)").fetchone() == (60,)


@pytest.mark.parametrize("given", [("SELECT ?", ["\ud800"]), ("SELECT '\ud800'", None)])
def test_a_lone_surrogate_is_refused_with_its_place(db, given):
    with pytest.raises(UsageProblem, match="lone surrogate at character") as refusal:
        db.sql(*given)
    assert refusal.value.error_code == "NOT_UTF8"


@pytest.mark.parametrize(
    "statement",
    [
        "CHECKPOINT",
        "checkpoint lake;",
        "FORCE CHECKPOINT",
        "PRAGMA force_checkpoint",
        "CALL ducklake_rewrite_data_files('lake')",
        "FROM query('FROM ducklake_expire_snapshots(''lake'')')",
        "FROM ducklake_expire_snapshots('lake', versions => [1])",
        "CALL ducklake_expire_snapshots('la' || 'ke', versions => [1])",
        "EXPLAIN ANALYZE CHECKPOINT lake",
    ],
)
def test_the_past_that_versions_were_made_from_is_not_rewritten(ready, statement):
    before = ready.sql("SELECT max(snapshot_id) FROM lake.snapshots()").fetchall()
    with pytest.raises(UsageProblem, match="mlview gc"):
        ready.sql(statement)
    assert ready.sql("SELECT max(snapshot_id) FROM lake.snapshots()").fetchall() == before


@pytest.mark.parametrize(
    "statement", ["CHECKPOINT memory", "SELECT 'lake' AS ducklake_expire_snapshots"]
)
def test_other_databases_are_checkpointed_as_ever(ready, statement):
    ready.sql(statement)

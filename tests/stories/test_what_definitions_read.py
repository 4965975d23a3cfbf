"""A definition reads the lake and nothing else, since only there changes are seen."""

import pandas as pd
import pytest

CREATES = ["MATERIALIZED VIEW v", "MODEL v PREDICT y USING LogisticRegression"]


@pytest.mark.parametrize("create", CREATES)
@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("'rows.parquet'", "CREATE TABLE name AS FROM 'rows.parquet'"),
        ("read_csv('rows.csv')", "CREATE TABLE name AS FROM read_csv('rows.csv')"),
        ("frame", "CREATE TABLE frame AS FROM frame"),
        ("scratch", "CREATE TABLE scratch AS FROM scratch"),
        ("temp.scratch", "CREATE TABLE scratch AS FROM temp.scratch"),
        ("other.outside", "CREATE TABLE outside AS FROM other.outside"),
        ("other.main.outside", "CREATE TABLE outside AS FROM other.main.outside"),
        ("mlview.models", "tables and views of the lake only"),
        ("information_schema.tables", "snapshots"),
    ],
)
def test_what_is_not_in_the_lake_is_refused_with_the_table_to_create(
    outside, refused, create, source, hint
):
    frame = pd.DataFrame({"a": [1.0], "y": [True]})
    error = refused(outside, f"CREATE {create} AS SELECT * FROM {source}")
    assert len(frame) == 1
    assert hint in error.hint


@pytest.fixture(scope="module")
def outside(shared):
    shared.sql("CREATE TEMP TABLE scratch AS FROM points")
    shared.sql("ATTACH ':memory:' AS other")
    shared.sql("CREATE TABLE other.outside AS FROM points")
    return shared


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("FROM points AT (VERSION => 1)", "no moment"),
        ("FROM points WHERE a > ?", "no parameters"),
        ("INSERT INTO points VALUES (1)", "expected a query"),
    ],
)
def test_a_definition_is_one_query_about_no_moment(outside, refused, query, said):
    assert said in refused(outside, f"CREATE MATERIALIZED VIEW v AS {query}").message


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nope FROM points", 'column "nope" not found'),
        ("SELECT a + c FROM points", "No function matches"),
        ("SELECT nofunction(a) FROM points", "nofunction"),
        ("FROM points JOIN points AS p USING (nope)", "nope"),
    ],
)
@pytest.mark.parametrize("tail", ["", " WITH NO DATA"])
def test_duckdb_judges_every_body_at_create(outside, refused, query, said, tail):
    error = refused(outside, f"CREATE MATERIALIZED VIEW v AS {query}{tail}")
    assert said.lower() in error.message.lower()
    assert outside.materialized_views == ()


def test_texts_that_duckdb_would_keep_cannot_read_views_and_models(db, refused):
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT a FROM points")
    for text in (
        "CREATE TEMP VIEW t AS FROM v",
        "CREATE MACRO t() AS TABLE FROM v",
        "CREATE MACRO t() AS (SELECT count(*) FROM v)",
        "PREPARE t AS FROM v",
        "CREATE VIEW t AS FROM mlview.models",
    ):
        assert refused(db, text).error_code == "DEFINITION_REFUSED"


def test_plain_views_are_followed_to_the_tables_they_read(db, states):
    db.sql("CREATE VIEW wide AS SELECT *, a * b AS ab FROM points")
    db.sql("CREATE VIEW wider AS SELECT *, ab * 2 AS ab2 FROM wide")
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT sum(ab2) AS s FROM wider")
    db.sql("CREATE TABLE unrelated AS SELECT 1 AS i")
    assert states(db) == {"v": "FRESH"}
    db.sql("UPDATE points SET a = 0 WHERE id = 1")
    assert states(db) == {"v": "STALE"}
    db.sql("REFRESH ALL")
    db.sql("CREATE OR REPLACE VIEW wide AS SELECT *, 0 AS ab FROM points")
    assert states(db) == {"v": "STALE"}
    db.sql("REFRESH ALL")
    assert db.sql("FROM v").fetchone() == (0,)


def test_a_plain_view_may_begin_and_cease_to_read_a_materialized_view(db):
    db.sql("CREATE MATERIALIZED VIEW v AS SELECT max(a) AS m FROM points")
    db.sql("CREATE VIEW plain AS SELECT 1 AS m")
    db.sql("CREATE OR REPLACE VIEW plain AS FROM v")
    assert db.sql("FROM plain").fetchone() == (100.0,)
    db.sql("CREATE OR REPLACE VIEW plain AS SELECT 2 AS m")
    assert db.sql("FROM plain").fetchone() == (2,)
    db.sql("DROP VIEW plain")
    assert "plain" not in [name for (name,) in db.sql("SHOW TABLES").fetchall()]


@pytest.fixture(scope="module")
def with_macros(shared):
    shared.sql("CREATE MACRO most() AS (SELECT max(a) FROM points)")
    shared.sql("CREATE TABLE files AS SELECT id, 'f' || id AS filename FROM points")
    shared.sql("CREATE VIEW late AS SELECT id, snapshot_id AS since FROM points")
    return shared


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("SELECT id FROM points WHERE a = most()", "DEFINITION_REFUSED", "macro most()"),
        ("SELECT id, snapshot_id FROM points", "NONDETERMINISTIC", "snapshot_id"),
        ("SELECT p.filename FROM points p JOIN files f USING (id)", "NONDETERMINISTIC", "filename"),
        ("SELECT id FROM points WHERE file_row_number = 3", "NONDETERMINISTIC", "file_row_number"),
        ("SELECT id FROM late", "NONDETERMINISTIC", "snapshot_id"),
    ],
)
def test_what_changes_while_no_row_does_is_refused(with_macros, refused, query, code, said):
    error = refused(with_macros, f"CREATE MATERIALIZED VIEW v AS {query}")
    assert error.error_code == code
    assert said in error.message
    assert error.hint


@pytest.mark.parametrize(
    "query",
    [
        "SELECT f.filename FROM files f",
        "SELECT count(*) AS snapshot_id FROM points",
        "SELECT filename, rowid AS r FROM files",
        "SELECT x.file_index FROM (SELECT id AS file_index FROM points) x",
    ],
)
def test_a_column_of_ones_own_may_be_called_as_one_of_the_lakes(with_macros, query):
    with_macros.sql(f"CREATE MATERIALIZED VIEW v AS {query}")
    with_macros.sql("DROP MATERIALIZED VIEW v")

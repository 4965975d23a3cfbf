"""One namespace for tables, views, materialized views and models; any name, quoted."""

import pytest

STRANGE = ['a"; DROP TABLE points; --', "../../etc", "two words", "größe", "select", "n" * 200]


@pytest.fixture(scope="module")
def named(shared):
    shared.sql(
        "CREATE MODEL model PREDICT y USING DecisionTreeClassifier AS SELECT a, y FROM points"
    )
    shared.sql("CREATE MATERIALIZED VIEW stored AS SELECT a, y FROM points")
    shared.sql("CREATE VIEW plain AS SELECT a, y FROM points")
    shared.sql("CREATE VIEW kept AS SELECT a, y FROM stored")
    return shared


@pytest.mark.parametrize("name", ["MODEL", "Stored", "plain", "KEPT", "points"])
@pytest.mark.parametrize(
    "create",
    [
        "CREATE MODEL {} PREDICT y AS SELECT a, y FROM points",
        "CREATE MATERIALIZED VIEW {} AS SELECT a, y FROM points",
        "CREATE VIEW {} AS SELECT 1 AS one",
        "CREATE TABLE {} (i INT)",
    ],
)
def test_a_name_is_given_once_whatever_its_case(named, refused, create, name):
    error = refused(named, create.format(name))
    assert error.error_code in ("NAME_TAKEN", "LAKE", "NAME")
    assert name.lower() in str(error).lower()


@pytest.mark.parametrize("name", ["mlview.x", "ml.x", "MLVIEW.x"])
@pytest.mark.parametrize(
    "create",
    [
        "CREATE MODEL {} PREDICT y AS SELECT a, y FROM points",
        "CREATE MATERIALIZED VIEW {} AS FROM points",
        "CREATE TABLE {} (i INT)",
        "CREATE VIEW {} AS FROM points",
    ],
)
def test_the_schemas_of_mlview_are_reserved(named, refused, create, name):
    assert refused(named, create.format(name)).error_code == "RESERVED_NAME"


@pytest.mark.parametrize("schema", ["mlview", "ml"])
def test_reserved_schemas_are_not_created_nor_dropped(named, refused, schema):
    assert refused(named, f"CREATE SCHEMA {schema}").error_code == "RESERVED_NAME"
    assert refused(named, f"DROP SCHEMA {schema}").error_code == "RESERVED_NAME"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} VALUES (1, true)",
        "UPDATE {} SET a = 1",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "MERGE INTO {} USING points ON false WHEN NOT MATCHED THEN INSERT VALUES (1, true)",
        "COPY {} FROM 'nowhere.csv'",
    ],
)
@pytest.mark.parametrize("name", ["stored", "model", "main.stored", "lake.main.stored"])
def test_a_materialized_view_and_a_model_are_written_by_refresh_only(
    named, refused, statement, name
):
    error = refused(named, statement.format(name))
    assert error.error_code == "READ_ONLY"
    assert "REFRESH" in error.hint


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("DROP TABLE model", "DROP MODEL model ..."),
        ("DROP VIEW stored", "DROP MATERIALIZED VIEW stored ..."),
        ("ALTER TABLE stored RENAME TO x", "ALTER MATERIALIZED VIEW stored ..."),
        ("DROP MODEL stored", "write MATERIALIZED VIEW stored"),
        ("REFRESH MODEL stored", "write MATERIALIZED VIEW stored"),
        ("DESCRIBE MATERIALIZED VIEW model", "write MODEL model"),
    ],
)
def test_the_wrong_kind_is_answered_with_the_right_one(named, refused, statement, hint):
    assert refused(named, statement).hint == hint


@pytest.mark.parametrize("kind", ["MODEL", "MATERIALIZED VIEW"])
def test_if_exists_makes_nothing_of_what_is_not_there(named, kind):
    for statement in ("DROP {} IF EXISTS nobody", "ALTER {} IF EXISTS nobody SUSPEND"):
        assert "nothing done" in named.sql(statement.format(kind)).fetchone()[0]


def test_if_not_exists_leaves_what_is_there(named):
    for create in (
        "MODEL IF NOT EXISTS model PREDICT y AS SELECT b, y FROM points",
        "MATERIALIZED VIEW IF NOT EXISTS stored AS SELECT b FROM points",
        "VIEW IF NOT EXISTS kept AS SELECT y FROM stored",
        "VIEW IF NOT EXISTS plain AS SELECT y FROM stored",
    ):
        named.sql(f"CREATE {create}")
    for name in ("model", "stored", "kept", "plain"):
        assert named.sql(f"FROM {name} LIMIT 1").columns[0].name == "a"


@pytest.mark.parametrize("name", STRANGE, ids=[name[:10] for name in STRANGE])
def test_any_quoted_name_is_a_name(db, name):
    quoted = '"' + name.replace('"', '""') + '"'
    db.sql(f"CREATE TABLE {quoted} AS SELECT a AS {quoted}, b, y FROM points")
    model, stored = quoted[:-1] + ' m"', quoted[:-1] + ' v"'
    db.sql(f"CREATE MATERIALIZED VIEW {stored} AS SELECT * FROM {quoted}")
    db.sql(f"CREATE MODEL {model} PREDICT y USING LogisticRegression AS SELECT * FROM {stored}")
    assert db.sql(f"SELECT count({quoted}) FROM {model} WHERE predicted_y").fetchone()[0] > 0
    db.sql(f"DELETE FROM {quoted} WHERE b > 80")
    db.sql(f"REFRESH MODEL {model}")
    db.sql(f"COMMENT ON MODEL {model} IS 'it''s'")
    db.sql(f"DESCRIBE MODEL {model}")
    listed = db.sql("SELECT name, state, comment FROM mlview.models").fetchall()
    assert listed == [(name + " m", "FRESH", "it's")]
    db.sql(f"DROP TABLE {quoted} CASCADE")
    assert db.models == db.materialized_views == ()
    assert db.sql("SELECT count(*) FROM points").fetchone() == (60,)


def test_a_view_of_a_very_long_name_is_no_path(db):
    db.sql(f"CREATE MATERIALIZED VIEW {'n' * 10_000} AS SELECT a FROM points")
    assert db.sql(f"SELECT count(*) FROM {'N' * 10_000}").fetchone() == (60,)


def test_an_empty_name_is_refused(shared, refused):
    assert "empty name" in refused(shared, 'CREATE MATERIALIZED VIEW "" AS FROM points').message


def test_schemas_hold_views_and_models_of_their_own(db, refused):
    db.sql("CREATE SCHEMA raw")
    db.sql("CREATE TABLE raw.points AS FROM points WHERE id < 40")
    create = "CREATE MODEL {} PREDICT y USING LogisticRegression AS SELECT a, b, y FROM {}"
    db.sql(create.format("m", "points"))
    db.sql(create.format("raw.m", "raw.points"))
    assert db.sql("SELECT count(*) FROM m").fetchone() == (60,)
    assert db.sql("SELECT count(m.predicted_y) FROM RAW.m").fetchone() == (40,)
    assert db.sql("SELECT count(*) FROM lake.raw.m AS r").fetchone() == (40,)
    names = {name for (name,) in db.sql("SELECT name FROM mlview.models").fetchall()}
    assert names == {"m", "raw.m"}
    error = refused(db, "DROP SCHEMA raw")
    assert error.error_code == "DEPENDENTS_EXIST"
    db.sql("DROP SCHEMA raw CASCADE")
    assert [model.name for model in db.models] == ["m"]


def test_a_common_table_expression_hides_a_model_of_its_name(named):
    assert named.sql("WITH model AS (SELECT 7 AS q) FROM model").fetchall() == [(7,)]


def test_show_models_reads_a_table_of_that_name_if_there_is_one(db):
    db.sql("CREATE TABLE models (mine INT)")
    assert db.sql("SHOW models").fetchone()[0] == "mine"
    db.sql("DROP TABLE models")
    assert db.sql("SHOW MODELS").columns[0].name == "name"


@pytest.mark.parametrize("what", ["TABLE {} (i INT)", "SCHEMA {}"])
def test_a_name_that_cannot_be_a_folder_is_refused_before_the_lake_tries(db, refused, what):
    error = refused(db, "CREATE " + what.format('"' + "x" * 10_000 + '"'))
    assert error.error_code == "NAME_TOO_LONG"
    db.sql(f'CREATE VIEW "{"x" * 10_000}" AS FROM points')
    db.sql(f'DROP VIEW "{"x" * 10_000}"')

"""Rows that cannot be learned from, and rows that can but deserve a word."""

import pytest

CLASSIFY = "PREDICT y USING LogisticRegression"
REGRESS = "PREDICT amount USING Ridge"

REFUSED = {
    "no rows": (CLASSIFY, "SELECT a, b, y FROM points WHERE false", "EMPTY_TRAINING_SET", "0"),
    "only questions": (
        CLASSIFY,
        "SELECT a, b, NULL::BOOLEAN AS y FROM points",
        "EMPTY_TRAINING_SET",
        "0",
    ),
    "one row": (
        CLASSIFY,
        "SELECT a, b, y FROM points WHERE id = 1",
        "TOO_FEW_ROWS",
        "at least 2 labelled rows, found 1",
    ),
    "one class": (
        CLASSIFY,
        "SELECT a, b, y FROM points WHERE y",
        "SINGLE_CLASS_TARGET",
        "only True in 'y' (27 rows)",
    ),
    "a class of one row": (
        CLASSIFY,
        "SELECT a, b, y FROM points WHERE y OR id = 2",
        "CLASS_TOO_SMALL",
        "False: 1",
    ),
    "a constant label": (
        REGRESS,
        "SELECT a, b, 3.5 AS amount FROM points",
        "CONSTANT_TARGET",
        "3.5",
    ),
    "NaN labels": (
        REGRESS,
        "SELECT a, b, CASE WHEN id < 4 THEN 'nan'::DOUBLE ELSE amount END AS amount FROM points",
        "NAN_LABEL",
        "4 of 60",
    ),
    "infinite labels": (
        REGRESS,
        "SELECT a, b, CASE WHEN id < 4 THEN 'inf'::DOUBLE ELSE amount END AS amount FROM points",
        "NON_FINITE",
        "4 of 60",
    ),
    "infinite features": (
        CLASSIFY,
        "SELECT a, CASE WHEN id < 4 THEN 'inf'::DOUBLE ELSE b END AS b, y FROM points",
        "NON_FINITE",
        "'b'",
    ),
    "a column of NULLs": (
        CLASSIFY,
        "SELECT a, NULL::DOUBLE AS nothing, y FROM points",
        "ALL_NULL_COLUMN",
        "'nothing'",
    ),
    "a continuous label for a classifier": (
        "PREDICT amount USING LogisticRegression",
        "SELECT a, b, amount FROM points",
        "LABEL_TYPE",
        "distinct numbers in 'amount'",
    ),
    "classes for a regressor": (
        "PREDICT y USING Ridge",
        "SELECT a, b, y FROM points",
        "LABEL_TYPE",
        "of type BOOLEAN",
    ),
}


@pytest.mark.parametrize(("clauses", "query", "code", "said"), REFUSED.values(), ids=REFUSED)
def test_training_is_refused_with_what_was_found(shared, refused, clauses, query, code, said):
    error = refused(shared, f"CREATE MODEL m {clauses} AS {query}")
    assert error.error_code == code
    assert said in error.message
    assert error.name == "m"
    assert error.hint
    assert shared.models == ()


NOTICED = {
    "a constant column": ("a, 1 AS one", "one is constant"),
    "numbers as text": ("a, (b::INT % 10)::VARCHAR AS t", "CAST(t AS DOUBLE)"),
    "large BIGINT": ("a, id + 9007199254740993 AS big", "big is BIGINT and is read as DOUBLE"),
    "HUGEINT": ("a, b::HUGEINT AS h", "h is HUGEINT and is read as DOUBLE"),
    "DECIMAL": ("a, b::DECIMAL(18, 3) AS d", "d is DECIMAL(18,3) and is read as DOUBLE"),
    "infinite moments": (
        "a, seen, CASE WHEN id < 4 THEN 'infinity'::TIMESTAMP ELSE seen END AS s",
        "'infinity' in 4 rows",
    ),
}


@pytest.mark.parametrize(("columns", "said"), NOTICED.values(), ids=NOTICED)
def test_what_is_odd_is_said_and_trained_on(shared, columns, said):
    result = shared.sql(f"CREATE MODEL odd {CLASSIFY} AS SELECT {columns}, y FROM points")
    shared.sql("DROP MODEL odd")
    assert any(said in notice for notice in result.notices), result.notices


@pytest.mark.parametrize(
    "columns",
    [
        "a, CASE WHEN id < 4 THEN NULL ELSE b END AS b",
        "a, CASE WHEN id % 2 = 0 THEN DATE '0001-01-01' ELSE DATE '9999-12-31' END AS d",
        "a, 'x' || chr(0) || c AS t",
        "a, chr(8238) || c || chr(8203) AS t",
    ],
)
def test_unusual_values_are_learned_from_and_answered(shared, columns):
    shared.sql(f"CREATE MODEL odd {CLASSIFY} AS SELECT {columns}, y FROM points")
    answered = shared.sql("SELECT count(*), count(predicted_y) FROM odd").fetchone()
    shared.sql("DROP MODEL odd")
    assert answered == (60, 60)


def test_rows_without_a_label_are_counted_and_answered_and_not_trained_on(db):
    db.sql(
        f"CREATE MODEL m {CLASSIFY} AS SELECT a, b, CASE WHEN id >= 5 THEN y END AS y FROM points"
    )
    counts = "SELECT rows_trained + rows_held_out, rows_unlabelled FROM mlview.versions"
    assert db.sql(counts).fetchone() == (55, 5)
    asked = "SELECT count(*), count(predicted_y) FROM m WHERE y IS NULL"
    assert db.sql(asked).fetchone() == (5, 5)


@pytest.mark.parametrize(
    "breaking",
    [
        "DELETE FROM points",
        "DELETE FROM points WHERE NOT y",
        "UPDATE points SET a = 'inf'::DOUBLE WHERE id = 1",
        "UPDATE points SET b = NULL",
    ],
)
def test_the_old_version_serves_when_new_rows_cannot_be_learned_from(db, refused, states, breaking):
    db.sql(f"CREATE MODEL m {CLASSIFY} AS SELECT a, b, y FROM points")
    rows = "FROM ML.PREDICT(MODEL m, (SELECT 3.0 AS a, 90.0 AS b))"
    before = db.sql(rows).fetchall()
    db.sql(breaking)
    error = refused(db, "REFRESH MODEL m")
    assert error.name == "m"
    assert db.sql(rows).fetchall() == before
    assert db.sql("SELECT live_version FROM mlview.models").fetchone() == (1,)
    assert states(db) == {"m": "STALE"}
    last = "FROM mlview.refresh_history SELECT state, error_code ORDER BY refresh_id DESC LIMIT 1"
    assert db.sql(last).fetchone() == ("FAILED", error.error_code)


def test_too_many_categories_name_the_column_and_the_limit(db, refused):
    db.sql("CREATE TABLE many AS SELECT 'c' || i % 20000 AS c, i % 7 AS a, i % 2 = 0 AS y "
           "FROM range(60000) AS numbers(i)")  # fmt: skip
    error = refused(db, f"CREATE MODEL m {CLASSIFY} AS SELECT c, a, y FROM many")
    assert error.error_code == "CARDINALITY"
    assert "20000" in error.message
    assert "10000" in error.message


def test_a_category_never_seen_in_training_is_ignored_and_counted(db):
    db.sql(f"CREATE MODEL m {CLASSIFY} AS SELECT a, c, y FROM points")
    answer = db.sql("FROM ML.PREDICT(MODEL m, (SELECT 3.0 AS a, 'new' AS c FROM range(4)))")
    assert len(answer) == 4
    assert answer.notices == ("m: 4 values of c were never seen in training",)


@pytest.mark.parametrize("column", ["b AS A", "a", '"A"'])
def test_two_columns_of_one_name_are_refused_at_create(shared, refused, column):
    for create in (f"MODEL m {CLASSIFY}", "MATERIALIZED VIEW m"):
        text = f"CREATE {create} AS SELECT a, {column}, y FROM points WITH NO DATA"
        assert "two output columns" in refused(shared, text).message


def test_a_corrupt_file_is_named(shared, refused, tmp_path):
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing else")
    assert "broken.parquet" in refused(shared, f"CREATE TABLE t AS FROM '{broken}'").message
    cut = tmp_path / "cut.csv"
    cut.write_text("a,b\n1,2\n3,x\n")
    read = f"read_csv('{cut}', columns = {{'a': 'INT', 'b': 'INT'}}, header = true)"
    assert "Line: 3" in refused(shared, f"CREATE TABLE t AS FROM {read}").message


def test_nulls_are_imputed_and_counted_per_column(db):
    db.sql(
        "CREATE TABLE holes AS SELECT id, CASE WHEN id % 4 > 0 THEN a END AS a, b, y FROM points"
    )
    create = "CREATE MODEL m PREDICT y USING LogisticRegression KEY (id) HOLDOUT 0.2 THEN REFIT"
    card = dict(db.sql(f"{create} AS FROM holes").fetchall())
    nulls = db.sql("SELECT count(*) FROM holes WHERE a IS NULL AND y IS NOT NULL").fetchone()[0]
    assert card["missing"] == f"a: {nulls}"
    assert ("missing", f"a: {nulls}") in db.sql("DESCRIBE MODEL m").fetchall()


def test_numbers_too_large_to_scale_are_named_where_the_fit_fails(db, refused):
    db.sql("CREATE TABLE huge AS SELECT *, a * 1e300 AS far FROM points WHERE a > 0")
    error = refused(
        db, "CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT far, a, b, y FROM huge"
    )
    assert error.error_code == "FIT_FAILED"
    assert "far reaches" in error.hint


def test_decimal_labels_are_classes(db):
    db.sql("CREATE TABLE exact AS SELECT a, b, CASE WHEN y THEN 1.0 ELSE 0.0 END AS d FROM points")
    db.sql("CREATE MODEL m PREDICT d USING LogisticRegression AS FROM exact")
    assert {value for (value,) in db.sql("SELECT DISTINCT predicted_d FROM m").fetchall()} <= {0, 1}
    assert len(db.sql("FROM ML.CONFUSION_MATRIX(MODEL m)")) >= 1


@pytest.mark.parametrize(
    ("clauses", "said"),
    [("TIME c", "no moment"), ("KEY (amount)", "neither KEY nor TIME")],
)
def test_a_role_that_a_column_cannot_have_is_refused(db, refused, clauses, said):
    error = refused(
        db,
        f"CREATE MODEL m PREDICT amount USING Ridge {clauses} AS SELECT a, c, amount FROM points",
    )
    assert error.error_code == "DEFINITION_REFUSED"
    assert said in error.message


def test_a_schema_that_is_not_there_gets_no_model(db, refused):
    error = refused(
        db, "CREATE MODEL nosch.m PREDICT amount USING Ridge AS SELECT a, amount FROM points"
    )
    assert error.error_code == "UNKNOWN_NAME"

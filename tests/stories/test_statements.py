"""What statements may say, and what is answered where they say it otherwise."""

import pytest

QUERY = "SELECT a, b, y FROM points"
MODEL = f"CREATE MODEL m PREDICT y USING LogisticRegression {{}} AS {QUERY}"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        (MODEL.format("TARGT_LAG '1 hour'"), "did you mean 'TARGET_LAG'?"),
        (MODEL.format("TARGET_LAG '5 mintues'"), "did you mean '5 minutes'?"),
        (MODEL.format("").replace("LogisticReg", "LogisitcReg"), "'LogisticRegression'"),
        (MODEL.format("(CC => 1)"), "did you mean 'C'?"),
        (MODEL.format("IGNORE (bb)"), "did you mean 'b'?"),
        (MODEL.format("KEY (bb)"), "did you mean 'b'?"),
        (MODEL.format("HOLDOUT 0.2 BY (bb)"), "did you mean 'b'?"),
        (MODEL.format("").replace("PREDICT y", "PREDICT yy"), "did you mean 'y'?"),
        (MODEL.format("").replace("points", "pionts"), "did you mean 'points'?"),
        ("FROM mlview.modles", "did you mean 'models'?"),
        ("FROM pionts", "did you mean 'points'?"),
        ("SELECT amuont FROM points", '"amount"'),
    ],
)
def test_a_wrong_word_is_answered_with_the_nearest_right_one(shared, refused, text, nearest):
    assert nearest in refused(shared, text).hint


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("OPTIONS(model_type = 'logistic_reg', input_label_cols = ['y'])", "PREDICT y USING"),
        ("WITH (max_iter = 5)", "USING Method (parameter => value)"),
    ],
)
def test_the_spelling_of_other_systems_is_answered_with_ours(shared, refused, clause, said):
    error = refused(shared, f"CREATE MODEL m {clause} AS {QUERY}")
    assert said in error.hint


LATER = {
    "EXPECT": MODEL.format("CONSTRAINT c EXPECT (count(*) > 1)"),
    "REQUIRE": MODEL.format("CONSTRAINT c REQUIRE (roc_auc(new) > 0.5)"),
    "ROLLOUT": MODEL.format("ROLLOUT (SHADOW FOR '1 day', LIVE)"),
    "EXPECT in a view": "CREATE MATERIALIZED VIEW v CONSTRAINT c EXPECT (a > 1) AS FROM points",
    "EXPLAIN": "EXPLAIN " + MODEL.format("CONSTRAINT c EXPECT (count(*) > 1)"),
    "CREATE MODEL MONITOR": "CREATE MODEL MONITOR w WITH MODEL m LABELS FROM (SELECT 1) "
    "ID_COLUMNS (id) TIMESTAMP_COLUMN seen LABEL_DELAY '14 days'",
    "RECOMMEND": "RECOMMEND MATERIALIZATIONS FOR WORKLOAD LAST '7 days' WITHIN (storage => '2 GB')",
    "ACKNOWLEDGE INCIDENT": "ACKNOWLEDGE INCIDENT 42 COMMENT 'seen'",
    "RESOLVE INCIDENT": "RESOLVE INCIDENT 42 CAUSE 'late files'",
    "EXPLAIN INCIDENT": "EXPLAIN INCIDENT 42",
    "SHOW INCIDENTS": "SHOW INCIDENTS",
    "DIAGNOSE": "DIAGNOSE MODEL m",
    "mlview.incidents": "FROM mlview.incidents",
    "mlview.monitors": "FROM mlview.monitors",
    "mlview.expectation_results": "FROM mlview.expectation_results",
    "mlview.predictions_log": "FROM mlview.predictions_log",
}


@pytest.mark.parametrize(("text"), LATER.values(), ids=LATER)
def test_what_comes_later_is_refused_and_never_ignored(shared, refused, text):
    error = refused(shared, text)
    assert error.error_code == "NOT_AVAILABLE"
    assert "not available in this release" in error.message
    assert shared.models == shared.materialized_views == ()


PLACED = [
    ("SELECT nope FROM points", 1, 8),
    ("SELECT 1;\nSELECT 2;\n  SELECT nope FROM points;", 3, 10),
    ("SELECT 1; SELEC 2", 1, 11),
    ("SELECT 1;\nCREATE MODEL m PREDICT y\n USIN Ridge AS FROM points", 3, 2),
    ("CREATE MODEL m PREDICT y AS\n  SELECT a, nope, y FROM points", 2, 13),
    ("SELECT 1;\nCREATE MODEL m PREDICT y AS\n  SELECT a, random(), y FROM points;", 3, 13),
    ("SELECT 1; CREATE MATERIALIZED VIEW v AS SELECT nope FROM points", 1, 48),
    ("EXPLAIN CREATE MATERIALIZED VIEW v AS SELECT nope FROM points", 1, 46),
    ("CREATE VIEW v AS SELECT nope FROM points", 1, 25),
    ("SELECT 1;\nDROP MODEL nope;\nSELECT 3", 2, 1),
    ("SELECT 1;\n  FROM ML.PREDCIT(MODEL m, TABLE t)", 2, 11),
]


@pytest.mark.parametrize(("script", "line", "column"), PLACED)
def test_errors_say_the_line_and_the_column_in_the_script(shared, refused, script, line, column):
    error = refused(shared, script)
    assert (error.line, error.column) == (line, column)
    assert f"line {line}, column {column}" in str(error)


def test_an_error_in_a_text_nobody_typed_has_no_place_in_the_one_that_was(db, refused):
    db.sql(MODEL.format(""))
    db.sql("ALTER TABLE points DROP COLUMN b")
    error = refused(db, "SELECT 1;\nFROM m")
    assert (error.line, error.column) == (2, 1)
    error = refused(db, "FROM ML.PREDICT(MODEL m, TABLE nope)")
    assert (error.line, error.column) == (None, None)


def test_statements_of_a_script_run_in_order_up_to_the_one_that_fails(db, refused):
    refused(db, "CREATE TABLE one (i INT); SELECT nope; CREATE TABLE two (i INT)")
    assert {"one"} == {name for (name,) in db.sql("SHOW TABLES").fetchall()} - {"points"}


def test_semicolons_in_text_and_comments_part_nothing(shared):
    script = "SELECT 'a;b'; -- no; statement\nSELECT $$c;d$$ AS last; /* ; */"
    assert shared.sql(script).fetchall() == [("c;d",)]


@pytest.mark.parametrize("text", ["", "  \n", "-- nothing", ";;"])
def test_a_text_without_a_statement_is_refused(shared, refused, text):
    assert refused(shared, text).error_code == "USAGE"


@pytest.mark.parametrize(
    "open_with", ["SELECT {}", "{}", "CREATE MATERIALIZED VIEW v AS SELECT {}"]
)
def test_a_thousand_brackets_are_a_depth_error(shared, refused, open_with):
    error = refused(shared, open_with.format("(" * 1000 + "1" + ")" * 1000))
    assert "nested" in error.message


UNREPEATABLE = {
    "now()": "refresh_time()",
    "current_timestamp": "refresh_time()",
    "current_date": "refresh_time()",
    "random()": "hash(key)",
    "uuid()": "hash(key)",
    "nextval('s')": "hash(key)",
    "first(a)": "ORDER BY",
    "getvariable('x')": "write the value itself",
    "row_number() OVER ()": "ORDER BY",
}


@pytest.mark.parametrize(("expression", "instead"), UNREPEATABLE.items())
def test_what_differs_from_run_to_run_is_refused_in_a_definition(
    shared, refused, expression, instead
):
    text = f"CREATE MATERIALIZED VIEW v AS SELECT {expression} AS e FROM points"
    error = refused(shared, text)
    assert error.error_code == "NONDETERMINISTIC"
    assert instead in error.hint


@pytest.mark.parametrize("tail", ["LIMIT 3", "USING SAMPLE 10", "OFFSET 3"])
def test_rows_that_nothing_chooses_are_refused_in_a_definition(shared, refused, tail):
    error = refused(shared, f"CREATE MATERIALIZED VIEW v AS SELECT a FROM points {tail}")
    assert error.error_code == "NONDETERMINISTIC"


def test_ties_of_order_by_with_limit_are_broken_and_explain_says_so(db):
    create = "CREATE MATERIALIZED VIEW v AS SELECT id, c FROM points ORDER BY c LIMIT 3"
    said = dict(db.sql(f"EXPLAIN {create}").fetchall())
    assert "ties are broken on all output columns" in said["ties"]
    db.sql(create)
    assert db.sql("FROM v ORDER BY id").fetchall() == [(0, "x"), (3, "x"), (6, "x")]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("SHOW STALENES", "write FROM mlview.staleness"),
        ("ALTER VIEW v UNPIN", "write ALTER MATERIALIZED VIEW v UNPIN, or ALTER MODEL v UNPIN"),
        ("REFERSH MODEL m", "did you mean 'REFRESH'?"),
        ("ALTER MODEL m SET TARGET_LAG TO '1 hour'", "write TARGET_LAG = '1 hour'"),
    ],
)
def test_a_statement_that_nobody_understands_says_what_to_write(shared, refused, typed, hint):
    assert refused(shared, typed).hint == hint

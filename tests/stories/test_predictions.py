"""Asking a model: its own query, one table replaced, given rows; what is tolerated and what not."""

from datetime import timedelta

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

ANSWER = ["predicted_y", "predicted_y_prob"]


@pytest.fixture(scope="module")
def ready(shared):
    shared.sql("CREATE TABLE today AS FROM points WHERE id < 4")
    shared.sql(
        "CREATE MODEL m PREDICT y USING LogisticRegression KEY (id) AS "
        "SELECT id, a, b * 2 AS b2, c, y FROM points"
    )
    return shared


def names(result):
    return [column.name for column in result.columns]


def test_a_model_is_a_view_of_its_own_rows_with_the_answers_beside_them(ready):
    result = ready.sql("FROM m")
    assert names(result) == ["id", "a", "b2", "c", "y", *ANSWER]
    assert len(result) == 60


@pytest.mark.parametrize(
    "query",
    [
        "SELECT predicted_y FROM m WHERE id = 7",
        "SELECT x.predicted_y FROM m AS x WHERE x.id = 7",
        "SELECT m.predicted_y FROM main.m WHERE m.id = 7",
        "SELECT predicted_y FROM lake.main.m WHERE id = 7",
        "SELECT (SELECT predicted_y FROM m WHERE m.id = p.id) FROM points p WHERE id = 7",
        "SELECT predicted_y FROM points JOIN m USING (id) WHERE id = 7",
        "WITH w AS (FROM m) SELECT predicted_y FROM w WHERE id = 7",
        "SELECT predicted_y FROM m WHERE predicted_y_prob IS NOT NULL AND id = 7 LIMIT 1",
        "SELECT predicted_y FROM m ORDER BY id LIMIT 1 OFFSET 7",
        "SELECT predicted_y FROM (FROM m UNION ALL FROM m) WHERE id = 7 LIMIT 1",
        "SELECT predicted_y FROM ML.PREDICT(MODEL m, points => points) WHERE id = 7",
        (
            "SELECT p.predicted_y FROM ML.PREDICT(MODEL M, (SELECT *, b * 2 AS b2 FROM points)) p "
            "WHERE id = 7"
        ),
        (
            "SELECT predict.predicted_y FROM ml.predict(MODEL m, (SELECT *, b * 2 B2 FROM points)) "
            "WHERE id = 7"
        ),
        (
            "SELECT predicted_y FROM points JOIN ML.PREDICT(MODEL m, points => points) q "
            "USING (id) WHERE id = 7"
        ),
    ],
)
def test_wherever_a_table_may_stand_the_answer_is_the_same(ready, query):
    expected = ready.sql("SELECT predicted_y FROM (SELECT * FROM m) WHERE id = 7").fetchall()
    assert ready.sql(query).fetchall() == expected


def test_what_is_asked_of_a_model_changes_no_answer(ready):
    everything = {row[0]: row for row in ready.sql("FROM m").fetchall()}
    for asked in ("WHERE a > 50", "WHERE predicted_y", "WHERE c = 'x' AND predicted_y_prob > 0.5"):
        for row in ready.sql(f"FROM m {asked}").fetchall():
            assert row == everything[row[0]]
    assert ready.sql("SELECT count(*), count(predicted_y) FROM m").fetchone() == (60, 60)


def test_one_base_table_is_replaced_and_the_expressions_stay(ready):
    replaced = ready.sql("FROM ML.PREDICT(MODEL m, points => today) ORDER BY id")
    assert names(replaced) == ["id", "a", "b2", "c", "y", *ANSWER]
    assert replaced.fetchall() == ready.sql("FROM m WHERE id < 4 ORDER BY id").fetchall()


def test_a_table_the_model_does_not_read_cannot_be_replaced(ready, refused):
    error = refused(ready, "FROM ML.PREDICT(MODEL m, pionts => today)")
    assert error.hint == "did you mean 'points'?"


def test_columns_are_matched_by_name_and_extra_ones_pass_through(ready):
    result = ready.sql(
        "FROM ML.PREDICT(MODEL m, (SELECT 'x' AS C, 4 AS B2, 'n' AS note, 3.0 AS A, true AS y))"
    )
    assert names(result) == ["C", "B2", "note", "A", "y", *ANSWER]


@pytest.mark.parametrize(
    ("rows", "said", "hint"),
    [
        ("SELECT 3.0 AS a, 4.0 AS b2", "features c", "select them"),
        ("SELECT 3.0 AS a, '4' AS b2, 'x' AS c", "'b2' is DOUBLE", "CAST(b2 AS DOUBLE) AS b2"),
        ("SELECT 3.0 AS a, 4.0 AS b2, 5 AS c", "'c' is VARCHAR", "CAST(c AS VARCHAR) AS c"),
        (
            "SELECT 3.0 AS a, 4.0 AS b2, 'x' AS c, 1 AS Predicted_y",
            "as its prediction is called",
            "Predicted_y AS input_Predicted_y",
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused_with_what_to_write(ready, refused, rows, said, hint):
    error = refused(ready, f"FROM ML.PREDICT(MODEL m, ({rows}))")
    assert error.error_code == "COLUMN_MISMATCH"
    assert said in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "number", ["4::TINYINT", "4", "4::BIGINT", "4.0::FLOAT", "4.0::DECIMAL(5,1)"]
)
def test_lossless_widening_is_accepted(ready, number):
    rows = f"SELECT 3.0 AS a, {number} AS b2, 'x' AS c"
    (prob,) = ready.sql(f"SELECT predicted_y_prob FROM ML.PREDICT(MODEL m, ({rows}))").fetchone()
    same = "SELECT 3.0::DOUBLE AS a, 4.0::DOUBLE AS b2, 'x' AS c"
    expected = ready.sql(f"SELECT predicted_y_prob FROM ML.PREDICT(MODEL m, ({same}))").fetchone()
    assert (prob,) == expected


def test_missing_values_are_answered(ready):
    rows = "SELECT NULL::DOUBLE AS a, NULL::DOUBLE AS b2, NULL::VARCHAR AS c"
    assert ready.sql(f"SELECT predicted_y FROM ML.PREDICT(MODEL m, ({rows}))").fetchone()[0] in (
        True,
        False,
    )


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_the_callers_own_variables_are_rows(ready, library):
    rows = library({"a": [3.0, 90.0], "b2": [4.0, 160.0], "c": ["x", "y"]})
    assert len(rows) == 2
    answer = ready.sql("SELECT predicted_y FROM ML.PREDICT(MODEL m, TABLE rows)").fetchall()
    assert answer == [(False,), (True,)]
    nested = ready.sql("SELECT predicted_y FROM ML.PREDICT(MODEL m, (FROM rows WHERE a > 4))")
    assert nested.fetchall() == [(True,)]
    assert ready.sql("SELECT count(*) FROM rows WHERE a > ?", [4]).fetchone() == (1,)


def test_a_table_of_the_lake_goes_before_a_variable_of_its_name(ready):
    points = pd.DataFrame({"mine": [1]})
    assert len(points) == 1
    assert ready.sql("SELECT count(*) FROM points").fetchone() == (60,)


def test_only_the_callers_own_variables_are_seen(ready, refused):
    error = refused(ready, "FROM facts")  # a local name of the library
    assert error.error_code == "UNKNOWN_NAME"


def test_any_kept_version_can_be_asked(db, refused):
    create = "CREATE OR REPLACE MODEL m PREDICT y USING LogisticRegression (C => {}) AS "
    db.sql(create.format(0.001) + "SELECT a, b, y FROM points")
    first = db.sql("FROM ML.PREDICT(MODEL m, TABLE points)").fetchall()
    db.sql(create.format(10) + "SELECT a, b, y FROM points")
    assert db.sql("FROM ML.PREDICT(MODEL m, TABLE points)").fetchall() != first
    asked = db.sql("FROM ML.PREDICT(MODEL m, TABLE points, version => 1)").fetchall()
    assert asked == first
    error = refused(db, "FROM ML.PREDICT(MODEL m, TABLE points, version => 9)")
    assert error.error_code == "UNKNOWN_NAME"
    assert "it has 1, 2" in error.hint


def test_a_reader_says_how_stale_an_answer_may_be(db, clock, refused):
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y FROM points")
    ask = "FROM ML.PREDICT(MODEL m, TABLE points, max_staleness => '2 hours'{})"
    clock.advance(timedelta(days=300))
    assert len(db.sql(ask.format(""))) == 60
    db.sql("DELETE FROM points WHERE id = 1")
    clock.advance(timedelta(hours=2))
    assert len(db.sql(ask.format(""))) == 59
    clock.advance(timedelta(seconds=1))
    error = refused(db, ask.format(""))
    assert error.error_code == "TOO_STALE"
    assert "7,201 s behind" in error.message
    assert error.hint == "REFRESH MODEL m;"
    warned = db.sql(ask.format(", on_stale => 'warn'"))
    assert len(warned) == 59
    assert "7,201 s behind" in warned.notices[0]


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("verison => 1", "did you mean 'version'?"),
        ("max_staleness => '2 huors'", "did you mean '2 hours'?"),
        ("on_stale => 'eror'", "did you mean 'error'?"),
    ],
)
def test_wrong_options_are_answered_with_the_right_ones(ready, refused, option, hint):
    assert refused(ready, f"FROM ML.PREDICT(MODEL m, TABLE today, {option})").hint == hint


def test_evaluate_tells_the_held_out_scores_or_those_on_given_rows(ready, refused):
    held = ready.sql("FROM ML.EVALUATE(MODEL m)").df().set_index("metric")
    assert held.loc["roc_auc", "baseline"] == 0.5
    assert held.loc["roc_auc", "low"] <= held.loc["roc_auc", "value"] <= held.loc["roc_auc", "high"]
    rows = "(SELECT id, a, b * 2 AS b2, c, y FROM points WHERE id < 30)"
    given = ready.sql(f"FROM ML.EVALUATE(MODEL m, {rows})").df().set_index("metric")
    right = ready.sql("SELECT avg((y = predicted_y)::INT) FROM m WHERE id < 30").fetchone()[0]
    assert given.loc["accuracy", "value"] == pytest.approx(right)
    error = refused(ready, f"FROM ML.EVALUATE(MODEL m, (SELECT * EXCLUDE (y) FROM {rows}))")
    assert "no column y" in error.message


def test_the_confusion_matrix_counts_the_rows_it_is_given(ready):
    rows = "(SELECT id, a, b * 2 AS b2, c, y FROM points)"
    matrix = ready.sql(f"SELECT sum(rows) FROM ML.CONFUSION_MATRIX(MODEL m, {rows})").fetchone()
    assert matrix == (60,)
    held_out = ready.sql("SELECT rows_held_out FROM mlview.versions").fetchone()
    assert ready.sql("SELECT sum(rows) FROM ML.CONFUSION_MATRIX(MODEL m)").fetchone() == held_out


def test_features_are_ranked_and_joined_like_any_table(ready):
    ranked = ready.sql("SELECT feature FROM ML.FEATURE_IMPORTANCE(MODEL m)").fetchall()
    assert {name for (name,) in ranked} == {"a", "b2", "c"}
    joined = "SELECT count(*) FROM ML.FEATURE_IMPORTANCE(MODEL m) f, ML.EVALUATE(MODEL m) e"
    assert ready.sql(joined).fetchone()[0] > 3


def test_a_model_without_a_version_names_the_refresh(db, refused):
    db.sql("CREATE MODEL m PREDICT y AS SELECT a, b, y FROM points WITH NO DATA")
    for text in ("FROM m", "FROM ML.PREDICT(MODEL m, TABLE points)", "FROM ML.EVALUATE(MODEL m)"):
        error = refused(db, text)
        assert error.error_code == "NOT_MATERIALIZED"
        assert error.hint == "REFRESH MODEL m;"


def test_explain_says_how_a_prediction_is_answered(ready):
    ((name, how),) = ready.sql("EXPLAIN SELECT * FROM m").fetchall()
    assert name == "m"
    assert "version 1 (LogisticRegression)" in how


def test_several_classes_have_their_probabilities_in_a_map(db):
    db.sql("CREATE MODEL k PREDICT c USING DecisionTreeClassifier AS SELECT a, b, c FROM points")
    result = db.sql("FROM k")
    assert names(result) == ["a", "b", "c", "predicted_c", "predicted_c_probs"]
    chosen = "SELECT bool_and(predicted_c_probs[predicted_c] >= 0.33) FROM k"
    assert db.sql(chosen).fetchone() == (True,)


def test_the_probability_is_of_true_or_of_the_last_class(db):
    db.sql(
        "CREATE MODEL w PREDICT word USING LogisticRegression AS "
        "SELECT a, b, CASE WHEN y THEN 'yes' ELSE 'no' END AS word FROM points"
    )
    agree = "SELECT bool_and((predicted_word_prob > 0.5) = (predicted_word = 'yes')) FROM w"
    assert db.sql(agree).fetchone() == (True,)


def test_a_query_with_a_column_called_as_the_answer_is_refused_at_create(ready, refused):
    for name in ("predicted_y", "Predicted_Y_prob", "predicted_y_probs"):
        error = refused(ready, f"CREATE MODEL w PREDICT y AS SELECT a, b AS {name}, y FROM points")
        assert f"{name} AS input_{name}" in error.hint


def test_a_classifier_is_not_judged_by_labels_it_was_never_taught(db, refused):
    db.sql(
        "CREATE MODEL words PREDICT c USING DecisionTreeClassifier AS SELECT a, b, c FROM points"
    )
    for function in ("EVALUATE", "CONFUSION_MATRIX"):
        error = refused(
            db, f"FROM ML.{function}(MODEL words, (SELECT a, b, upper(c) AS c FROM points))"
        )
        assert error.error_code == "UNSEEN_LABELS"
        assert error.facts["counts"] == {"X": 20, "Y": 20, "Z": 20}


def test_a_regression_is_judged_by_numbers_only(db, refused):
    db.sql("CREATE MODEL size PREDICT amount USING Ridge AS SELECT a, b, amount FROM points")
    error = refused(db, "FROM ML.EVALUATE(MODEL size, (SELECT a, b, 'x' AS amount FROM points))")
    assert error.error_code == "COLUMN_MISMATCH"


def test_input_columns_that_differ_in_case_only_are_refused(db, refused):
    db.sql("CREATE MODEL size PREDICT amount USING Ridge AS SELECT a, b, amount FROM points")
    error = refused(db, 'FROM ML.PREDICT(MODEL size, (SELECT a, b AS "A", b FROM points))')
    assert error.error_code == "COLUMN_MISMATCH"
    assert "two columns" in error.message


def test_an_ml_function_in_the_place_of_a_value_is_told_where_it_belongs(ready, refused):
    for query in ("SELECT ML.PREDICT(MODEL m, points => points)",
                  "SELECT ML.PREDICT(MODEL m, points => points) FROM points"):  # fmt: skip
        error = refused(ready, query)
        assert (error.error_code, error.hint) == ("BIND", "FROM ML.PREDICT(MODEL name, TABLE rows)")
        assert "__mlview" not in error.message

"""The first statements of somebody who knows SQL and has never seen mlview."""

import pytest

LATE = """
    CREATE MODEL late PREDICT y USING LogisticRegression AS
    SELECT id, a, b, seen, CASE WHEN id < 50 THEN y END AS y FROM points
"""


def test_five_statements_from_a_table_to_a_model_that_keeps_itself_fresh(db):
    db.sql(LATE)
    questions = db.sql("FROM late WHERE y IS NULL").df()
    assert len(questions) == 10
    assert questions["predicted_y"].notna().all()
    state, score = db.sql("SELECT state, score FROM mlview.models").fetchone()
    assert state == "FRESH"
    assert score > 0.8
    db.sql("ALTER MODEL late SET TARGET_LAG '1 hour'")
    assert db.sql("SELECT target_lag_sec FROM mlview.models").fetchone() == (3600.0,)


def test_create_answers_with_a_card(db):
    result = db.sql(LATE)
    card = dict(result.fetchall())
    assert card["version"] == "1 at snapshot 1"
    assert "50 rows trained" in card["rows"]
    assert "10 unlabelled (questions)" in card["rows"]
    assert "10 held out as the last by seen" in card["rows"]
    assert "Dummy baseline 0.500" in card["roc_auc"]
    assert "95 % interval" in card["roc_auc"]
    assert card["features"] == "a, b"
    assert card["next"] == "FROM late WHERE y IS NULL;"
    assert "Dummy baseline" in str(result)


def test_the_card_says_by_name_which_columns_are_left_out_and_why(db):
    items = db.sql(LATE).fetchall()
    left_out = [value for item, value in items if item == "left out"]
    assert any(value.startswith("id: ") and "identifies rows" in value for value in left_out)
    assert "seen: the TIME column orders and splits the rows" in left_out


def test_a_feature_that_alone_gives_the_answer_is_refused_as_a_leak(db, refused):
    error = refused(
        db, "CREATE MODEL leaky PREDICT y AS SELECT a, b, y, y::INT AS copy FROM points"
    )
    assert error.error_code == "LEAK"
    assert "'copy'" in error.message
    assert error.name == "leaky"
    assert error.hint == "IGNORE (copy)"


def test_a_model_is_chosen_by_its_label(db):
    notes = db.sql("CREATE MODEL amounts PREDICT amount AS SELECT a, b, amount FROM points")
    assert dict(notes.fetchall())["method"].startswith("HistGradientBoostingRegressor")


def test_numbers_with_few_values_are_a_quantity_and_this_is_said(db):
    result = db.sql(
        "CREATE MODEL rating PREDICT stars AS SELECT a, b, (id % 5)::INT AS stars FROM points"
    )
    assert any("only 5 distinct numbers" in notice for notice in result.notices)


@pytest.mark.parametrize("given", ["TARGET_LAG = '1 hour'", "target_lag '1 hour'"])
def test_clauses_come_in_any_order_and_with_or_without_an_equals_sign(db, given):
    db.sql(
        f"CREATE MODEL m OWNER 'me' {given} USING = LogisticRegression PREDICT y "
        "AS SELECT a, b, y FROM points"
    )
    assert db.sql("SELECT owner, target_lag_sec, method FROM mlview.models").fetchone() == (
        "me",
        3600.0,
        "LogisticRegression",
    )


def test_the_answer_to_a_statement_survives_the_next_one(db):
    first = db.sql("FROM points ORDER BY id")
    db.sql("DELETE FROM points")
    assert len(first.fetchall()) == 60

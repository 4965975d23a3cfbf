"""Which estimator learns, and which rows judge it."""

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

QUERY = "SELECT id, a, b, c, seen, y FROM points"


@pytest.mark.parametrize(
    ("clauses", "answers"),
    [
        ("USING KMeans (n_clusters => 3)", ["cluster"]),
        ("USING PCA (n_components => 2)", ["component_1", "component_2"]),
        ("USING IsolationForest (n_estimators => 5)", ["anomaly_score"]),
        ("PREDICT amount USING ridge (alpha => 0.5)", ["predicted_amount"]),
    ],
)
def test_any_scikit_learn_estimator_by_its_name(db, clauses, answers):
    db.sql(f"CREATE MODEL m {clauses} AS SELECT a, b, amount FROM points")
    assert [column.name for column in db.sql("FROM m").columns][3:] == answers


HOLDOUTS = {
    "by identity": ("KEY (id) IGNORE (seen) HOLDOUT 0.2", "by a hash of KEY", False),
    "refitted": ("KEY (id) IGNORE (seen) HOLDOUT 0.2 THEN REFIT", "refitted on all", True),
    "by the row id": ("IGNORE (seen)", "by a hash of row ids of points", False),
    "the last share": ("HOLDOUT LAST 0.25", "15 held out as the last by seen", True),
    "the last hours": ("TIME seen HOLDOUT LAST '10 hours'", "10 held out as the last", True),
    "by default": ("", "12 held out as the last by seen", True),
}


@pytest.mark.parametrize(("clauses", "said", "all_rows"), HOLDOUTS.values(), ids=HOLDOUTS)
def test_rows_are_held_out_as_declared(shared, clauses, said, all_rows):
    card = dict(
        shared.sql(f"CREATE MODEL h PREDICT y USING LogisticRegression {clauses} AS {QUERY}")
        .fetchall()
    )  # fmt: skip
    shared.sql("DROP MODEL h")
    assert said in card["rows"]
    assert card["rows"].startswith("60 rows trained") == all_rows


def test_the_same_rows_are_held_out_whatever_their_values(db):
    create = (
        "CREATE MODEL {} PREDICT y USING LogisticRegression KEY (id) AS SELECT id, {} FROM points"
    )
    db.sql(create.format("one", "a, b, y"))
    db.sql(create.format("two", "a * 2 AS a, b + 1 AS b, y"))
    held = db.sql("SELECT name, rows_held_out FROM mlview.versions").fetchall()
    assert dict(held)["one"] == dict(held)["two"] > 0


def test_groups_are_kept_together_and_an_empty_holdout_is_said(db, refused):
    create = (
        "CREATE MODEL m PREDICT y USING LogisticRegression HOLDOUT {} BY (c) AS "
        "SELECT a, b, c, y FROM points"
    )
    result = db.sql(create.format(0.01))
    assert "no row was held out of 60: the model is not scored" in result.notices
    assert db.sql("SELECT score FROM mlview.models").fetchone() == (None,)
    error = refused(db, create.replace("MODEL m", "MODEL n").format(0.999))
    assert error.error_code == "TOO_FEW_ROWS"


def test_a_class_that_only_the_holdout_has_is_told_with_its_count(shared, refused):
    error = refused(
        shared,
        "CREATE MODEL m PREDICT late USING LogisticRegression HOLDOUT LAST '10 hours' AS "
        "SELECT a, b, seen, id >= 55 AS late FROM points",
    )
    assert error.error_code == "CLASS_TOO_SMALL"
    assert "True: 5" in error.message


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT a, b, y FROM points", "TRAINING_DATA"),
        ("SELECT a, b, y, CASE WHEN id > 3 THEN seen END AS seen FROM points", "NULL_TIME"),
    ],
)
def test_the_last_rows_need_a_time(shared, refused, query, code):
    text = f"CREATE MODEL m PREDICT y USING LogisticRegression HOLDOUT LAST 0.2 AS {query}"
    assert refused(shared, text).error_code == code


def test_a_pipeline_from_python_is_kept_unfitted_and_fitted_at_every_refresh(db):
    given = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    model = db.create_model("m", query="SELECT a, b, y FROM points", predict="y", using=given)
    assert "USING ARTIFACT 'sha256:" in model.create_text
    assert isinstance(model.estimator, Pipeline)
    assert not hasattr(given[-1], "coef_")
    db.sql("DELETE FROM points WHERE id = 1")
    model.refresh()
    assert model.live_version.number == 2
    assert len(model.predict(db.sql("FROM points").df())) == 59

"""The same from Python: reads are properties, actions are calls."""

from datetime import timedelta
from threading import Thread

import pandas as pd
import pyarrow as pa
import pytest

import mlview
from mlview.errors import MlviewError, NotMaterialized, UnknownName, UsageProblem

QUERY = "SELECT a, b, y FROM points"


@pytest.fixture
def model(db):
    return db.create_model(
        "m",
        query=QUERY,
        predict="y",
        using="LogisticRegression",
        parameters={"C": 0.5},
        target_lag=timedelta(hours=1),
        owner="me",
    )


def test_a_model_is_made_as_by_its_statement(db, model):
    assert db.sql("SHOW CREATE MODEL m").fetchone()[0] == (
        "CREATE MODEL m\n  PREDICT y\n  USING LogisticRegression (C => 0.5)\n"
        "  TARGET_LAG '1 hour'\n  OWNER 'me'\nAS SELECT a, b, y FROM points;"
    )
    assert model.definition.target == "y"
    assert [m.name for m in db.models] == ["m"]


def test_a_model_says_how_it_is(db, clock, model):
    assert (model.state, model.staleness.lag_sec) == ("FRESH", 0.0)
    clock.advance(timedelta(minutes=5))
    db.sql("DELETE FROM points WHERE id = 1")
    clock.advance(timedelta(minutes=5))
    assert (model.state, model.staleness.lag_sec) == ("STALE", 300.0)
    assert [step.name.plain for step in db.plan().steps] == ["m"]
    assert model.refresh().fetchone()[2] == "SUCCEEDED"
    assert [version.number for version in model.versions] == [1, 2]
    assert model.metrics["roc_auc"].baseline == 0.5
    assert "version 1" in model.rollback()
    assert model.live_version.number == 1


def test_a_model_answers_frames_and_is_the_estimator_it_fitted(db, model):
    rows = pd.DataFrame({"a": [3.0, 90.0], "b": [2.0, 80.0]})
    answer = model.predict(rows).df()
    assert list(answer["predicted_y"]) == [False, True]
    assert model.estimator.predict_proba(rows)[:, 1] == pytest.approx(answer["predicted_y_prob"])
    with pytest.raises(UsageProblem):
        model.predict(42)


def test_a_materialized_view_is_made_read_and_refreshed(db):
    view = db.create_materialized_view(
        "v", query="SELECT max(a) AS a FROM points", target_lag="1 day"
    )
    assert view.rows().fetchall() == [(100.0,)]
    db.sql("INSERT INTO points (id, a) VALUES (1000, 200)")
    assert view.state == "STALE"
    db.refresh("v")
    assert view.rows().fetchall() == [(200.0,)]
    assert [v.name for v in db.materialized_views] == ["v"]
    assert db.status()[0].name.plain == "v"
    assert {node.plain for node in db.graph()} == {"points", "v"}


def test_wrong_names_and_values_are_answered_with_right_ones(db, model):
    with pytest.raises(UnknownName, match="did you mean 'm'"):
        db.model("mm")
    with pytest.raises(MlviewError, match="did you mean '5 minutes'"):
        db.create_model("n", query=QUERY, predict="y", target_lag="5 mintues")
    with pytest.raises(MlviewError, match="not available"):
        db.create_model("n", query=QUERY, predict="y", expect=[mlview.Expect("count(*) > 1")])
    with pytest.raises(MlviewError, match="not available"):
        db.create_model("n", query=QUERY, predict="y", require=[mlview.Require("f1(new) > 0")])
    with pytest.raises(UsageProblem):
        db.create_model("n", query=QUERY, predict="y", using=42)
    assert len(db.models) == 1


def test_what_is_declared_without_data_has_no_estimator_yet(db):
    model = db.create_model("n", query=QUERY, predict="y", with_no_data=True)
    assert model.state == "UNUSABLE"
    with pytest.raises(NotMaterialized):
        _ = model.estimator


def test_a_result_is_had_in_any_form(db):
    result = db.sql("SELECT id, a FROM points WHERE id < 3 ORDER BY id")
    assert result.fetchall() == list(result) == [(0, 0.0), (1, 37.0), (2, 74.0)]
    assert result.fetchone() == (0, 0.0)
    assert result.df().shape == result.pl().shape == result.arrow().shape == (3, 2)
    assert pa.table(result).num_rows == len(result) == 3
    assert "37" in repr(result)
    assert "<td>37</td>" in result._repr_html_()


def test_every_thread_has_a_cursor_of_its_own(db, model):
    seen = []

    def ask():
        with db.cursor() as cursor:
            seen.append(cursor.sql("SELECT count(predicted_y) FROM m").fetchone())

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [(60,)] * 3


def test_a_database_is_kept_moved_and_opened_again(tmp_path):
    with mlview.connect(tmp_path / "one.mlv") as db:
        db.sql("CREATE TABLE points AS SELECT i AS a, i % 7 AS b, i > 30 AND i % 7 > 2 AS y "
               "FROM range(60) AS numbers(i)")  # fmt: skip
        db.create_model("m", query=QUERY, predict="y", using="LogisticRegression")
        before = db.sql("FROM m").fetchall()
    (tmp_path / "one.mlv").rename(tmp_path / "two.mlv")
    with mlview.connect(tmp_path / "two.mlv", create=False) as db:
        assert db.sql("FROM m").fetchall() == before
        assert db.doctor().fetchall() == []
    with pytest.raises(UnknownName):
        mlview.connect(tmp_path / "one.mlv", create=False)


def test_a_database_is_found_again_wherever_the_process_goes(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with mlview.connect("shop.mlv") as db:
        db.sql("CREATE TABLE t AS SELECT 1 AS a")
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert db.sql("SELECT count(*) FROM t").fetchall() == [(1,)]
        db.sql("CREATE MATERIALIZED VIEW v AS SELECT a FROM t")
        assert db.path == tmp_path / "shop.mlv"

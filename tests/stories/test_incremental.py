"""Refreshing from what changed: exact whatever came, changed or went."""

import random
from datetime import timedelta

import pytest

import mlview
from mlview.clock import ManualClock
from mlview.errors import MlviewError

RIDGE = """CREATE MODEL ridge PREDICT amount USING Ridge KEY (id) REFRESH_MODE INCREMENTAL
    AS SELECT id, a, b, c, amount FROM points"""
VIEW = """CREATE MATERIALIZED VIEW per_c REFRESH_MODE INCREMENTAL
    AS SELECT c, count(*) AS n, avg(a) AS mean_a, max(b) AS b FROM points GROUP BY c"""
MORE = """INSERT INTO points (id, a, b, c, seen, amount, y)
    SELECT 100 + i, (i * 31 % 97)::DOUBLE, (i * 7 % 83)::DOUBLE, ['x', 'y', 'w'][i % 3 + 1],
           TIMESTAMP '2024-05-04' + INTERVAL (i) HOUR, (i * 31 % 97) * 0.5 + i % 5, i % 2 = 0
    FROM range(40) AS numbers(i)"""


def actions(result):
    return [(line["name"], line["action"]) for line in result.arrow().to_pylist()]


def predictions(db, name):
    query = f"SELECT id, predicted_amount FROM {name} ORDER BY id"
    return [value for _, value in db.sql(query).fetchall()]


@pytest.fixture
def kept(db):
    db.sql(RIDGE)
    db.sql(VIEW)
    return db


@pytest.mark.parametrize(
    "change",
    [
        MORE,
        "DELETE FROM points WHERE id % 7 = 3",
        "UPDATE points SET a = a * 2, amount = amount + 1 WHERE id BETWEEN 10 AND 30",
        "UPDATE points SET c = 'new' WHERE id % 5 = 0",
        "UPDATE points SET c = NULL, b = NULL WHERE id % 4 = 0",
        "UPDATE points SET amount = NULL WHERE id % 6 = 0",
        (
            f"BEGIN; {MORE}; UPDATE points SET a = a + 1 WHERE id > 90; DELETE FROM points "
            "WHERE id < 20; COMMIT"
        ),
    ],
)
def test_a_refresh_from_what_changed_equals_a_retrain(kept, change):
    kept.sql(change)
    done = kept.sql("REFRESH ALL")
    assert ("ridge", "INCREMENTAL") in actions(done)
    assert {action for _, action in actions(done)} <= {"INCREMENTAL", "NO_DATA"}
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())
    versions = kept.sql("SELECT DISTINCT action, exact FROM mlview.versions WHERE version = 2")
    assert versions.fetchall() == [("INCREMENTAL", True)]


FAMILIES = {
    "LinearRegression": "amount",
    "Lasso": "amount",
    "ElasticNet": "amount",
    "DummyRegressor": "amount",
    "RidgeClassifier": "c",
    "LinearDiscriminantAnalysis": "c",
    "QuadraticDiscriminantAnalysis": "y",
    "GaussianNB": "c",
    "DummyClassifier": "c",
    "PCA": None,
    "TruncatedSVD": None,
}


@pytest.mark.parametrize("method", FAMILIES)
def test_every_family_is_maintained_and_stored_as_it_was_solved(db, method):
    label = FAMILIES[method]
    predict = f"PREDICT {label}" if label else ""
    column = f", {label}" if label else ""
    db.sql(
        f"CREATE MODEL m {predict} USING {method} KEY (id) REFRESH_MODE INCREMENTAL "
        f"AS SELECT id, a, b, y AS flag{column} FROM points"
        if label != "y"
        else f"CREATE MODEL m {predict} USING {method} KEY (id) REFRESH_MODE INCREMENTAL "
        "AS SELECT id, a + 20 * sin(id) AS a, b, y FROM points"
    )
    db.sql("UPDATE points SET a = a + 3 WHERE id % 9 = 4")
    db.sql("DELETE FROM points WHERE id IN (11, 12)")
    assert actions(db.sql("REFRESH MODEL m")) == [("m", "INCREMENTAL")]
    assert all(line["equal"] for line in db.verify().arrow().to_pylist())
    answers = db.sql("FROM m ORDER BY id").arrow()
    home = db._services.home
    loader = type(db._services.loader)(home.artifacts)
    stored = loader.stored(db.model("m").live_version, "m").pipeline
    kept = db.model("m").estimator
    frame = answers.to_pandas()[list(stored.feature_names_in_)]
    answer = "transform" if label is None else "predict"
    assert (getattr(stored, answer)(frame) == getattr(kept, answer)(frame)).all()


@pytest.mark.parametrize(
    "method", ["MultinomialNB", "ComplementNB", "BernoulliNB", "CategoricalNB"]
)
def test_counts_of_categories_are_maintained(db, method):
    db.sql(
        f"CREATE MODEL m PREDICT c USING {method} KEY (id) REFRESH_MODE INCREMENTAL AS "
        "SELECT id, y, 'w' || (a // 10)::INT AS tens, 'u' || (b // 20)::INT AS twenties, c "
        "FROM points"
    )
    db.sql("UPDATE points SET a = a + 30 WHERE id % 9 = 4")
    db.sql("DELETE FROM points WHERE id IN (11, 12)")
    assert actions(db.sql("REFRESH MODEL m")) == [("m", "INCREMENTAL")]
    assert all(line["equal"] for line in db.verify().arrow().to_pylist())


def test_any_sequence_of_changes_and_refreshes_equals_a_retrain(kept):
    order = random.Random(5)
    for turn in range(6):
        for _ in range(order.randint(1, 3)):
            first = order.randint(0, 80)
            kept.sql(
                order.choice(
                    [
                        f"DELETE FROM points WHERE id BETWEEN {first} AND {first + 4}",
                        f"UPDATE points SET a = a + {turn}, c = 'q' WHERE id = {first}",
                        (
                            "INSERT INTO points (id, a, b, c, amount) SELECT "
                            f"{1000 * turn + first} + i, i * 1.5, i % 4, 'x', i * 0.25 "
                            "FROM range(9) t(i)"
                        ),
                    ]
                )
            )
        kept.sql("REFRESH ALL")
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_what_is_explained_is_what_is_done(kept):
    kept.sql(MORE)
    said = kept.sql("EXPLAIN REFRESH ALL").arrow().to_pylist()
    done = kept.sql("REFRESH ALL")
    assert [(s["name"], s["action"]) for s in said] == actions(done)
    assert [s["delta"] for s in said] == ["+3 -2", "+40 -0"]
    history = kept.sql(
        "SELECT name, rows_inserted, rows_deleted, exact FROM mlview.refresh_history "
        "WHERE action = 'INCREMENTAL' ORDER BY refresh_id"
    ).fetchall()
    assert history == [("per_c", 3, 2, True), ("ridge", 40, 0, True)]


def test_changes_that_leave_the_query_alone_leave_it_fresh(kept):
    kept.sql("UPDATE points SET y = NOT y")
    rows = kept.sql("SELECT state, lag_sec, changed_rows FROM mlview.staleness").fetchall()
    assert rows == [("FRESH", 0.0, 0)] * 2
    assert {action for _, action in actions(kept.sql("REFRESH ALL"))} == {"NO_DATA"}


def test_rows_are_counted_as_the_query_has_them(kept):
    kept.sql("UPDATE points SET a = a + 1 WHERE c = 'x'")
    found = {
        name: (changed, fraction)
        for name, changed, fraction in kept.sql(
            "SELECT name, changed_rows, changed_fraction FROM mlview.staleness"
        ).fetchall()
    }
    assert found == {"ridge": (40, 40 / 60), "per_c": (2, 2 / 3)}


@pytest.mark.parametrize("value", ["1e10", "-1e30", "'nan'::DOUBLE", "NULL"])
def test_a_corrupt_batch_that_came_and_went_leaves_no_trace(kept, value):
    before = predictions(kept, "ridge")
    kept.sql(
        f"INSERT INTO points (id, a, b, c, amount) SELECT 500 + i, {value}, {value}, 'x', "
        "CASE WHEN i % 2 = 0 THEN 1e10 ELSE 3 END FROM range(10) t(i)"
    )
    kept.sql("REFRESH MODEL ridge")
    kept.sql("DELETE FROM points WHERE id >= 500")
    assert actions(kept.sql("REFRESH MODEL ridge")) == [("ridge", "INCREMENTAL")]
    assert predictions(kept, "ridge") == pytest.approx(before, rel=1e-9)


@pytest.mark.parametrize("value", ["inf", "-1e200"])
def test_rows_beyond_all_sums_are_refused_the_old_version_serves_and_nothing_is_left(
    kept, refused, value
):
    before = predictions(kept, "ridge")
    kept.sql(f"INSERT INTO points (id, a, b, c, amount) VALUES (500, '{value}', 1, 'x', 3)")
    assert refused(kept, "REFRESH MODEL ridge").error_code == "NON_FINITE"
    assert kept.model("ridge").live_version.number == 1
    kept.sql("DELETE FROM points WHERE id = 500")
    kept.sql("REFRESH MODEL ridge")
    assert predictions(kept, "ridge") == before


def test_a_delta_larger_than_the_table(kept):
    kept.sql("DELETE FROM points WHERE id < 50")
    kept.sql(
        "INSERT INTO points (id, a, b, c, amount) SELECT 1000 + i, i % 17, i % 5, 'y', i % 11 "
        "FROM range(3000) t(i)"
    )
    kept.sql("REFRESH ALL")
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_every_row_is_deleted_the_view_is_empty_and_the_model_refuses(kept, refused):
    kept.sql("DELETE FROM points")
    assert refused(kept, "REFRESH MODEL ridge").error_code == "EMPTY_TRAINING_SET"
    kept.sql("REFRESH MATERIALIZED VIEW per_c")
    assert kept.sql("FROM per_c").fetchall() == []
    fraction = "SELECT changed_fraction FROM mlview.staleness WHERE name = 'per_c'"
    assert kept.sql(fraction).fetchall() == [(None,)]
    kept.sql(MORE)
    kept.sql("REFRESH ALL")
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_the_last_row_of_a_category_and_of_a_class_go(db, refused):
    db.sql("CREATE MODEL nb PREDICT c USING GaussianNB KEY (id) AS SELECT id, a, b, c FROM points")
    db.sql(RIDGE)
    db.sql("DELETE FROM points WHERE c = 'z'")
    db.sql("REFRESH ALL")
    assert db.model("nb").estimator.classes_.tolist() == ["x", "y"]
    assert all(line["equal"] for line in db.verify().arrow().to_pylist())
    db.sql("DELETE FROM points WHERE c = 'y'")
    assert refused(db, "REFRESH MODEL nb").error_code == "SINGLE_CLASS_TARGET"


def test_a_table_dropped_and_made_anew_is_no_delta(kept, refused):
    kept.sql("CREATE TABLE saved AS FROM points; CREATE OR REPLACE TABLE points AS FROM saved")
    assert (
        "it cannot be refreshed incrementally"
        in refused(kept, "REFRESH MODEL ridge INCREMENTAL").message
    )
    assert {action for _, action in actions(kept.sql("REFRESH ALL"))} == {"REINITIALIZE"}
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


@pytest.mark.parametrize(
    "ddl",
    [
        "ALTER TABLE points ADD COLUMN more INTEGER DEFAULT 7",
        "ALTER TABLE points RENAME COLUMN y TO answer",
        "ALTER TABLE points DROP COLUMN y",
    ],
)
def test_columns_that_the_query_does_not_read_may_change_under_it(kept, ddl):
    kept.sql(ddl)
    kept.sql("DELETE FROM points WHERE id < 5")
    kept.sql("REFRESH ALL")
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_a_column_swapped_for_another_of_its_name_is_seen(kept):
    kept.sql("ALTER TABLE points DROP COLUMN b; ALTER TABLE points ADD COLUMN b DOUBLE")
    kept.sql("UPDATE points SET b = id % 5")
    kept.sql("REFRESH ALL")
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_snapshots_between_that_expired_cost_only_time(kept, clock, plain_client):
    for turn in range(5):
        kept.sql(f"UPDATE points SET a = a + 1 WHERE id = {turn}")
        clock.advance(timedelta(days=20))
    kept.gc()
    kept.sql("DELETE FROM points WHERE id = 40")
    kept.sql("REFRESH ALL")
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_rows_leave_and_enter_a_window_as_time_passes(db, clock, states):
    db.sql(
        "CREATE MATERIALIZED VIEW recent REFRESH_MODE INCREMENTAL AS SELECT id, a FROM points "
        "WHERE seen > refresh_time() - INTERVAL 30 DAY"
    )
    before = db.sql("SELECT count(*) FROM recent").fetchone()[0]
    clock.advance(timedelta(minutes=1))
    assert states(db) == {"recent": "FRESH"}
    clock.advance(timedelta(hours=5))
    line = db.sql("SELECT state, changed_rows FROM mlview.staleness").fetchone()
    assert line == ("STALE", 5)
    assert actions(db.sql("REFRESH ALL")) == [("recent", "INCREMENTAL")]
    assert db.sql("SELECT count(*) FROM recent").fetchone()[0] == before - 5
    assert states(db) == {"recent": "FRESH"}
    assert all(line["equal"] for line in db.verify().arrow().to_pylist())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id, COLUMNS(['due', 'seen']) > refresh_time() FROM jobs",
        "SELECT id FROM jobs WHERE COLUMNS(['seen', 'due']) > refresh_time()",
        "SELECT i FROM (SELECT id, COLUMNS(['seen']) < refresh_time() FROM jobs) q(i, x) WHERE x",
    ],
)
def test_a_condition_on_several_columns_at_once_is_several_conditions(db, clock, query):
    db.sql(
        "CREATE TABLE jobs AS SELECT id, TIMESTAMP '2024-06-01' + to_minutes(id::INT) AS seen, "
        "TIMESTAMP '2024-06-01 10:00:00' AS due FROM range(1, 6) r(id)"
    )
    db.sql(f"CREATE MATERIALIZED VIEW v AS {query}")
    for _ in range(3):
        clock.advance(timedelta(seconds=100))
        db.sql("REFRESH MATERIALIZED VIEW v")
        now = f"TIMESTAMPTZ '{clock.now().isoformat()}'"
        expected = db.sql(query.replace("refresh_time()", now)).fetchall()
        assert sorted(db.sql("FROM v").fetchall()) == sorted(expected)


def test_views_over_views_are_maintained_through_each_other(db):
    db.sql(VIEW)
    db.sql(
        "CREATE MODEL over PREDICT amount USING Ridge KEY (id) REFRESH_MODE INCREMENTAL AS "
        "SELECT id, a, mean_a, amount FROM points JOIN per_c USING (c)"
    )
    db.sql("UPDATE points SET a = a + 10 WHERE id = 4")
    done = db.sql("REFRESH MODEL over")
    assert actions(done) == [("per_c", "INCREMENTAL"), ("over", "INCREMENTAL")]
    line = db.sql(
        "SELECT rows_inserted, rows_deleted FROM mlview.refresh_history WHERE name = 'over' "
        "ORDER BY refresh_id DESC LIMIT 1"
    ).fetchone()
    assert line == (20, 20)
    assert all(line["equal"] for line in db.verify().arrow().to_pylist())


def test_a_parent_refreshed_alone_leaves_its_reader_to_be_maintained(db):
    db.sql(VIEW)
    db.sql("CREATE MATERIALIZED VIEW top AS SELECT c, n FROM per_c")
    db.sql("UPDATE points SET b = b + 100 WHERE id = 4")
    db.sql("REFRESH MATERIALIZED VIEW per_c")
    assert db.sql("SELECT state, lag_sec FROM mlview.staleness WHERE name = 'top'").fetchall() == [
        ("FRESH", 0.0)
    ]
    db.sql("REFRESH MATERIALIZED VIEW top")
    upstream = "SELECT upstream_versions['per_c'] FROM mlview.versions WHERE name = 'top'"
    assert db.sql(f"{upstream} ORDER BY version DESC LIMIT 1").fetchall() == [(2,)]
    assert all(line["equal"] for line in db.verify().arrow().to_pylist())


def test_a_mode_that_cannot_be_kept_is_refused_with_the_reason(db, refused):
    error = refused(
        db,
        "CREATE MODEL m PREDICT y USING RandomForestClassifier REFRESH_MODE INCREMENTAL "
        "AS SELECT a, b, y FROM points",
    )
    assert error.error_code == "NOT_INCREMENTAL"
    assert "RandomForestClassifier" in error.message
    error = refused(
        db,
        "CREATE MATERIALIZED VIEW v REFRESH_MODE INCREMENTAL AS "
        "SELECT id, a FROM points ORDER BY a LIMIT 3",
    )
    assert error.error_code == "NOT_INCREMENTAL"
    error = refused(
        db,
        "CREATE MODEL m PREDICT y USING RandomForestClassifier REFRESH_MODE APPROXIMATE "
        "AS SELECT a, b, y FROM points",
    )
    assert "all of its rows at once" in error.message
    assert db.models == ()


@pytest.mark.parametrize(
    "method",
    ["LogisticRegression", "SGDClassifier", "HistGradientBoostingClassifier (max_iter => 20)"],
)
def test_a_model_is_continued_by_name_and_never_called_exact(db, method):
    db.sql(
        f"CREATE MODEL m PREDICT y USING {method} KEY (id) REFRESH_MODE APPROXIMATE "
        "AS SELECT id, a, b, y FROM points"
    )
    db.sql("INSERT INTO points SELECT * REPLACE (id + 100 AS id) FROM points WHERE id % 20 = 1")
    said = db.sql("EXPLAIN REFRESH MODEL m").arrow().to_pylist()[0]
    assert (said["action"], said["exact"]) == ("INCREMENTAL", False)
    db.sql("REFRESH MODEL m")
    version = db.model("m").live_version
    assert (version.number, str(version.action), version.exact) == (2, "INCREMENTAL", False)
    history = "SELECT exact FROM mlview.refresh_history ORDER BY refresh_id DESC LIMIT 1"
    assert db.sql(history).fetchall() == [(False,)]
    db.sql("REFRESH MODEL m FULL")
    assert db.model("m").live_version.exact


def test_what_cannot_be_unlearned_is_trained_in_full_with_the_reason(db):
    db.sql(
        "CREATE MODEL m PREDICT y USING SGDClassifier KEY (id) REFRESH_MODE APPROXIMATE "
        "AS SELECT id, a, b, y FROM points"
    )
    db.sql("DELETE FROM points WHERE id < 5")
    db.sql("REFRESH MODEL m")
    version = db.model("m").live_version
    assert (str(version.action), version.exact) == ("FULL", True)
    reason = "SELECT reason FROM mlview.refresh_history ORDER BY refresh_id DESC LIMIT 1"
    assert "in full after all" in db.sql(reason).fetchone()[0]


def test_a_rollback_is_maintained_from_what_was_rolled_back_to(kept):
    kept.sql(MORE)
    kept.sql("REFRESH ALL")
    kept.sql("ALTER MODEL ridge ROLLBACK; ALTER MATERIALIZED VIEW per_c ROLLBACK")
    kept.sql("DELETE FROM points WHERE id < 9")
    kept.sql("REFRESH ALL")
    assert [version for (version,) in kept.sql(
        "SELECT live_version FROM mlview.models UNION ALL "
        "SELECT live_version FROM mlview.materialized_views"
    ).fetchall()] == [3, 3]  # fmt: skip
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_the_state_is_kept_from_garbage_and_made_anew_if_it_is_lost(kept, clock):
    clock.advance(timedelta(days=100))
    kept.gc()
    kept.sql(MORE)
    assert actions(kept.sql("REFRESH MODEL ridge")) == [("ridge", "INCREMENTAL")]
    live = kept.model("ridge").live_version
    home = kept._services.home
    home.artifacts.delete(live.artifact_sha256)
    kept.sql("DELETE FROM points WHERE id = 3")
    assert actions(kept.sql("REFRESH MODEL ridge")) == [("ridge", "FULL")]
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_two_refreshes_of_one_view_at_once_make_one_version(kept):
    with mlview.connect(kept.path, clock=ManualClock(kept._services.home.clock.now())) as other:
        other.sql(MORE)
        plan_before = other.sql("EXPLAIN REFRESH ALL").fetchall()
        assert plan_before
        kept.sql("REFRESH ALL")
        other.sql("REFRESH ALL")
    numbers = kept.sql("SELECT name, max(version) FROM mlview.versions GROUP BY name").fetchall()
    assert sorted(numbers) == [("per_c", 2), ("ridge", 2)]
    assert all(line["equal"] for line in kept.verify().arrow().to_pylist())


def test_rows_that_drift_and_answers_that_get_worse_are_seen(db):
    db.sql(
        "CREATE TABLE stream AS SELECT i AS id, (hash(i) % 1000) / 10.0 AS a, "
        "(hash(i * 3) % 100) / 10.0 AS b, (hash(i) % 1000) / 5.0 + hash(i * 5) % 3 AS amount "
        "FROM range(3000) t(i)"
    )
    db.sql(
        "CREATE MODEL m PREDICT amount USING Ridge KEY (id) AS SELECT id, a, b, amount FROM stream"
    )
    db.sql(
        "INSERT INTO stream SELECT 5000 + i, (hash(i * 7) % 1000) / 10.0, (hash(i * 11) % 100) / "
        "10.0, (hash(i * 7) % 1000) / 5.0 + hash(i * 5) % 3 FROM range(1000) t(i)"
    )
    line = db.sql("FROM mlview.staleness").arrow().to_pylist()[0]
    assert line["max_psi"] is None  # no drift, and none is invented
    assert (line["live_metric"], line["live_n"]) == ("r2", 1000)
    assert abs(line["live_drop"]) < 0.01
    db.sql(
        "INSERT INTO stream SELECT 9000 + i, 80 + (hash(i * 7) % 200) / 10.0, 1.0, 5.0 "
        "FROM range(1000) t(i)"
    )
    line = db.sql("FROM mlview.staleness").arrow().to_pylist()[0]
    assert line["max_psi"] > 0.2
    assert line["live_drop"] > 0.3
    drifts = {drift.column: drift for drift in db.model("m").drift}
    assert drifts["a"].ks > 0.2
    assert drifts["a"].wasserstein > 0.2


def test_a_model_that_a_feature_gives_away_after_a_change_is_not_published(db):
    db.sql(
        "CREATE TABLE t AS SELECT i AS id, i % 13 * 1.0 AS x, ['p', 'q'][1 + i % 2] AS lab, "
        "CASE WHEN i % 50 = 1 THEN i % 2 = 0 ELSE i % 2 = 1 END AS fl FROM range(900) s(i)"
    )
    db.sql("CREATE MODEL nb PREDICT lab USING GaussianNB KEY (id) AS SELECT id, x, fl, lab FROM t")
    db.sql("DELETE FROM t WHERE id % 50 = 1")
    with pytest.raises(MlviewError, match="'fl' alone gives the label"):
        db.sql("REFRESH MODEL nb")
    assert db.model("nb").live_version.number == 1
    assert db.verify("nb").arrow()["equal"].to_pylist() == [True]


def test_verify_says_how_far_an_approximate_model_is_and_raises_no_alarm(db):
    db.sql(
        "CREATE TABLE t AS SELECT i AS id, i % 13 * 1.0 AS x, (i * 7) % 5 > i % 4 AS y "
        "FROM range(900) s(i)"
    )
    db.sql(
        "CREATE MODEL m PREDICT y USING LogisticRegression KEY (id) REFRESH_MODE APPROXIMATE "
        "AS SELECT id, x, y FROM t"
    )
    db.sql("INSERT INTO t SELECT 1000 + i, i % 11 * 1.0, i % 3 = 0 FROM range(60) s(i)")
    assert actions(db.sql("REFRESH MODEL m")) == [("m", "INCREMENTAL")]
    found = db.verify("m").arrow().to_pylist()[0]
    assert found["equal"] is not False
    assert found["result"].startswith("approximate: ")


def test_a_view_that_must_be_incremental_is_refused_after_its_table_was_altered(db):
    db.sql("CREATE TABLE t AS SELECT i AS a, i % 3 AS g FROM range(30) r(i)")
    db.sql(
        "CREATE MATERIALIZED VIEW v REFRESH_MODE INCREMENTAL AS "
        "SELECT g, count(*) AS n, sum(a * 2) AS s FROM t GROUP BY g"
    )
    db.sql("ALTER TABLE t ADD COLUMN unused INTEGER")
    db.sql("INSERT INTO t VALUES (100, 1, 5)")
    with pytest.raises(MlviewError, match="cannot be refreshed incrementally"):
        db.sql("REFRESH MATERIALIZED VIEW v")
    db.sql("REFRESH MATERIALIZED VIEW v FULL")
    db.sql("ALTER TABLE t DROP COLUMN unused")
    state = "SELECT state FROM mlview.staleness WHERE name = 'v'"
    assert db.sql(state).fetchall() == [("STALE",)]

"""REFRESH: ancestors first, all at one snapshot; what it does, why, and what it leaves."""

from datetime import timedelta

import pytest

CHAIN = """
    CREATE MATERIALIZED VIEW per_c AS SELECT c, avg(a) AS mean_a FROM points GROUP BY c;
    CREATE VIEW joined AS SELECT p.*, f.mean_a FROM points p JOIN per_c f USING (c);
    CREATE MODEL m PREDICT y USING LogisticRegression KEY (id)
        AS SELECT id, a, b, mean_a, y FROM joined;
    CREATE MATERIALIZED VIEW scored AS SELECT id, predicted_y, predicted_y_prob AS p FROM m;
    CREATE MODEL m2 PREDICT y USING DecisionTreeClassifier (max_depth => 3)
        AS SELECT s.p, t.a, t.y FROM scored s JOIN points t USING (id);
    CREATE MATERIALIZED VIEW beside AS SELECT max(b) AS b FROM points
"""


@pytest.fixture
def chain(db):
    db.sql(CHAIN)
    return db


def steps(result):
    return [(name, action) for name, action, *_ in result.fetchall()]


def test_the_graph_says_who_reads_whom(chain):
    reads = chain.sql("SELECT name, reads_name, reads_kind FROM mlview.graph").fetchall()
    assert ("m", "joined", "VIEW") in reads
    assert ("joined", "per_c", "MATERIALIZED VIEW") in reads
    assert ("scored", "m", "MODEL") in reads
    assert ("m2", "scored", "MATERIALIZED VIEW") in reads
    assert ("m2", "points", "TABLE") in reads


def test_a_view_whose_tables_did_not_change_is_fresh_however_old_it_is(chain, clock, states):
    chain.sql("CREATE TABLE unrelated AS SELECT 1 AS i")
    clock.advance(timedelta(days=3650))
    chain.sql("INSERT INTO unrelated VALUES (2)")
    assert set(states(chain).values()) == {"FRESH"}
    assert chain.sql("SELECT max(lag_sec), max(changed_rows) FROM mlview.staleness").fetchone() == (
        0.0,
        0,
    )
    assert chain.plan().steps == ()
    assert {action for _, action in steps(chain.sql("REFRESH ALL"))} == {"NO_DATA"}
    assert chain.sql("SELECT max(version) FROM mlview.versions").fetchone() == (1,)


def test_lag_starts_at_the_first_change_below_and_counts_changed_rows(chain, clock):
    clock.advance(timedelta(days=1))
    chain.sql("INSERT INTO points (id, a, b, c, y) VALUES (1000, 1, 2, 'x', true)")
    clock.advance(timedelta(hours=1))
    chain.sql("UPDATE points SET a = a + 1 WHERE id < 3")
    clock.advance(timedelta(hours=1))
    seen = chain.sql("SELECT name, state, lag_sec, changed_rows FROM mlview.staleness").fetchall()
    counts = {name: rows for name, state, lag, rows in seen if (state, lag) == ("STALE", 7200.0)}
    # Those that wait for a stale parent count the rows below it, the others their own.
    assert counts == {"per_c": 6, "m": 7, "scored": 7, "m2": 7}
    assert next(line for line in seen if line[0] == "beside") == ("beside", "FRESH", 0.0, 0)


def test_refresh_brings_stale_ancestors_up_first_and_nothing_else(chain, states):
    chain.sql("DELETE FROM points WHERE id = 5")
    assert steps(chain.sql("EXPLAIN REFRESH MODEL m")) == [(1, "per_c"), (2, "m")]
    assert steps(chain.sql("REFRESH MODEL m")) == [("per_c", "INCREMENTAL"), ("m", "FULL")]
    assert states(chain) == {
        "per_c": "FRESH",
        "m": "FRESH",
        "scored": "STALE",
        "m2": "STALE",
        "beside": "FRESH",
    }


def test_cascade_goes_on_to_all_that_read_it(chain, states):
    chain.sql("UPDATE points SET b = b + 500 WHERE id = 5")
    chain.sql("DELETE FROM points WHERE id = 6")
    done = [name for name, _ in steps(chain.sql("REFRESH MATERIALIZED VIEW per_c CASCADE"))]
    assert done == ["per_c", "m", "scored", "m2"]
    assert states(chain)["beside"] == "STALE"


def test_refresh_all_does_everything_at_one_snapshot(chain, states):
    chain.sql("UPDATE points SET b = b + 500 WHERE id = 6")
    chain.sql("DELETE FROM points WHERE id = 5")
    chain.sql("REFRESH ALL")
    assert set(states(chain).values()) == {"FRESH"}
    live = "FROM mlview.versions SELECT count(DISTINCT snapshot_id) WHERE status = 'LIVE'"
    assert chain.sql(live).fetchone() == (1,)
    read = "SELECT upstream_versions FROM mlview.versions WHERE name = 'm2' AND version = 2"
    assert dict(chain.sql(read).fetchone()[0]) == {"scored": 2}
    assert chain.sql("SELECT count(*) FROM scored").fetchone() == (59,)


def test_a_version_equals_its_definition_at_its_snapshot(chain):
    chain.sql("UPDATE points SET a = a * 2 WHERE id % 7 = 0")
    chain.sql("REFRESH ALL")
    stored = chain.sql("FROM per_c ORDER BY c").fetchall()
    assert stored == chain.sql("SELECT c, avg(a) FROM points GROUP BY c ORDER BY c").fetchall()
    assert chain.sql("SELECT count(*) FROM scored s JOIN m USING (id, predicted_y)").fetchone() == (
        60,
    )


def test_full_makes_a_version_even_if_nothing_changed(chain):
    assert steps(chain.sql("REFRESH MODEL m FULL")) == [("m", "FULL")]
    assert chain.model("m").live_version.number == 2


def test_the_history_says_what_was_done_and_why(chain):
    chain.sql("DELETE FROM points WHERE id < 3")
    chain.sql("REFRESH MATERIALIZED VIEW per_c")
    row = chain.sql(
        "SELECT name, version, state, action, trigger, reason, inputs_with_changed_data, "
        "rows_inserted, rows_deleted, exact, error FROM mlview.refresh_history "
        "ORDER BY refresh_id DESC LIMIT 1"
    ).fetchone()
    assert row == (
        "per_c", 2, "SUCCEEDED", "INCREMENTAL", "MANUAL", row[5], ["points"], 3, 3, True, None,
    )  # fmt: skip
    assert row[5].startswith("points: +0 -3 rows; ")


def test_the_plan_is_what_refresh_all_does(chain):
    chain.sql("DELETE FROM points WHERE id = 5")
    planned = chain.sql("SELECT name, action FROM mlview.plan ORDER BY position").fetchall()
    done = [step for step in steps(chain.sql("REFRESH ALL")) if step[1] != "NO_DATA"]
    assert planned == done


BREAK = "INSERT INTO points (id, a, c) VALUES (1000, 300, 'x')"


def test_a_failed_step_fails_what_reads_it_and_nothing_else(db, refused, states):
    db.sql("CREATE MATERIALIZED VIEW tiny AS SELECT id, a::UTINYINT AS a, y FROM points")
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, y FROM tiny")
    db.sql("CREATE MATERIALIZED VIEW beside AS SELECT max(a) AS a FROM points")
    db.sql(BREAK)
    done = {name: state for name, _, state, *_ in db.sql("REFRESH ALL").fetchall()}
    assert done == {"tiny": "FAILED", "m": "UPSTREAM_FAILED", "beside": "SUCCEEDED"}
    assert states(db) == {"tiny": "STALE", "m": "STALE", "beside": "FRESH"}
    assert db.sql("SELECT count(*) FROM tiny").fetchone() == (60,)
    assert db.sql("SELECT count(predicted_y) FROM m").fetchone() == (60,)
    error = refused(db, "REFRESH MODEL m")
    assert error.name == "tiny"


@pytest.mark.parametrize(
    ("statement", "path"),
    [
        (
            "MATERIALIZED VIEW per_c AS SELECT c, 1 AS mean_a FROM joined",
            "per_c -> joined -> per_c",
        ),
        ("MODEL m PREDICT y AS SELECT p, y FROM scored JOIN points USING (id)", "m -> scored -> m"),
        ("VIEW joined AS SELECT p AS mean_a FROM scored", "joined -> scored -> m -> joined"),
        ("MODEL m PREDICT y AS FROM ML.PREDICT(MODEL m, TABLE points)", "m -> m"),
    ],
)
def test_a_cycle_is_refused_with_its_path(chain, refused, statement, path):
    error = refused(chain, f"CREATE OR REPLACE {statement}")
    assert error.error_code == "CYCLE"
    assert path in error.message


def test_a_definition_may_read_what_is_not_yet_materialized(db):
    db.sql("CREATE MATERIALIZED VIEW first AS SELECT a, b, y FROM points WITH NO DATA")
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS FROM first WITH NO DATA")
    assert steps(db.sql("REFRESH MODEL m")) == [("first", "FULL"), ("m", "FULL")]


def test_create_or_replace_keeps_the_old_one_until_the_new_one_is_live(db, refused):
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, b, y FROM points")
    before = db.sql("FROM m").fetchall()
    text = db.sql("SHOW CREATE MODEL m").fetchone()
    refused(db, "CREATE OR REPLACE MODEL m PREDICT y AS SELECT a, y FROM points WHERE y")
    assert db.sql("FROM m").fetchall() == before
    assert db.sql("SHOW CREATE MODEL m").fetchone() == text
    db.sql("CREATE OR REPLACE MODEL m PREDICT y USING Perceptron AS SELECT a, y FROM points "
           "WITH NO DATA")  # fmt: skip
    assert db.sql("FROM m").fetchall() == before
    assert db.sql("SELECT state FROM mlview.models").fetchone() == ("STALE",)
    assert steps(db.sql("REFRESH ALL")) == [("m", "REINITIALIZE")]
    assert db.sql("SELECT method FROM mlview.models").fetchone() == ("Perceptron",)


def test_a_creation_that_fails_leaves_nothing_but_a_line_in_the_history(db, refused):
    refused(db, "CREATE MODEL m PREDICT y AS SELECT a, y FROM points WHERE y")
    assert db.models == ()
    assert db.sql("SELECT name, state, trigger FROM mlview.refresh_history").fetchall() == [
        ("m", "FAILED", "CREATION")
    ]
    db.sql("CREATE MODEL m PREDICT y USING LogisticRegression AS SELECT a, y FROM points")


def test_the_same_snapshot_gives_bit_identical_answers(db):
    create = "CREATE MODEL {} PREDICT y USING RandomForestClassifier (n_estimators => 5) AS {}"
    for name in ("one", "two"):
        db.sql(create.format(name, "SELECT id, a, b, c, y FROM points"))
    answers = [db.sql(f"SELECT predicted_y_prob FROM {n} ORDER BY id").fetchall()
               for n in ("one", "two")]  # fmt: skip
    assert answers[0] == answers[1]
    db.sql("INSERT INTO points (id) VALUES (1000)")
    db.sql("CREATE MATERIALIZED VIEW sums AS SELECT c, sum(a / 3) AS s FROM points GROUP BY c")
    verified = db.sql("SELECT 1") and db.verify().df()
    assert verified["equal"].all()
    assert (verified["largest_difference"] == 0).all()

"""The tables of schema mlview: their columns are a contract, and they are ordinary tables."""

import pytest

VIEWS = (
    "name state live_version lag_sec target_lag_sec changed_rows score_name score method "
    "refresh_mode refresh_mode_reason owner created_at comment"
)
CONTRACT = {
    "models": VIEWS,
    "materialized_views": VIEWS,
    "versions": "name version status snapshot_id data_timestamp published_at action exact method "
    "parameters rows_trained rows_held_out rows_unlabelled metrics fit_seconds artifact_sha256 "
    "library_versions upstream_versions",
    "staleness": "name kind state lag_sec source_lag_sec target_lag_sec effective_target_lag_sec "
    "changed_rows changed_fraction max_psi max_psi_column live_metric live_value live_drop live_n "
    "live stale_reason",
    "refresh_history": "refresh_id name version state action trigger reason data_timestamp "
    "snapshot_id started_at finished_at inputs_with_changed_data rows_inserted rows_deleted exact "
    "predicted_seconds actual_seconds gate_results error_code error",
    "plan": "position name action reason due_at start_at predicted_seconds snapshot_id sheds",
    "graph": "name kind reads_name reads_kind",
    "deployments": "name version stage at by reason",
    "slo": "name target_lag_sec time_within_target_lag_ratio mean_lag_sec max_lag_sec "
    "error_budget_left",
}


@pytest.fixture(scope="module")
def ready(shared):
    shared.sql("CREATE TABLE owners AS SELECT 'm' AS view, 'Ada' AS person")
    shared.sql(
        "CREATE MODEL m PREDICT y USING LogisticRegression (C => 0.5) TARGET_LAG '1 hour' AS "
        "SELECT a, b, y FROM points"
    )
    shared.sql("CREATE MATERIALIZED VIEW v AS SELECT max(a) AS a FROM points")
    return shared


@pytest.mark.parametrize("table", CONTRACT)
def test_a_system_table_has_exactly_its_columns(ready, table):
    result = ready.sql(f"FROM mlview.{table}")
    assert [column.name for column in result.columns] == CONTRACT[table].split()


@pytest.mark.parametrize("table", CONTRACT)
def test_a_system_table_has_its_columns_when_it_is_empty(db, table):
    result = db.sql(f"FROM mlview.{table}")
    assert [column.name for column in result.columns] == CONTRACT[table].split()
    assert len(result) == 0


def test_system_tables_are_queried_and_joined_like_any_other(ready):
    query = """
        WITH newest AS (SELECT name, max(version) AS version FROM mlview.versions GROUP BY ALL)
        SELECT o.person, m.state, n.version, v.parameters['C'], v.metrics['accuracy'] > 0.5
        FROM mlview.models m JOIN owners o ON o.view = m.name
        JOIN newest n USING (name) JOIN MLVIEW.Versions v USING (name, version)
    """
    assert ready.sql(query).fetchall() == [("Ada", "FRESH", 1, "0.5", True)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO mlview.models VALUES (1)",
        "DELETE FROM mlview.models",
        "UPDATE mlview.models SET name = 'x'",
        "DROP TABLE mlview.models",
        "CREATE TABLE mlview.mine (i INT)",
    ],
)
def test_system_tables_are_read_only(ready, refused, statement):
    refused(ready, statement)
    assert ready.sql("SELECT name FROM mlview.models").fetchall() == [("m",)]


def test_what_was_not_measured_is_null(ready):
    unknown = "SELECT source_lag_sec, max_psi, live_value, live_n FROM mlview.staleness"
    assert set(ready.sql(unknown).fetchall()) == {(None,) * 4}


def test_system_tables_are_as_of_the_moment_they_are_read(db):
    count = "SELECT count(*) FROM mlview.versions"
    assert db.sql(count).fetchone() == (0,)
    db.sql("CREATE MATERIALIZED VIEW v AS FROM points")
    assert db.sql(count).fetchone() == (1,)
    assert db.sql("SELECT count(*) FROM mlview.main.versions").fetchone() == (1,)
    db.sql("REFRESH MATERIALIZED VIEW v FULL")
    assert db.sql("SELECT count(*) FROM mlview.main.versions").fetchone() == (2,)


def test_show_and_describe_say_it_in_short(ready):
    assert ready.sql("SHOW MODELS").fetchone()[:3] == ("m", "FRESH", 1)
    assert ready.sql("SHOW MATERIALIZED VIEWS").fetchone()[:3] == ("v", "FRESH", 1)
    described = dict(ready.sql("DESCRIBE MODEL m").fetchall())
    assert described["method"] == "LogisticRegression"
    assert described["parameters"] == "C => 0.5"
    assert described["target lag"] == "1 hour"
    assert "missing ones become the mean" in described["preprocessing"]


def test_explain_create_declares_nothing(db):
    said = db.sql(
        "EXPLAIN CREATE MODEL q PREDICT y KEY (id) IGNORE (c) AS "
        "SELECT id, a, c, seen, y FROM points"
    ).fetchall()
    assert ("column", "id BIGINT, KEY: identity, no feature") in said
    assert ("column", "seen TIMESTAMP, TIME: orders and splits, no feature") in said
    assert ("column", "c VARCHAR, IGNORE") in said
    assert ("column", "y BOOLEAN, the label") in said
    assert ("column", "a DOUBLE, feature") in said
    assert ("holdout", "the last 0.2 by time, then refitted on all rows") in said
    assert ("method", "HistGradientBoostingClassifier, by default") in said
    assert db.models == ()

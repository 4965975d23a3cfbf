"""`mlview status` and `mlview plan`: where every view stands."""

from datetime import UTC, datetime, timedelta

import pytest

import mlview
from mlview.clock import ManualClock

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def changed(database):
    """Insert a row that was committed two hours ago."""
    clock = ManualClock(datetime.now(UTC) - timedelta(hours=2))
    with mlview.connect(database, clock=clock) as db:
        db.sql("INSERT INTO t VALUES (1000, 1, true)")


def line(said, name):
    return next(row for row in said.rows if row["name"] == name)


def test_a_new_database_says_what_to_type_next(command):
    command("init", "new.mlv")
    said = command("status", "--check")
    assert said.code == 0
    assert "CREATE MODEL" in said.out


def test_every_view_has_a_line_parents_first(command, database):
    rows = command("status", "--json").rows
    assert [row["name"] for row in rows] == ["per_a", "total"]
    assert rows[0] | {"last_at": None} == {
        "name": "per_a",
        "kind": "MATERIALIZED VIEW",
        "state": "FRESH",
        "alarm": "OK",
        "lag_sec": 0.0,
        "target_lag_sec": 3600.0,
        "changed_rows": 0,
        "last_action": "FULL",
        "last_state": "SUCCEEDED",
        "last_at": None,
        "notes": [],
    }


def test_the_table_fits_80_columns(command, database, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    name = "a_name_of_a_view_that_is_a_good_deal_longer_than_others"
    changed(database)
    command("sql", f"CREATE MATERIALIZED VIEW {name} AS SELECT count(*) AS n FROM t WITH NO DATA")
    said = command("status")
    assert all(len(text) <= 80 for text in said.out.splitlines())
    assert "UNUSABLE" in said.out
    assert "t: +1 -0 rows" in said.out


def test_a_check_of_fresh_views_is_exit_code_0(command, database):
    assert command("status", "--check").code == 0


def test_a_check_warns_of_a_view_beyond_its_target_lag(command, database):
    changed(database)
    said = command("status", "--check", "--json")
    assert said.code == 1
    assert line(said, "per_a")["alarm"] == "WARN"
    assert line(said, "total")["alarm"] == "OK"
    assert command("status").code == 0


def test_a_check_tells_a_broken_promise(command, database):
    command(
        "sql", "ALTER MATERIALIZED VIEW total SET FRESHNESS (WARN AFTER '1 hour', ERROR AFTER "
        "'90 minutes')",
    )  # fmt: skip
    assert command("status", "--check").code == 0
    changed(database)
    said = command("status", "--check", "--json")
    assert said.code == 2
    assert line(said, "total")["alarm"] == "BROKEN"


def test_a_check_tells_a_view_that_was_never_materialized(command, database):
    command("sql", "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t WITH NO DATA")
    said = command("status", "--check", "--json")
    assert said.code == 2
    assert line(said, "v")["last_action"] is None


@pytest.mark.parametrize(
    ("statement", "note"),
    [
        ("ALTER MATERIALIZED VIEW per_a SUSPEND", "suspended"),
        ("ALTER MATERIALIZED VIEW per_a PIN VERSION 1", "pinned to version 1"),
    ],
)
def test_what_keeps_a_view_from_being_refreshed_is_noted(command, database, statement, note):
    command("sql", statement)
    assert any(note in text for text in line(command("status", "--json"), "per_a")["notes"])


def test_a_failed_refresh_is_the_last_action(command, database):
    command("sql", "ALTER TABLE t DROP COLUMN a")
    assert command("refresh", "per_a").code == 3
    found = line(command("status", "--json", "--check"), "per_a")
    assert (found["state"], found["last_state"]) == ("NEEDS_COMPILE", "FAILED")
    assert any("last refresh: " in note for note in found["notes"])


def test_a_plan_of_fresh_views_is_empty(command, database):
    assert "nothing to do" in command("plan").out
    assert command("plan", "--json").rows == []


def test_a_plan_says_what_why_and_in_which_order(command, database):
    changed(database)
    rows = command("plan", "--json").rows
    assert [(row["position"], row["name"], row["action"]) for row in rows] == [
        (1, "per_a", "INCREMENTAL"),
        (2, "total", "INCREMENTAL"),
    ]
    assert "t: +1 -0 rows" in rows[0]["reason"]
    assert "per_a" in command("plan").out

"""`init`, `refresh`, `verify`, `gc`, `doctor`, `backup`, `restore`."""

import sqlite3

import mlview


def add_a_row(command):
    assert command("sql", "INSERT INTO t VALUES (1000, 1, true)").code == 0


def test_init_makes_a_database_once(command):
    assert command("init", "new.mlv").code == 0
    assert command("sql", "--json", "SELECT 1 AS x").rows == [{"x": 1}]
    again = command("init", "new.mlv", "--json")
    assert (again.code, again.error["code"]) == (3, "NAME_TAKEN")


def test_init_leaves_a_directory_with_files_alone(command, folder):
    (folder / "full").mkdir()
    (folder / "full" / "file").touch()
    assert command("init", "full").code == 3
    assert [path.name for path in (folder / "full").iterdir()] == ["file"]


def test_init_answers_with_its_path_as_json(command):
    assert command("init", "new.mlv", "--json").rows == [{"path": "new.mlv"}]


def test_refresh_brings_a_view_and_its_ancestors_up_to_date(command, database):
    add_a_row(command)
    said = command("refresh", "total", "--json")
    assert said.code == 0
    assert [(row["name"], row["action"]) for row in said.rows] == [
        ("per_a", "INCREMENTAL"),
        ("total", "INCREMENTAL"),
    ]
    assert command("sql", "--json", "FROM total").rows == [{"n": 61}]


def test_refresh_goes_on_downstream_with_cascade(command, database):
    add_a_row(command)
    assert [row["name"] for row in command("refresh", "per_a", "--json").rows] == ["per_a"]
    assert len(command("refresh", "per_a", "--cascade", "--json").rows) == 2


def test_refresh_does_nothing_of_what_is_fresh_unless_full(command, database):
    (row,) = command("refresh", "per_a", "--json").rows
    assert row["action"] == "NO_DATA"
    (row,) = command("refresh", "per_a", "--full", "--json").rows
    assert row["action"] == "FULL"


def test_refresh_without_a_name_refreshes_all(command, database):
    assert len(command("refresh", "--json").rows) == 2


def test_a_failed_step_is_exit_code_3(command, database):
    command("sql", "ALTER TABLE t DROP COLUMN a")
    said = command("refresh", "--json")
    assert said.code == 3
    assert [row["state"] for row in said.rows] == ["FAILED", "UPSTREAM_FAILED"]
    assert command("refresh", "per_a", "--json").error["code"] == "NEEDS_COMPILE"


def test_refresh_of_an_unknown_name_says_the_nearest(command, database):
    said = command("refresh", "per_b", "--json")
    assert (said.code, said.error["hint"]) == (3, "did you mean 'per_a'?")


def test_verify_compares_live_versions(command, database):
    said = command("verify", "--json")
    assert said.code == 0
    assert [row["equal"] for row in said.rows] == [True, True]
    assert len(command("verify", "per_a", "--json").rows) == 1


def test_verify_compares_every_kept_version_with_all(command, database):
    add_a_row(command)
    command("refresh")
    assert len(command("verify", "--all", "--json").rows) == 4


def test_a_version_that_differs_is_exit_code_3(command, database):
    with mlview.connect(database) as db:
        store = db._services.home.engine._store.instance()
        store.execute("DELETE FROM store.main.v1")
        (stored,) = store.execute("SELECT id FROM store.current_snapshot()").fetchone()
    with sqlite3.connect(database / "catalog.sqlite") as catalog:
        catalog.execute("UPDATE versions SET stored_snapshot = ? WHERE object_id = 1", [stored])
    catalog.close()
    said = command("verify", "per_a", "--json")
    assert said.code == 3
    assert [row["equal"] for row in said.rows] == [False]
    assert said.err == ""


def test_gc_says_what_it_frees(command, database):
    (row,) = command("gc", "--dry-run", "--json").rows
    assert row["dry_run"] is True
    assert command("gc").code == 0


def test_doctor_finds_nothing_in_a_sound_database(command, database):
    assert command("doctor", "--json").rows == []
    assert "sound" in command("doctor").out


def test_doctor_finds_a_file_that_is_gone(command, database):
    files = [*database.rglob("*.parquet")]
    if not files:
        command("sql", "INSERT INTO t SELECT i, 1, true FROM range(5000) r(i)")
        files = [*database.rglob("*.parquet")]
    files[0].unlink()
    said = command("doctor", "--json")
    assert said.code == 3
    assert said.rows[0]["problem"]


def test_a_backup_comes_back_as_a_database(command, database):
    assert command("backup", "copy", "--json").code == 0
    add_a_row(command)
    assert command("restore", "copy", "back.mlv", "--json").rows == [{"path": "back.mlv"}]
    there = command("--db", "back.mlv", "sql", "--json", "SELECT count(*) AS n FROM t")
    assert there.rows == [{"n": 60}]
    assert command("--db", "back.mlv", "doctor").code == 0


def test_restore_of_what_is_no_backup_is_an_error(command, folder):
    assert command("restore", "nope", "back.mlv").code == 3
    assert not (folder / "back.mlv").exists()

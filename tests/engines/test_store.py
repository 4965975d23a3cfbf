"""Materializations, upkeep, backup and checks."""

import shutil
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.engines import extensions as extensions_module
from mlview.errors import DatabaseDamaged, LakeProblem, MlviewError, StorageProblem

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
WRITER = """
import sys
from pathlib import Path
from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
engine = DuckLakeEngine(Path(sys.argv[1]), clock=SystemClock())
connection = engine.connection()
for i in range(30):
    connection.begin()
    connection.run("INSERT INTO a SELECT range FROM range(100)")
    connection.run("INSERT INTO b SELECT range FROM range(100)")
    connection.commit()
    print(i, flush=True)
"""


def rows(**columns):
    return pa.table(columns).to_reader()


def read(connection, engine, object_id, stored):
    return connection.run(f"FROM {engine.materialization(object_id, stored)}").fetchall()


def test_earlier_versions_keep_their_rows_and_columns(engine, connection):
    one = engine.write_materialization(7, rows(a=[1, 2]), refresh_id=1)
    two = engine.write_materialization(7, rows(b=["x"], c=[1.5]), refresh_id=2)
    three = engine.write_materialization(7, rows(b=["y"], c=[2.5]), refresh_id=3)
    engine.drop_materialization(7)
    engine.drop_materialization(7)
    assert (one.rows, two.rows, three.rows) == (2, 1, 1)
    assert read(connection, engine, 7, one.stored_snapshot) == [(1,), (2,)]
    assert read(connection, engine, 7, two.stored_snapshot) == [("x", 1.5)]
    assert read(connection, engine, 7, three.stored_snapshot) == [("y", 2.5)]


def test_a_materialization_is_written_in_the_order_asked_for(engine, connection):
    stored = engine.write_materialization(
        1, rows(**{"two words": [3, 1, 2]}), refresh_id=1, order=["two words"]
    )
    assert read(connection, engine, 1, stored.stored_snapshot) == [(1,), (2,), (3,)]


def test_a_query_that_fails_leaves_no_trace_in_the_store(engine, connection):
    before = engine.write_materialization(1, rows(a=[1]), refresh_id=1)
    sql = "SELECT (CASE WHEN i = 300000 THEN 'x' ELSE '1' END)::INT AS a FROM range(400000) t(i)"
    with (
        engine.reader(0, refresh_time=NOON) as reader,
        pytest.raises(LakeProblem, match=r"^LAKE: Could not convert string 'x' to INT32"),
    ):
        engine.write_materialization(1, reader.read(sql), refresh_id=2)
    after = engine.write_materialization(1, rows(a=[2]), refresh_id=3)
    assert after.stored_snapshot == before.stored_snapshot + 1


def test_the_commit_names_its_refresh(engine, connection):
    stored = engine.write_materialization(1, rows(a=[1]), refresh_id=42)
    ((note,),) = connection.run(
        "SELECT commit_extra_info FROM store.snapshots() WHERE snapshot_id = ?",
        [stored.stored_snapshot],
    ).fetchall()
    assert note == '{"refresh_id": 42}'


def test_a_materialization_written_meanwhile_is_readable_at_once(engine, connection):
    for refresh_id in range(3):
        stored = engine.write_materialization(1, rows(a=[refresh_id]), refresh_id=refresh_id)
        assert read(connection, engine, 1, stored.stored_snapshot) == [(refresh_id,)]


def test_expiry_keeps_what_it_is_told_and_the_snapshot_after_it(engine, connection):
    connection.run("CREATE TABLE t AS SELECT range AS a FROM range(100)")
    kept = engine.current_snapshot().id
    for _ in range(4):
        connection.run("INSERT INTO t SELECT range FROM range(100)")
    newest = engine.current_snapshot().id
    first = engine.write_materialization(1, rows(a=[1]), refresh_id=1).stored_snapshot
    second = engine.write_materialization(1, rows(a=[2]), refresh_id=2).stored_snapshot
    third = engine.write_materialization(1, rows(a=[3]), refresh_id=3).stored_snapshot
    dry = engine.expire(keep_lake=[kept], keep_store=[second], older_than=FAR, dry_run=True)
    real = engine.expire(keep_lake=[kept], keep_store=[second], older_than=FAR)
    assert dry.lake_snapshots == real.lake_snapshots == (0, *range(kept + 2, newest))
    assert dry.store_snapshots == real.store_snapshots == (0, first)
    with engine.reader(kept, refresh_time=NOON) as reader:
        assert reader.table("FROM t").num_rows == 100
    assert read(connection, engine, 1, second) == [(2,)]
    assert read(connection, engine, 1, third) == [(3,)]
    assert engine.check() == []
    with pytest.raises(LakeProblem):
        engine.snapshot(newest - 1)


def test_nothing_younger_than_the_moment_expires(engine, connection):
    connection.run("CREATE TABLE t (a INTEGER)")
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    report = engine.expire(keep_lake=[], keep_store=[], older_than=long_ago)
    assert report.lake_snapshots == report.store_snapshots == ()


def test_compacting_changes_files_and_no_rows(engine, connection):
    connection.run("CREATE TABLE t (a INTEGER)")
    for value in range(5):
        connection.run("INSERT INTO t VALUES (?)", [value])
    before = connection.run("FROM t ORDER BY a").fetchall()
    assert engine.compact().tables == ("lake.main.t",)
    assert connection.run("FROM t ORDER BY a").fetchall() == before


def test_a_directory_may_be_moved(path, tmp_path):
    with DuckLakeEngine.create(path, clock=SystemClock()) as engine, engine.connection() as c:
        c.run("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
        stored = engine.write_materialization(1, rows(a=list(range(100))), refresh_id=1)
    moved = tmp_path / "o'ther place" / "moved.mlv"
    moved.parent.mkdir()
    path.rename(moved)
    with DuckLakeEngine(moved, clock=SystemClock()) as engine, engine.connection() as c:
        c.run("INSERT INTO t VALUES (1)")
        assert c.run("SELECT count(*) FROM t").fetchall() == [(1001,)]
        assert len(read(c, engine, 1, stored.stored_snapshot)) == 100
        assert engine.check() == []
    assert not path.exists()


def test_a_backup_of_a_busy_database_is_whole(engine, connection, start_process, tmp_path):
    connection.run("CREATE TABLE a (x BIGINT)")
    connection.run("CREATE TABLE b (x BIGINT)")
    writer = start_process(WRITER, engine.path)
    writer.stdout.readline()
    target = tmp_path / "backup.mlv"
    engine.backup(target)
    assert writer.wait(60) == 0
    with DuckLakeEngine(target, clock=SystemClock()) as copy, copy.connection() as restored:
        ((a, b),) = restored.run("SELECT (SELECT count(*) FROM a), count(*) FROM b").fetchall()
        assert a == b
        assert a >= 100
        assert copy.check() == []
        restored.run("INSERT INTO a VALUES (1)")
    assert connection.run("SELECT count(*) FROM a").fetchall() == [(3000,)]


def test_a_backup_never_overwrites(engine, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(StorageProblem, match="empty"):
        engine.backup(tmp_path / "full")


def test_check_finds_missing_and_shortened_files_and_a_damaged_catalog(engine, connection):
    connection.run("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
    connection.run("CREATE TABLE u AS SELECT range AS a FROM range(1000)")
    assert engine.check() == []
    one, two = sorted((engine.path / "lake").rglob("*.parquet"))
    one.unlink()
    two.write_bytes(two.read_bytes()[:-1])
    problems = {problem.path: problem.message for problem in engine.check()}
    assert problems[str(one)] == "a data file is missing"
    assert problems[str(two)].startswith("expected")


def test_a_directory_that_is_no_database_says_how_to_make_one(tmp_path):
    with pytest.raises(DatabaseDamaged) as caught:
        DuckLakeEngine(tmp_path, clock=SystemClock())
    assert "mlview init" in caught.value.hint


@pytest.mark.parametrize("part", ["lake.sqlite", "store.sqlite", "lake", "store"])
def test_a_missing_part_is_named(path, part):
    DuckLakeEngine.create(path, clock=SystemClock()).close()
    found = path / part
    shutil.rmtree(found) if found.is_dir() else found.unlink()
    with pytest.raises(DatabaseDamaged, match=part) as caught:
        DuckLakeEngine(path, clock=SystemClock())
    assert "restore" in caught.value.hint


def test_a_catalog_of_garbage_is_damage(path):
    DuckLakeEngine.create(path, clock=SystemClock()).close()
    (path / "lake.sqlite").write_bytes(b"garbage" * 1000)
    with pytest.raises(DatabaseDamaged):
        DuckLakeEngine(path, clock=SystemClock())


def test_a_database_of_another_format_is_not_opened(path):
    DuckLakeEngine.create(path, clock=SystemClock()).close()
    (path / "mlview.json").write_text('{"format": 99, "id": "x"}')
    with pytest.raises(DatabaseDamaged, match="99"):
        DuckLakeEngine(path, clock=SystemClock())


def test_a_database_is_made_in_an_empty_directory_only(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageProblem, match="empty"):
        DuckLakeEngine.create(tmp_path, clock=SystemClock())


def test_missing_wheels_are_named():
    class Offline:
        def install_extension(self, _name):
            raise extensions_module.duckdb.IOException("IO Error: no network")

    with pytest.raises(StorageProblem) as caught:
        extensions_module.load_extensions(Offline(), version="9.9.9")
    assert "pip install duckdb-extension-sqlite-scanner==9.9.9" in caught.value.hint


def test_signatures_are_checked_once_and_nothing_unsigned_can_be_loaded_after(engine, tmp_path):
    with engine.connection() as connection:
        setting = "SELECT current_setting('allow_unsigned_extensions')"
        assert connection.run(setting).fetchall() == [(False,)]
        with pytest.raises(MlviewError, match="allow_unsigned_extensions"):
            connection.run("SET allow_unsigned_extensions = true")
        unsigned = tmp_path / "evil.duckdb_extension"
        whole = extensions_module.extension_path("ducklake", extensions_module.duckdb.__version__)
        unsigned.write_bytes(whole.read_bytes()[:-256] + bytes(256))
        with pytest.raises(MlviewError, match="signature"):
            connection.run(f"LOAD '{unsigned}'")
    assert extensions_module.checked_before()

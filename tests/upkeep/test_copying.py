"""Backups of live databases, and databases that moved."""

from __future__ import annotations

import threading

import pytest

import mlview
from mlview.errors import DatabaseDamaged, StorageProblem


def assert_sound(path, clock, *, at_least):
    with mlview.connect(path, clock=clock, create=False) as copy:
        assert copy.doctor().fetchall() == []
        assert all(line[2] for line in copy.verify().fetchall())
        ((rows,),) = copy.sql("SELECT count(*) FROM t").fetchall()
        assert rows >= at_least
        copy.sql("FROM m LIMIT 1; REFRESH ALL")
        assert {s for (s,) in copy.sql("SELECT state FROM mlview.staleness").fetchall()} == {
            "FRESH"
        }


def test_a_backup_taken_while_others_write_and_refresh_is_whole(db, clock, tmp_path):
    stop, failures = threading.Event(), []

    def writing():
        cursor = db.cursor()
        try:
            while not stop.is_set():
                cursor.sql("INSERT INTO t SELECT 5000 + range, 1, range FROM range(5)")
                cursor.sql("REFRESH MATERIALIZED VIEW v")
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    writer = threading.Thread(target=writing)
    writer.start()
    try:
        db.backup(tmp_path / "backup.mlv")
    finally:
        stop.set()
        writer.join()
    assert failures == []
    mlview.restore(tmp_path / "backup.mlv", tmp_path / "restored.mlv")
    assert_sound(tmp_path / "restored.mlv", clock, at_least=159)


def test_a_backup_needs_nothing_of_the_database_it_was_made_of(db, path, clock, tmp_path):
    db.backup(tmp_path / "backup.mlv")
    db.close()
    path.rename(tmp_path / "gone")
    assert_sound(tmp_path / "backup.mlv", clock, at_least=159)


def test_a_directory_may_be_moved(db, path, clock, tmp_path):
    db.sql("INSERT INTO t VALUES (700, 1, 1)")
    db.close()
    moved = tmp_path / "elsewhere" / "it's moved.mlv"
    moved.parent.mkdir()
    path.rename(moved)
    assert_sound(moved, clock, at_least=160)
    assert not path.exists()


def test_a_backup_never_overwrites(db, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    with pytest.raises(StorageProblem):
        db.backup(tmp_path / "full")
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["kept"]


def test_a_restore_never_overwrites(db, path, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    with pytest.raises(StorageProblem, match="exists"):
        mlview.restore(path, tmp_path / "full")


def test_what_is_no_backup_is_not_restored(tmp_path):
    with pytest.raises(DatabaseDamaged):
        mlview.restore(tmp_path, tmp_path / "new")

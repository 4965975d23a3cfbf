"""Verify: a version equals what its record says, or it is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import mlview
from mlview.errors import ArtifactCorrupt


def verified(db, *names, **values):
    columns = ("name", "version", "equal", "result")
    rows = db.verify(*names, **values).arrow().to_pylist()
    found = [tuple(row[column] for column in columns) for row in rows]
    # What was solved from sums may differ in last digits, which `equal` has judged.
    return [
        (*line[:3], "identical" if line[3].startswith("equal within") else line[3])
        for line in found
    ]


def test_every_kept_version_is_what_its_record_says(db):
    assert verified(db, all_versions=True) == [
        (name, number, True, "identical") for name in "vwm" for number in (1, 2, 3, 4)
    ]


def test_later_commits_do_not_change_what_a_version_is_compared_with(db):
    db.sql("DELETE FROM t WHERE k < 50; ALTER TABLE t ADD COLUMN z INTEGER")
    assert verified(db) == [(name, 4, True, "identical") for name in "vwm"]


def test_a_tampered_artifact_is_found_named_and_made_again(db, path):
    digest = db.sql("SELECT artifact_sha256 FROM mlview.versions WHERE name = 'm' AND version = 4")
    digest = digest.fetchall()[0][0]
    file = path / "artifacts" / digest[:2] / digest
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    ((_, _, equal, result),) = verified(db, "m")
    assert not equal
    assert result.startswith("ARTIFACT_CORRUPT")
    assert digest in result
    ((where, problem, hint),) = db.doctor().fetchall()
    assert digest in where
    assert "version 4 of m" in problem
    assert hint == "make it again: REFRESH MODEL m FULL;"
    db.close()
    with mlview.connect(path, clock=db._services.home.clock) as again:
        with pytest.raises(ArtifactCorrupt):
            again.sql("FROM m")
        again.sql("REFRESH MODEL m FULL")
        again.sql("FROM m")
        assert again.doctor().fetchall() == []


def test_an_artifact_of_another_model_is_no_substitute(db):
    """Bytes with a right digest, and yet not what the record trains."""
    catalog = db._services.home.catalog
    first, last = (catalog.version(db.model("m")._row.id, number) for number in (1, 4))
    with catalog._database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE versions SET artifact_sha256 = ? WHERE artifact_sha256 = ?",
            (first.artifact_sha256, last.artifact_sha256),
        )
    ((_, _, equal, result),) = verified(db, "m")
    assert not equal
    assert result.startswith("predicted_y differ, by")


def test_tampered_rows_are_found(db):
    engine = db._services.home.engine
    with engine._store.instance().cursor() as cursor:
        object_id = db.materialized_view("v")._row.id
        cursor.execute(f"UPDATE store.main.v{object_id} SET mean = mean + 1 WHERE x = 3")
        ((newest,),) = cursor.execute("SELECT id FROM store.current_snapshot()").fetchall()
    catalog = db._services.home.catalog
    with catalog._database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE versions SET stored_snapshot = ? WHERE object_id = ? AND number = 4",
            (newest, object_id),
        )
    ((_, _, equal, result),) = verified(db, "v")
    assert not equal
    assert result.startswith("mean differ")


def test_without_its_snapshot_nothing_is_said_of_a_version(db):
    made_from = db.materialized_view("v").live_version.snapshot_id
    db.sql("INSERT INTO t SELECT * REPLACE (k + 1000 AS k) FROM t LIMIT 1")
    engine = db._services.home.engine
    newest = engine.current_snapshot().id
    far = datetime(2999, 1, 1, tzinfo=UTC)
    engine.expire(keep_lake=[newest], keep_store=range(100), older_than=far)
    ((name, _, equal, said),) = verified(db, "v")
    assert (name, equal) == ("v", None)
    assert said.startswith(f"NO_SNAPSHOT: the lake has no snapshot {made_from}")

"""Opening: new, older, newer, foreign, damaged and vanished catalogs; copies; full disks."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock

from mlview import __version__
from mlview.errors import (
    DatabaseDamaged,
    DiskFull,
    LockTimeout,
    StorageProblem,
    UsageProblem,
)
from mlview.storage.catalog import Catalog
from mlview.storage.database import Database
from mlview.storage.migrating import configuration, upgrade
from mlview.storage.tables import HEAD, metadata


def change(path, statement, *values):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)


def shapes(connection):
    """Every table's columns, keys and references, as SQLite itself reports them."""
    found = {}
    named = "SELECT type, name FROM sqlite_master WHERE name NOT LIKE '%alembic%'"
    for kind, name in connection.exec_driver_sql(named).all():
        pragmas = ("table_info", "foreign_key_list") if kind == "table" else ("index_xinfo",)
        found[name] = [
            connection.exec_driver_sql(f"PRAGMA {pragma}({name})").all() for pragma in pragmas
        ]
        if kind == "table":
            listed = connection.exec_driver_sql(f"PRAGMA index_list({name})").all()
            found[name].append({row[1:] for row in listed})
    return found


def test_the_migrations_make_the_tables_that_the_code_declares(catalog):
    declared = sa.create_engine("sqlite://")
    metadata.create_all(declared)
    with catalog._database.read() as migrated, declared.connect() as expected:
        assert compare_metadata(MigrationContext.configure(migrated), metadata) == []
        assert shapes(migrated) == shapes(expected)


def test_the_declared_head_is_the_newest_migration():
    assert ScriptDirectory.from_config(configuration()).get_current_head() == HEAD


def test_every_migration_sorts_after_those_it_follows():
    scripts = ScriptDirectory.from_config(configuration()).walk_revisions()
    revisions = [script.revision for script in scripts]
    assert revisions == sorted(revisions, reverse=True)


def test_an_up_to_date_catalog_opens_without_loading_alembic(catalog):
    code = (
        "import sys; from pathlib import Path; from mlview.storage.catalog import Catalog\n"
        "Catalog(Path(sys.argv[1])).objects()\n"
        "assert not {'alembic', 'filelock', 'mlview.storage.migrating'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(catalog.path)], check=True)


def test_a_migration_that_fails_halfway_leaves_what_was_there(tmp_path):
    path = tmp_path / "catalog.sqlite"
    path.touch()
    database = Database(path)

    def interrupted():
        with database.write() as connection:
            upgrade(connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT * FROM sqlite_master").all() == []
    database.close()
    with Catalog(path) as catalog:
        assert catalog.check() == []


def test_one_process_at_a_time_migrates(tmp_path):
    path = tmp_path / "catalog.sqlite"
    with (
        FileLock(f"{path}.lock"),
        pytest.raises(LockTimeout, match="another process has been migrating"),
    ):
        Catalog.create(path, busy_seconds=0.05)


def test_creating_twice_keeps_what_is_there(tmp_path):
    with Catalog.create(tmp_path) as first:
        first.set_meta("a", "1")
    with Catalog.create(tmp_path) as second:
        assert second.meta("a") == "1"
        assert second.meta("b") is None
        assert second.path == tmp_path / "catalog.sqlite"


@pytest.mark.parametrize("folder", ["50% off?#", "ümläut dir", "a;b'c\"d"])
def test_any_folder_name_will_do(tmp_path, folder):
    with Catalog.create(tmp_path / folder / "catalog.sqlite") as catalog:
        assert catalog.check() == []
    assert (tmp_path / folder / "catalog.sqlite").stat().st_size > 0


def test_a_missing_catalog_is_named_and_not_made(tmp_path):
    path = tmp_path / "catalog.sqlite"
    with pytest.raises(DatabaseDamaged, match="there is no catalog at") as caught:
        Catalog(path)
    assert caught.value.hint == "restore it from a backup: mlview restore"
    assert list(tmp_path.iterdir()) == []


def test_a_newer_catalog_says_which_mlview_it_needs(catalog):
    catalog.close()
    change(catalog.path, "UPDATE alembic_version SET version_num = '9001'")
    change(catalog.path, "UPDATE meta SET value = '7.3.0' WHERE key = 'mlview_version'")
    with pytest.raises(DatabaseDamaged, match=r"written by mlview 7\.3\.0") as caught:
        Catalog(catalog.path)
    assert caught.value.hint == "pip install 'mlview>=7.3.0'"


def test_the_mlview_that_migrated_last_is_remembered(catalog):
    assert catalog.meta("mlview_version") == __version__


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"carrier,delay\n" * 100)
    with pytest.raises(DatabaseDamaged, match="file is not a database"):
        Catalog(path)


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "catalog.sqlite"
    change(path, "CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(DatabaseDamaged, match="not a catalog of mlview"):
        Catalog.create(path)
    assert path.read_bytes() == before


def test_a_catalog_that_forgot_its_revision_is_refused(catalog):
    catalog.close()
    change(catalog.path, "DELETE FROM alembic_version")
    with pytest.raises(DatabaseDamaged, match="does not say which revision"):
        Catalog(catalog.path)


def test_a_damaged_page_is_found_by_check_and_refused_by_what_reads_it(catalog, scene):
    scene.publish(scene.model())
    with catalog._database.read() as connection:
        find = "SELECT rootpage FROM sqlite_master WHERE name = 'versions'"
        page = connection.exec_driver_sql(find).scalar_one()
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    catalog.close()
    content = bytearray(catalog.path.read_bytes())
    content[(page - 1) * size : page * size] = b"\xff" * size
    catalog.path.write_bytes(content)
    with Catalog(catalog.path) as damaged:
        assert damaged.check()
        with pytest.raises(DatabaseDamaged, match="is damaged") as caught:
            damaged.versions()
    assert caught.value.hint == "restore a copy: mlview restore"


def test_a_catalog_that_vanished_or_was_replaced_is_noticed(catalog, tmp_path):
    aside = tmp_path / "aside"
    catalog.path.rename(aside)
    with pytest.raises(DatabaseDamaged, match="there is no catalog"):
        catalog.set_meta("a", "lost")
    Catalog.create(catalog.path).close()
    with pytest.raises(DatabaseDamaged, match="was replaced while it was open"):
        catalog.set_meta("a", "lost")


def test_a_full_disk_leaves_the_old_state_and_names_gc(catalog, scene):
    row = scene.model()
    scene.publish(row)
    version = scene.candidate(row)
    token = scene.lease(row)
    with catalog._database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x"}
    with pytest.raises(DiskFull, match="no space is left") as caught:
        catalog.publish(row.id, version.number, create_text="x" * 10**6, **given)
    assert caught.value.hint == "free what nothing needs: mlview gc"
    found = catalog.object(row.id)
    assert (found.live_version, found.create_text) == (1, row.create_text)
    assert catalog.delete_versions([(row.id, 2)]) == ((row.id, 2),), "gc works on a full disk"


def test_a_read_only_catalog_can_be_read_and_says_why_it_cannot_be_written(catalog, scene):
    row = scene.model()
    with catalog._database.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    assert catalog.find(row.name) == row
    with pytest.raises(StorageProblem, match="cannot be written"):
        catalog.set_meta("a", "b")


def test_a_writer_that_never_ends_is_waited_for_only_so_long(catalog):
    with Catalog(catalog.path, busy_seconds=0.05) as second, catalog._database.write():
        with pytest.raises(LockTimeout, match="stayed locked by another process"):
            second.set_meta("a", "b")
        assert second.meta("a") is None, "readers do not wait"


def test_a_copy_is_one_committed_state_and_opens_as_a_catalog(catalog, scene, tmp_path):
    row = scene.model()
    scene.publish(row)
    before = catalog.object(row.id)
    target = tmp_path / "copy" / "catalog.sqlite"
    target.parent.mkdir()
    with catalog._database.write() as connection:
        connection.exec_driver_sql("UPDATE objects SET owner = 'uncommitted'")
        catalog.backup(target)
    assert [p.name for p in target.parent.iterdir()] == ["catalog.sqlite"]
    with Catalog(target) as copy:
        assert copy.object(row.id) == before
        assert copy.live_versions() == catalog.live_versions()
        with copy._database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_copy_never_overwrites_and_never_stays_half_done(catalog, tmp_path):
    existing = tmp_path / "precious"
    existing.write_text("keep")
    with pytest.raises(UsageProblem, match="exists"):
        catalog.backup(existing)
    assert existing.read_text() == "keep"
    with pytest.raises(StorageProblem):
        catalog.backup(tmp_path / "nowhere" / "copy")
    assert not list(tmp_path.glob("**/*.part"))


def test_commits_are_durable_and_references_are_checked_on_every_connection(catalog):
    with catalog._database.read() as one, catalog._database.read() as two:
        for connection in (one, two):
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"

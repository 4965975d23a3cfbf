"""Catalogs of earlier revisions: opened, brought up to date, and nothing of them lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from mlview.definitions import Name
from mlview.records import Action, RefreshState
from mlview.storage.catalog import Catalog
from mlview.storage.database import Database
from mlview.storage.migrating import upgrade

NOON_US = 1_362_916_800_000_000


@pytest.fixture
def first_revision(tmp_path):
    """A catalog as 0001 alone makes it, with one model, its refreshes and a lease."""
    path = tmp_path / "catalog.sqlite"
    path.touch()
    database = Database(path)
    with database.write() as connection:
        upgrade(connection, "0001")
    database.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "INSERT INTO objects VALUES (4, 'MODEL', 'main', 'late', 'main', 'late', "
            "'CREATE MODEL late AS FROM flights', 'f1', ?, ?, 'kept', 'ml', 1, NULL, NULL, 3, 0)",
            [NOON_US, NOON_US],
        )
        connection.execute("INSERT INTO pointers VALUES (4, NULL, NULL, NULL, NULL, 0)")
        for number, state in enumerate(("SUCCEEDED", "FAILED"), start=1):
            connection.execute(
                "INSERT INTO refreshes VALUES (?, 4, 'late', ?, 'FULL', 'SCHEDULED', 'rows', ?, 7, "
                "?, NULL, ?, '[]', 1, 0, 1, 0.5, 0.6, '{}', NULL, NULL, 1)",
                [number, state, NOON_US, NOON_US, NOON_US + 1_000_000],
            )
        connection.execute("INSERT INTO leases VALUES (4, 9, NULL, ?, ?)", [NOON_US, NOON_US])
        connection.execute("UPDATE changes SET count = 17")
    return path


def test_a_catalog_of_the_first_revision_opens_and_keeps_everything(first_revision, scene_of):
    with Catalog(first_revision) as catalog:
        row = catalog.get(Name("late"))
        assert (row.id, row.comment, row.owner, row.suspended) == (4, "kept", "ml", True)
        assert (row.suspended_reason, row.suspended_at, row.resumed_at) == (None, None, None)
        newest, oldest = catalog.refreshes()
        assert (newest.state, oldest.state) == (RefreshState.FAILED, RefreshState.SUCCEEDED)
        assert (oldest.action, oldest.actual_seconds) == (Action.FULL, 0.6)
        assert oldest.finished_at == scene_of.now + timedelta(seconds=1)
        assert (oldest.stale_since, oldest.target_lag_sec, oldest.published) == (None, None, None)
        assert catalog.counter() == 17
        assert catalog.heartbeats() == ()
        assert catalog.check() == []


def test_history_from_before_the_migration_is_counted_with_what_came_after(
    first_revision, scene_of
):
    with Catalog(first_revision) as catalog:
        assert {i: f.count for i, f in catalog.scheduled_failures().items()} == {4: 1}
        assert scene_of(catalog).lease(catalog.object(4)) == 10


def test_a_catalog_is_migrated_once(first_revision):
    Catalog(first_revision).close()
    with closing(sqlite3.connect(first_revision)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            ("0002",)
        ]
    with Catalog(first_revision) as again:
        assert again.object(4).name == Name("late")

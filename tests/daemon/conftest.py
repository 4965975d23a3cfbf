"""A database under a virtual clock, and a daemon whose events are kept."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

import mlview
from mlview.clock import ManualClock
from mlview.daemon import Daemon

START = datetime(2013, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A closed database with one table."""
    path = tmp_path_factory.mktemp("template") / "test.mlv"
    with mlview.connect(path, clock=ManualClock(START)) as db:
        db.sql("CREATE TABLE t AS SELECT i AS k, i % 3 AS g, i * 1.0 AS x FROM range(30) r(i)")
    return path


@pytest.fixture
def db(template, tmp_path, clock):
    with mlview.connect(shutil.copytree(template, tmp_path / "test.mlv"), clock=clock) as db:
        yield db


class Keeper:
    """A daemon and what it told."""

    def __init__(self, db, clock, **options) -> None:
        self.clock, self.events = clock, []
        self.daemon = Daemon(db, clock=clock, listeners=[self.events.append], **options)

    def hours(self, hours):
        self.daemon.run(until=self.clock.now() + timedelta(hours=hours))

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def keeper(db, clock):
    return Keeper(db, clock, upkeep=False)


@pytest.fixture
def keeper_with_upkeep(db, clock):
    return Keeper(db, clock)

"""A small database: t -> v -> w, and u read by nobody at first."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

import mlview
from mlview.clock import ManualClock

START = datetime(2013, 3, 10, 12, tzinfo=UTC)
DECLARED = """
CREATE TABLE t (k INTEGER, x INTEGER); INSERT INTO t VALUES (1, 1), (2, 2);
CREATE TABLE u (a INTEGER);
CREATE VIEW plain AS SELECT k, x FROM t;
CREATE MATERIALIZED VIEW v AS SELECT k FROM plain;
CREATE MATERIALIZED VIEW w AS SELECT count(*) AS n FROM v;
"""


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "test.mlv"
    with mlview.connect(path, clock=ManualClock(START)) as db:
        db.sql(DECLARED)
    return path


@pytest.fixture
def db(template, tmp_path, clock):
    copy = shutil.copytree(template, tmp_path / "test.mlv")
    with mlview.connect(copy, clock=clock) as db:
        yield db


@pytest.fixture
def observer(db):
    return db._services.observer

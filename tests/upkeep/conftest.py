"""Copies of a small database with some history."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mlview
from mlview.clock import ManualClock

START = datetime(2013, 3, 10, 12, tzinfo=UTC)
DECLARED = """
CREATE TABLE t AS
SELECT range AS k, range % 7 AS x, range * 37 % 11 + range % 7 AS y FROM range(99);
CREATE MATERIALIZED VIEW v AS SELECT x, avg(y) AS mean FROM t GROUP BY x;
CREATE MATERIALIZED VIEW w AS SELECT max(mean) AS most FROM v;
CREATE MODEL m PREDICT y USING Ridge KEY (k) AS SELECT k, x, y::DOUBLE AS y FROM t;
"""


@pytest.fixture
def clock():
    return ManualClock(START + timedelta(days=4))


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """t -> v -> w and t -> m: four versions of each, a day apart; all fresh."""
    path = tmp_path_factory.mktemp("template") / "test.mlv"
    clock = ManualClock(START)
    with mlview.connect(path, clock=clock) as db:
        db.sql(DECLARED)
        for day in range(1, 4):
            clock.advance(timedelta(days=1))
            db.sql(f"INSERT INTO t SELECT {day} * 100 + range, {day}, range FROM range(20)")
            db.sql("REFRESH ALL")
    return path


@pytest.fixture
def path(template, tmp_path):
    return Path(shutil.copytree(template, tmp_path / "moved here" / "it's a copy.mlv"))


@pytest.fixture
def db(path, clock):
    with mlview.connect(path, clock=clock) as db:
        yield db

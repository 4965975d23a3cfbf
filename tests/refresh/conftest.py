"""A small database with one of everything, and processes that refresh copies of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import mlview
from mlview.clock import ManualClock

START = datetime(2013, 3, 10, 12, tzinfo=UTC)
WORKER = Path(__file__).with_name("refresh_worker.py")
DECLARED = """
CREATE TABLE t (k INTEGER, x INTEGER, y INTEGER);
INSERT INTO t SELECT range, range % 7, range * 37 % 11 + range % 7 FROM range(120);
CREATE MATERIALIZED VIEW v AS SELECT x, avg(y) AS mean, count(*) AS n FROM t GROUP BY x;
CREATE MATERIALIZED VIEW w AS SELECT sum(n) AS n FROM v;
CREATE MODEL m PREDICT y USING Ridge KEY (k) AS SELECT k, x, y::DOUBLE AS y FROM t;
"""
MORE = "INSERT INTO t SELECT range, range % 7, range * 31 % 13 FROM range(1000, 1040)"


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def db(tmp_path, clock):
    with mlview.connect(tmp_path / "test.mlv", clock=clock) as db:
        yield db


@pytest.fixture(scope="session")
def fresh_template(tmp_path_factory):
    """A closed database: t -> v -> w and t -> m, all fresh."""
    path = tmp_path_factory.mktemp("template") / "test.mlv"
    with mlview.connect(path, clock=ManualClock(START)) as db:
        db.sql(DECLARED)
    return path


@pytest.fixture
def declared(fresh_template, tmp_path, clock):
    """t -> v -> w and t -> m, all fresh."""
    copy = shutil.copytree(fresh_template, tmp_path / "declared.mlv")
    with mlview.connect(copy, clock=clock) as db:
        yield db


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A closed database in which a commit has just made every view stale."""
    path = tmp_path_factory.mktemp("template") / "test.mlv"
    with mlview.connect(path) as db:
        db.sql(DECLARED + MORE)
    return path


@pytest.fixture
def path(template, tmp_path):
    """A copy of the template."""
    return Path(shutil.copytree(template, tmp_path / "copy.mlv"))


class Crew:
    """Processes that carry out statements and meet faults."""

    def __init__(self) -> None:
        self._worker = subprocess.Popen(
            [sys.executable, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, path, statement="REFRESH ALL", fault="none", **order):
        """How a process that met a fault ended: what it said, and whether it was killed."""
        order |= {"path": str(path), "statement": statement, "fault": fault}
        return self.run_together([order])[0]

    def run_together(self, orders):
        """How processes that ran at the same time ended."""
        self._worker.stdin.write(json.dumps(orders) + "\n")
        self._worker.stdin.flush()
        return json.loads(self._worker.stdout.readline())

    def stop(self) -> None:
        self._worker.stdin.close()
        self._worker.wait(60)
        self._worker.stdout.close()


@pytest.fixture(scope="session")
def crew():
    if not hasattr(os, "fork"):
        pytest.skip("faults are met in forked processes")
    crew = Crew()
    yield crew
    crew.stop()

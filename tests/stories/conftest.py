"""Throwaway databases under a clock that moves when it is told to."""

import shutil
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
import pytest

import mlview
from mlview.clock import ManualClock
from mlview.engines.extensions import load_extensions
from mlview.errors import MlviewError

START = datetime(2024, 6, 1, tzinfo=UTC)

# 60 rows: two numbers, a word, a moment, and a label that both numbers decide together.
POINTS = """
    CREATE TABLE points AS
    SELECT i AS id, (i * 37 % 101)::DOUBLE AS a, (i * 53 % 89)::DOUBLE AS b,
           ['x', 'y', 'z'][i % 3 + 1] AS c, TIMESTAMP '2024-05-01' + INTERVAL (i) HOUR AS seen,
           (i * 37 % 101) * 0.5 + (i * 53 % 89) * 0.2 + i % 7 AS amount,
           (i * 37 % 101) + (i * 53 % 89) > 95 AS y
    FROM range(60) AS numbers(i)
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A database that is copied, which takes less than making one."""
    path = tmp_path_factory.mktemp("template") / "points.mlv"
    with mlview.connect(path, clock=ManualClock(START)) as database:
        database.sql(POINTS)
    return path


@pytest.fixture
def opened(template, tmp_path):
    clock = ManualClock(START)
    copy = shutil.copytree(template, tmp_path / "points.mlv")
    with mlview.connect(copy, clock=clock) as database:
        yield database, clock


@pytest.fixture
def db(opened):
    """A database of one's own, with the table `points`."""
    return opened[0]


@pytest.fixture
def clock(opened):
    return opened[1]


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """One database for all tests of a module that leave nothing behind."""
    copy = shutil.copytree(template, tmp_path_factory.mktemp("shared") / "points.mlv")
    with mlview.connect(copy, clock=ManualClock(START)) as database:
        yield database


@pytest.fixture
def refused():
    """The error that a statement is answered with."""

    def run(database, text, parameters=None):
        with pytest.raises(MlviewError) as caught:
            database.sql(text, parameters)
        return caught.value

    return run


@pytest.fixture
def states():
    """The state of every view, by name."""

    def ask(database):
        return dict(database.sql("SELECT name, state FROM mlview.staleness").fetchall())

    return ask


@pytest.fixture
def plain_client():
    """A DuckDB that knows nothing of mlview, on the lake of a database."""

    @contextmanager
    def connected(path):
        with duckdb.connect() as client:
            load_extensions(client)
            client.execute(
                f"ATTACH 'ducklake:sqlite:{path}/lake.sqlite' AS lake "
                f"(DATA_PATH '{path}/lake/', OVERRIDE_DATA_PATH true, META_BUSY_TIMEOUT 10000)"
            )
            client.execute("USE lake")
            yield client

    return connected

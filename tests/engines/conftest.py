"""Engines on directories of their own, and processes that write beside them."""

import subprocess
import sys
from datetime import UTC, datetime

import duckdb
import pytest

from mlview.clock import ManualClock, SystemClock
from mlview.engines import DuckLakeEngine
from mlview.engines.extensions import load_extensions


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flights.mlv"


@pytest.fixture
def engine(path):
    with DuckLakeEngine.create(path, clock=SystemClock(), lock_timeout=20.0) as engine:
        yield engine


@pytest.fixture
def connection(engine):
    with engine.connection() as connection:
        yield connection


@pytest.fixture
def virtual_clock():
    return ManualClock(datetime(2013, 1, 1, tzinfo=UTC))


@pytest.fixture
def plain_client(engine):
    """A DuckDB that knows nothing of mlview."""
    client = duckdb.connect()
    load_extensions(client)
    client.execute(
        f"ATTACH 'ducklake:sqlite:{engine.path}/lake.sqlite' AS lake "
        f"(DATA_PATH '{engine.path}/lake/', OVERRIDE_DATA_PATH true, META_BUSY_TIMEOUT 10000)"
    )
    client.execute("USE lake")
    yield client
    client.close()


@pytest.fixture
def start_process():
    """Start Python programs that are ended when the test is over."""
    started = []

    def start(program, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()

"""Many processes on one database: nothing is lost and nobody sees a lock."""

import json
import signal
from datetime import UTC, datetime

import pytest

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.errors import LockTimeout, WriteConflict

OPENING = """
import sys
from pathlib import Path
from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
engine = DuckLakeEngine(Path(sys.argv[1]), clock=SystemClock(), lock_timeout=120.0)
connection = engine.connection()
"""
WRITER = (
    OPENING
    + """
who = int(sys.argv[2])
for i in range(int(sys.argv[3])):
    if i % 5:
        connection.run("INSERT INTO t VALUES (?, ?)", [who, i])
    else:
        connection.begin()
        connection.run("INSERT INTO t VALUES (?, ?)", [who, i])
        connection.run("UPDATE totals SET n = n + 1")
        connection.commit()
"""
)
READER = (
    OPENING
    + """
reads = 0
while "END" not in sys.argv:
    rows, transactions = connection.run(
        "SELECT count(*) FILTER (i % 5 = 0), (SELECT n FROM totals) FROM t"
    ).fetchall()[0]
    assert rows == transactions, (rows, transactions)
    reads += 1
    if connection.run("SELECT count(*) FROM t").fetchall()[0][0] >= int(sys.argv[2]):
        break
print(reads)
"""
)
HOLDER = (
    OPENING
    + """
connection.begin()
connection.run("INSERT INTO t VALUES (1, 1)")
print("holding", flush=True)
sys.stdin.readline()
connection.commit()
"""
)


def finished(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "locked" not in err
    return out


@pytest.fixture
def tables(connection):
    connection.run("CREATE TABLE t (who INTEGER, i INTEGER)")
    connection.run("CREATE TABLE totals AS SELECT 0 AS n")


@pytest.fixture
def holder(engine, tables, start_process):
    process = start_process(HOLDER, engine.path)
    assert process.stdout.readline() == "holding\n"
    return process


@pytest.mark.slow
def test_eight_writers_beside_two_readers_lose_nothing(engine, connection, tables, start_process):
    writers, commits = 8, 20
    readers = [start_process(READER, engine.path, writers * commits) for _ in range(2)]
    processes = [start_process(WRITER, engine.path, who, commits) for who in range(writers)]
    for process in processes:
        finished(process)
    everything = writers * commits
    found = connection.run("SELECT count(DISTINCT (who, i)) FROM t").fetchall()
    assert found == [(everything,)]
    assert connection.run("FROM totals").fetchall() == [(everything // 5,)]
    assert all(int(finished(reader)) > 0 for reader in readers)


def test_who_waits_too_long_is_told_who_writes(engine, holder):
    impatient = DuckLakeEngine(engine.path, clock=SystemClock(), lock_timeout=0.05)
    with impatient, impatient.connection() as connection:
        with pytest.raises(LockTimeout) as caught:
            connection.run("INSERT INTO t VALUES (2, 2)")
        assert caught.value.facts["pid"] == holder.pid
        assert str(holder.pid) in str(caught.value)
        assert datetime.fromisoformat(caught.value.facts["since"]) <= datetime.now(UTC)
        assert connection.run("SELECT count(*) FROM t").fetchall() == [(0,)]


def test_a_killed_writer_frees_the_lock_and_leaves_nothing(engine, connection, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    connection.run("INSERT INTO t VALUES (2, 2)")
    assert connection.run("FROM t").fetchall() == [(2, 2)]


def test_a_writer_waits_for_the_commit_of_another(engine, connection, holder):
    holder.stdin.write("\n")
    holder.stdin.flush()
    connection.run("INSERT INTO t VALUES (2, 2)")
    finished(holder)
    assert sorted(connection.run("FROM t").fetchall()) == [(1, 1), (2, 2)]


def test_the_note_beside_the_lock_names_the_last_holder(engine, connection, tables):
    note = json.loads((engine.path / "write.lock.json").read_text())
    assert set(note) == {"host", "pid", "since"}


def test_a_transaction_that_read_before_another_committed_is_a_write_conflict(
    engine, connection, tables
):
    with connection.cursor() as other:
        connection.begin()
        connection.run("FROM t").fetchall()
        other.run("INSERT INTO totals VALUES (9)")
        connection.run("INSERT INTO t VALUES (1, 1)")
        with pytest.raises(WriteConflict) as caught:
            connection.commit()
        assert "again" in caught.value.hint
        assert not connection.in_transaction
        other.run("INSERT INTO t VALUES (3, 3)")
    assert connection.run("FROM t").fetchall() == [(3, 3)]


def test_transactions_that_only_read_hold_nobody_up(engine, connection, tables):
    with connection.cursor() as other:
        connection.begin()
        assert connection.run("SELECT count(*) FROM t").fetchall() == [(0,)]
        other.run("INSERT INTO t VALUES (1, 1)")
        assert connection.run("SELECT count(*) FROM t").fetchall() == [(0,)]
        connection.commit()
    assert connection.run("SELECT count(*) FROM t").fetchall() == [(1,)]


def test_a_connection_that_closes_in_a_transaction_frees_the_lock(engine, connection, tables):
    with connection.cursor() as other:
        other.begin()
        other.run("INSERT INTO t VALUES (1, 1)")
    connection.run("INSERT INTO t VALUES (2, 2)")
    assert connection.run("FROM t").fetchall() == [(2, 2)]


def test_a_failing_statement_outside_a_transaction_frees_the_lock(engine, connection, tables):
    with connection.cursor() as other:
        with pytest.raises(Exception, match="Could not convert"):
            other.run("INSERT INTO t VALUES ('x', 1)")
        connection.run("INSERT INTO t VALUES (2, 2)")

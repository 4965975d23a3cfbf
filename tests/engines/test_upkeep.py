"""Upkeep step by step: what it does, and that nobody who reads meanwhile notices."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from mlview.definitions import Name
from mlview.engines import DuckLakeEngine
from mlview.engines.maintenance import _within

T = Name("t")
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
BELOW = 1 << 20


def small_files(connection, count=12):
    connection.run("CREATE TABLE t (a BIGINT, s VARCHAR)")
    for number in range(count):
        connection.run(
            f"INSERT INTO t SELECT {number} * 100 + range, repeat('x', 99) FROM range(100)"
        )


def health(engine, **keep):
    keep = {"lake": [], "store": []} | keep
    found = engine.health(keep=keep, older_than=dict.fromkeys(keep, FAR))
    return {lake.lake: lake for lake in found}


def the_table(engine):
    return next((t for t in health(engine)["lake"].tables if t.name == T), None)


def merge(engine):
    engine.merge("lake", T, below=BELOW, limit=60)


# Health


def test_a_lake_of_few_files_has_nothing_to_do(engine, connection):
    connection.run("CREATE TABLE t AS SELECT 1 AS a")
    lake = health(engine)["lake"]
    assert (lake.tables, lake.scheduled, lake.scheduled_since) == ((), 0, None)


def test_files_are_counted_below_each_size_unless_rows_of_them_are_deleted(engine, connection):
    small_files(connection, count=5)
    connection.run("DELETE FROM t WHERE a < 20")
    table = the_table(engine)
    assert [files.count for files in table.mergeable] == [4, 4, 4]
    assert table.inlined_rows == 0


def test_rows_that_other_clients_leave_in_the_catalog_are_counted(engine, connection, plain_client):
    connection.run("CREATE TABLE t (a BIGINT)")
    for number in range(3):
        plain_client.execute(f"INSERT INTO t VALUES ({number})")
    assert the_table(engine).inlined_rows == 3


def test_snapshots_that_may_expire_are_counted_as_they_are_expired(engine, connection):
    small_files(connection)
    keep = [3, 7, 8]
    told = health(engine, lake=keep)["lake"]
    first = engine.expire_some("lake", keep=keep, older_than=FAR, most=4)
    rest = engine.expire_some("lake", keep=keep, older_than=FAR, most=1000)
    assert (first, first + rest) == (4, told.expirable)
    left = health(engine, lake=keep)["lake"]
    assert (left.snapshots, left.expirable) == (told.snapshots - told.expirable, 0)


def test_the_snapshot_in_force_at_the_moment_stays_however_old(path, virtual_clock):
    with (
        DuckLakeEngine.create(path, clock=virtual_clock) as engine,
        engine.connection() as connection,
    ):
        connection.run("CREATE TABLE t AS SELECT 1 AS a")
        old = engine.current_snapshot()
        virtual_clock.advance(timedelta(days=100))
        connection.run("INSERT INTO t VALUES (2)")
        yesterday = virtual_clock.now() - timedelta(days=1)
        engine.expire(keep_lake=[], keep_store=[], older_than=yesterday)
        assert engine.snapshot_at(yesterday) == old
        virtual_clock.advance(timedelta(days=2))
        connection.run("INSERT INTO t VALUES (3)")
        yesterday = virtual_clock.now() - timedelta(days=1)
        report = engine.expire(keep_lake=[], keep_store=[], older_than=yesterday)
        assert old.id in report.lake_snapshots


def test_the_cap_is_the_moment_of_the_snapshot_that_so_many_are_newer_than(engine, connection):
    small_files(connection, count=5)
    newest = engine.current_snapshot().id
    assert engine.capped("lake", 3) == engine.snapshot(newest - 3).time
    assert engine.capped("lake", 1000) is None


# Steps, and who reads meanwhile


def test_merging_changes_no_snapshot_no_row_id_and_no_delta(engine, connection):
    small_files(connection, count=6)
    connection.run("DELETE FROM t WHERE a % 3 = 0 AND a < 250")
    newest = engine.current_snapshot().id
    snapshots = range(2, newest + 1)

    def everything(engine):
        states = []
        for snapshot in snapshots:
            with engine.reader(snapshot, refresh_time=NOON) as reader:
                states.append(reader.table("SELECT rowid, a FROM t ORDER BY ALL").to_pylist())
        deltas = [engine.change(T, since, newest) for since in snapshots]
        return states, deltas

    before = everything(engine)
    merge(engine)
    assert [files.count for files in the_table(engine).mergeable] == [1, 1, 1]
    with DuckLakeEngine(engine.path, clock=engine.clock) as other:
        assert everything(other) == everything(engine) == before


def test_who_is_reading_reads_on(engine, connection):
    small_files(connection)
    newest = engine.current_snapshot().id
    with engine.reader(newest, refresh_time=NOON) as reader, reader.transaction():
        stream = reader.read("SELECT a FROM t")
        first = stream.read_next_batch()
        merge(engine)
        assert engine.clean("lake", older_than=datetime.now(UTC) - timedelta(hours=1)) == 0
        rest = sum(batch.num_rows for batch in stream)
        assert first.num_rows + rest == 1200
        assert len(reader.table("SELECT a FROM t")) == 1200


def test_files_that_no_snapshot_has_are_deleted_when_their_time_has_come(engine, connection):
    small_files(connection)
    merge(engine)
    waiting = health(engine)["lake"]
    assert waiting.scheduled == 12
    assert engine.clean("lake", older_than=waiting.scheduled_since - timedelta(seconds=1)) == 0
    assert engine.clean("lake", older_than=FAR) == 12
    assert connection.run("SELECT count(*) FROM t").fetchall() == [(1200,)]
    assert engine.check() == []


@pytest.fixture
def inlined(connection, plain_client):
    """A table of 1,005 rows, five of which are in the catalog."""
    connection.run("CREATE TABLE t AS SELECT range AS a FROM range(1000)")
    for number in range(5):
        plain_client.execute(f"INSERT INTO t VALUES ({number})")


def flush(engine):
    return engine.flush("lake", T, limit=60)


def test_rows_move_from_the_catalog_to_a_file(engine, connection, inlined):
    assert flush(engine)
    assert the_table(engine).inlined_rows == 0
    assert connection.run("SELECT count(*) FROM t").fetchall() == [(1005,)]


def test_rows_are_not_taken_from_under_a_readers_hands(engine, inlined):
    newest = engine.current_snapshot().id
    with engine.reader(newest, refresh_time=NOON) as reader, reader.transaction():
        reader.table("FROM t")
        assert not flush(engine)
        assert len(reader.table("FROM t")) == 1005
    assert flush(engine)


def test_nor_from_under_those_of_a_user(engine, connection, inlined):
    connection.run("BEGIN")
    connection.run("FROM t LIMIT 1").fetchall()
    assert not flush(engine)
    assert connection.run("SELECT count(*) FROM t").fetchall() == [(1005,)]
    connection.run("ROLLBACK")
    result = connection.run("FROM t")
    assert not flush(engine)
    assert len(result.fetchall()) == 1005
    assert flush(engine)


READER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine

with DuckLakeEngine(Path(sys.argv[1]), clock=SystemClock()) as engine:
    with engine.reader(int(sys.argv[2]), refresh_time=datetime.now(UTC)) as reader:
        print("reading", flush=True)
        sys.stdin.readline()
        print(len(reader.table("FROM t")), flush=True)
    print("done", flush=True)
    sys.stdin.readline()
"""


def test_nor_from_under_those_of_another_process_even_if_that_is_killed(
    engine, inlined, start_process
):
    newest = engine.current_snapshot().id
    one, two = (start_process(READER, engine.path, newest) for _ in range(2))
    assert [one.stdout.readline(), two.stdout.readline()] == ["reading\n", "reading\n"]
    assert not flush(engine)
    two.kill()
    two.wait()
    assert not flush(engine)
    one.stdin.write("\n")
    one.stdin.flush()
    assert [one.stdout.readline(), one.stdout.readline()] == ["1005\n", "done\n"]
    assert flush(engine)


def test_what_takes_too_long_is_given_up(connection):
    cursor = connection._channel.connection
    with pytest.raises(duckdb.InterruptException), _within(cursor, 0.2):
        cursor.execute(
            "SELECT sum(hash(a.range + b.range)) FROM range(1000000) a, range(1000000) b"
        )

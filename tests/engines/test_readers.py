"""Readers at one snapshot each, from a pool of a few."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from mlview.errors import LakeProblem

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def snapshots(engine, connection):
    """Snapshots by the only value of the table then."""
    connection.run("CREATE TABLE t AS SELECT 0 AS a")
    found = {}
    for value in range(6):
        connection.run("UPDATE t SET a = ?", [value])
        found[value] = engine.current_snapshot().id
    return found


def value_at(engine, snapshot_id):
    with engine.reader(snapshot_id, refresh_time=NOON) as reader:
        return reader.table("FROM t")["a"].to_pylist()


def test_an_instance_that_is_idle_is_moved_to_the_snapshot_wanted(engine, snapshots):
    for value, snapshot_id in [*snapshots.items(), *reversed(snapshots.items())]:
        assert value_at(engine, snapshot_id) == [value]
    assert len(engine._readers._idle) == 1


def test_readers_at_several_snapshots_at_once_see_their_own(engine, snapshots):
    with ThreadPoolExecutor(4) as pool:
        wanted = [value for _ in range(4) for value in snapshots]
        seen = list(pool.map(lambda value: value_at(engine, snapshots[value]), wanted))
    assert seen == [[value] for value in wanted]
    assert len(engine._readers._idle) <= 4


def test_names_bound_by_one_reader_are_unknown_to_the_next(engine, snapshots):
    with engine.reader(snapshots[0], refresh_time=NOON) as reader:
        reader.bind_view("t", "SELECT 'mine' AS a")
        assert reader.table("FROM t")["a"].to_pylist() == ["mine"]
    assert value_at(engine, snapshots[1]) == [1]
    assert value_at(engine, snapshots[0]) == [0]


def test_a_reader_sees_what_the_store_commits_after_it_was_opened(engine, snapshots):
    with engine.reader(snapshots[0], refresh_time=NOON) as reader:
        for number in range(3):
            rows = pa.table({"a": [number]}).to_reader()
            stored = engine.write_materialization(1, rows, refresh_id=1).stored_snapshot
            relation = engine.materialization(1, stored)
            assert reader.table(f"FROM {relation}")["a"].to_pylist() == [number]


def test_a_snapshot_that_never_was_takes_no_instance(engine, snapshots):
    value_at(engine, snapshots[0])
    with pytest.raises(LakeProblem):
        engine.reader(10**6, refresh_time=NOON)
    assert len(engine._readers._idle) == 1

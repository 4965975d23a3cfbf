"""Computing deltas beside the rows of changes that are kept in memory."""

import gc
from datetime import UTC, datetime

import pytest

from mlview.clock import SystemClock
from mlview.definitions import Name
from mlview.engines import DuckLakeEngine, kept
from mlview.engines.differencing import query_delta
from mlview.engines.readers import TransactionLost
from mlview.errors import LakeProblem, MlviewError, UnknownName
from mlview.testing.histories import netted

T = Name("t")
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path):
    with DuckLakeEngine.create(tmp_path / "x.mlv", clock=SystemClock()) as engine:
        yield engine


@pytest.fixture
def snapshots(engine):
    """Before and after a row came and another went."""
    found = []
    with engine.connection() as connection:
        for statement in (
            "CREATE TABLE t AS SELECT range AS a, 'x' AS b FROM range(50)",
            "BEGIN; DELETE FROM t WHERE a = 7; INSERT INTO t VALUES (100, 'y'); COMMIT",
        ):
            for part in statement.split("; "):
                connection.run(part)
            found.append(engine.current_snapshot().id)
    return found


def bench(engine, snapshot):
    return engine.workbench(snapshot, refresh_time=NOON)


def tables(reader):
    rows = reader.run("SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory'")
    return sorted(name for (name,) in rows)


def delta_of(engine, reader, query, since, until):
    def resolve(_catalog, _schema, name):
        return engine.source(Name(name), since, until)

    return query_delta(reader, query, resolve, old_time=NOON, new_time=NOON)


def test_the_record_of_changes_is_read_once_for_counts_and_rows(engine, snapshots):
    since, until = snapshots
    assert engine.change(T, since, until).rows == 2
    first, second = engine.source(T, since, until), engine.source(T, since, until)
    with bench(engine, until) as reader:
        assert first.kept == second.kept
        assert len(tables(reader)) == 1
        assert netted(reader.table(first.kept)) == {"(7, 'x')": -1, "(100, 'y')": 1}
        assert netted(reader.table(first.kept_with_rowid)) == {
            "(7, 7, 'x')": -1,
            "(50, 100, 'y')": 1,
        }


def test_kept_rows_are_given_up_when_nobody_needs_them_and_others_are_read(
    engine, snapshots, monkeypatch
):
    monkeypatch.setattr(kept, "KEPT_ROWS", 1)
    since, until = snapshots
    source = engine.source(T, since, until)
    with engine.connection() as connection:
        for number in (1, 2, 3):
            connection.run(f"INSERT INTO t VALUES ({number}, 'z')")
            newest = engine.current_snapshot().id
            engine.source(T, newest - 1, newest)
    with bench(engine, until) as reader:
        assert netted(reader.table(source.kept)) == {"(7, 'x')": -1, "(100, 'y')": 1}
        del source
        gc.collect()
        engine.source(T, since, newest)
        assert len(tables(reader)) <= 2


def test_more_rows_than_are_kept_are_read_from_the_lake(engine, snapshots, monkeypatch):
    monkeypatch.setattr(kept, "FEED_ROWS", 1)
    since, until = snapshots
    assert engine.change(T, since, until).rows == 2
    source = engine.source(T, since, until)
    assert source.kept is None
    with bench(engine, until) as reader:
        assert netted(reader.table(source.signed)) == {"(7, 'x')": -1, "(100, 'y')": 1}
        assert not tables(reader)
        assert delta_of(engine, reader, "SELECT a FROM t", since, until).inserted == 1


def test_a_table_that_was_dropped_since_has_its_delta(engine, snapshots):
    since, until = snapshots
    with engine.connection() as connection:
        connection.run("DROP TABLE t")
        connection.run("CREATE TABLE t AS SELECT 'other' AS b")
    with bench(engine, until) as reader:
        delta = delta_of(engine, reader, "SELECT b, count(*) AS n FROM t GROUP BY b", since, until)
        rows = reader.run(f"FROM {delta.table} ORDER BY ALL")
    assert rows == [("x", 49, 1), ("x", 50, -1), ("y", 1, 1)]


def test_the_lake_of_today_is_not_found_by_its_names(engine, snapshots):
    with bench(engine, snapshots[0]) as reader, pytest.raises(UnknownName):
        reader.run("FROM t")


def test_a_statement_that_fails_while_it_runs_ends_the_transaction(engine, snapshots):
    with bench(engine, snapshots[1]) as reader:
        with reader.transaction():
            with pytest.raises(MlviewError):
                reader.run("FROM nowhere")
            reader.run("CREATE TEMP TABLE made AS SELECT 1 AS a")
        assert reader.run("FROM made") == [(1,)]
        with reader.transaction():
            reader.run("INSERT INTO made VALUES (2)")
            with pytest.raises(MlviewError):
                reader.run("SELECT CAST(b AS INTEGER) FROM lake.main.t")
            with pytest.raises(TransactionLost):
                reader.run("FROM made")
        assert reader.run("FROM made") == [(1,)]


def test_a_query_that_fails_at_the_old_end_alone_is_told_so(engine, snapshots):
    since, until = snapshots
    query = "SELECT a, 1 / (CASE WHEN a = 7 THEN error('seven') ELSE a END) AS q FROM t"
    with bench(engine, until) as reader:
        with pytest.raises(LakeProblem, match="seven"):
            delta_of(engine, reader, query, since, until)
        assert not reader.run("SELECT 1 FROM duckdb_tables() WHERE database_name = 'temp'")
        assert delta_of(engine, reader, "SELECT b FROM t", since, until).deleted == 1

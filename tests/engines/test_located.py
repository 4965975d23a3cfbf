"""Changed rows found by file and place: the difference of both states, or not found at all."""

from datetime import UTC, datetime

import pytest

from mlview.clock import SystemClock
from mlview.definitions import Name
from mlview.engines import DuckLakeEngine
from mlview.engines.files import NotPlain, moved_files
from mlview.engines.located import LocatedFeeds
from mlview.engines.metadata import Metadata
from mlview.testing.histories import netted

T = Name("t")
UPSERT = """MERGE INTO t USING (SELECT range AS a FROM range(40, 60)) u ON t.a = u.a
WHEN MATCHED THEN UPDATE SET b = 0 WHEN NOT MATCHED THEN INSERT VALUES (u.a, 1)"""
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("located") / "a folder" / "x.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock(), lock_timeout=20.0) as engine:
        yield engine


@pytest.fixture
def run(engine):
    with engine.connection() as connection:

        def run(*statements):
            """The snapshot after all of these statements."""
            for statement in statements:
                connection.run(statement)
            return engine.current_snapshot().id

        yield run
        if connection.in_transaction:
            connection.rollback()


@pytest.fixture
def since(run):
    return run("CREATE OR REPLACE TABLE t AS SELECT range AS a, 10.5 AS b FROM range(50)")


def located(engine, since, until):
    """Whether the changed rows were found; they have to be right in any case."""
    source = engine.source(T, since, until)
    assert source.changed
    with engine.workbench(until, refresh_time=NOON) as bench:
        found = netted(bench.table(source.kept or source.signed))
    with engine.reader(until, refresh_time=NOON) as reader:
        whole = f"SELECT *, 1 AS w FROM {source.new} UNION ALL SELECT *, -1 FROM {source.old}"
        assert found == netted(reader.table(whole))
    return source.keeps is not None and source.keeps.located is not None


@pytest.mark.parametrize(
    "statements",
    [
        ["INSERT INTO t VALUES (100, 1)"],
        ["DELETE FROM t WHERE a = 3"],
        ["DELETE FROM t WHERE a = 3", "DELETE FROM t WHERE a IN (7, 9)"],
        ["UPDATE t SET b = 1.5 WHERE a < 20", "UPDATE t SET b = 2.5 WHERE a < 10"],
        ["UPDATE t SET b = b"],
        ["DELETE FROM t"],
        ["INSERT INTO t VALUES (100, 1)", "DELETE FROM t WHERE a = 100"],
        ["INSERT INTO t FROM t", "DELETE FROM t WHERE a > 20"],
        ["BEGIN", "INSERT INTO t SELECT a + 9, 1 FROM t", "DELETE FROM t WHERE a < 9", "COMMIT"],
        ["BEGIN", "DELETE FROM t", "INSERT INTO t SELECT range, 10.5 FROM range(50)", "COMMIT"],
        [
            "BEGIN",
            "INSERT INTO t SELECT a, b FROM t LIMIT 30",
            "DELETE FROM t WHERE rowid % 2 = 0",
            "UPDATE t SET a = a + 0",
            "COMMIT",
        ],
        [UPSERT],
        ["TRUNCATE t"],
    ],
)  # fmt: skip
def test_rows_are_found_after_any_plain_commit(engine, run, since, statements):
    assert located(engine, since, run(*statements))


def test_each_part_of_a_long_history_is_found(engine, run, since):
    snapshots = [since]
    for turn in range(5):
        snapshots.append(run(f"UPDATE t SET b = {turn} WHERE a % {turn + 2} = 0"))
        snapshots.append(run(f"INSERT INTO t SELECT range, {turn} FROM range({turn}, 30)"))
        snapshots.append(run(f"DELETE FROM t WHERE a = {turn} OR b = {turn - 2}"))
    for place, first in enumerate(snapshots):
        for last in snapshots[place + 1 :]:
            assert located(engine, first, last)


@pytest.mark.parametrize("condition", ["a BETWEEN 200000 AND 200100", "a % 9973 = 5", "a < 290000"])
def test_rows_of_a_large_file_are_found(engine, run, condition):
    since = run(
        "CREATE OR REPLACE TABLE t AS SELECT range AS a, 'x' || range AS b FROM range(300000)"
    )
    assert located(engine, since, run(f"DELETE FROM t WHERE {condition}"))


def test_rows_of_many_partitions_are_found(engine, run, since):
    since = run(
        "ALTER TABLE t SET PARTITIONED BY (a)",
        "INSERT INTO t SELECT range % 4, range FROM range(40)",
    )
    assert located(engine, since, run("DELETE FROM t WHERE b < 7", "INSERT INTO t VALUES (2, 1)"))


def test_columns_called_as_those_of_files_are(engine, run):
    since = run("CREATE OR REPLACE TABLE t AS SELECT range AS pos, 'x' AS file_path FROM range(9)")
    assert located(engine, since, run("DELETE FROM t WHERE pos IN (1, 5)"))
    since = run("CREATE OR REPLACE TABLE t AS SELECT range AS filename, 1 AS a FROM range(9)")
    assert not located(engine, since, run("DELETE FROM t WHERE filename = 3"))


@pytest.mark.parametrize(
    "upkeep",
    [
        "CALL ducklake_merge_adjacent_files('lake')",
        "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)",
    ],
)
def test_what_upkeep_moved_since_is_right_or_not_found(engine, run, since, upkeep):
    snapshots = [since]
    for turn in range(4):
        snapshots.append(run(f"INSERT INTO t VALUES ({turn}, 7)"))
        snapshots.append(run(f"DELETE FROM t WHERE a = {turn + 1} AND b = 10.5"))
    tended = run(upkeep)
    later = run("DELETE FROM t WHERE a = 20")
    for place, first in enumerate(snapshots):
        for last in [*snapshots[place + 1 :], later]:
            located(engine, first, last)
    assert located(engine, tended, later)


def test_what_a_client_keeps_in_the_catalog_is_right(engine, since, plain_client):
    plain_client.execute("INSERT INTO t VALUES (100, 1), (101, 2)")
    plain_client.execute("DELETE FROM t WHERE a = 100 OR a = 3")
    plain_client.execute("UPDATE t SET b = 5 WHERE a IN (101, 4)")
    newest = engine.current_snapshot().id
    (kinds,) = engine._lake.metadata.history(since, newest).kinds.values()
    assert "inlined_insert" in kinds
    for first in range(since, newest):
        for last in range(first + 1, newest + 1):
            located(engine, first, last)


class UpkeepMeanwhile(Metadata):
    """What the catalog says is out of date as soon as it was read."""

    then = None

    def query(self, sql):
        rows = super().query(sql)
        if "ducklake_delete_file" in sql and "d_path" in sql and self.then is not None:
            then, self.then = self.then, None
            then()
        return rows


@pytest.mark.parametrize(
    ("upkeep", "lost"),
    [
        ("CALL ducklake_merge_adjacent_files('lake')", False),
        ("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)", False),
        ("CALL ducklake_expire_snapshots('lake', versions => [{since}])", True),
    ],
)
def test_upkeep_while_files_are_looked_up_makes_no_row_wrong(engine, run, since, upkeep, lost):
    until = run(
        "INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (2, 2)", "DELETE FROM t WHERE a < 9"
    )
    feed = engine.source(T, since, until).keeps.feed
    metadata = UpkeepMeanwhile(engine._own.cursor, "lake_catalog")
    feeds = LocatedFeeds(metadata, engine._own.cursor, str(engine._layout.data("lake")))
    table = f'memory.main."meanwhile_{until}"'
    metadata.then = lambda: run(upkeep.format(since=since))
    found = feeds.read(feed, table)
    assert metadata.then is None
    assert (found is None) == lost
    with engine.workbench(until, refresh_time=NOON) as bench:
        if lost:
            known = bench.run("SELECT table_name FROM duckdb_tables()")
            assert (f"meanwhile_{until}",) not in known
        else:
            ((rows, least),) = bench.run(f"SELECT count(*), sum(a * __mlview_weight) FROM {table}")
            assert (rows, least) == (9, -sum(range(9)))


def test_files_merged_since_are_refused(engine, run, since):
    until = run("INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (2, 2)")
    table = engine._lake.tables(until)[T].state.table_id
    data = str(engine._layout.data("lake"))
    assert len(moved_files(engine._lake.metadata, data, table, since, until)) == 2
    run("CALL ducklake_merge_adjacent_files('lake')")
    with pytest.raises(NotPlain):
        moved_files(engine._lake.metadata, data, table, since, until)

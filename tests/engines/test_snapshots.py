"""Snapshots, tables and views, and reading at one of them."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from mlview.clock import ManualClock
from mlview.definitions import Name
from mlview.engines import DuckLakeEngine
from mlview.errors import LakeProblem, UnknownName

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
def virtual(path, virtual_clock):
    with DuckLakeEngine.create(path, clock=virtual_clock) as engine:
        yield engine


def test_a_reader_sees_the_rows_and_columns_of_its_snapshot(engine, connection):
    connection.run("CREATE TABLE t AS SELECT 1 AS a")
    old = engine.current_snapshot().id
    connection.run("ALTER TABLE t ADD COLUMN b INTEGER")
    connection.run("INSERT INTO t VALUES (2, 3)")
    connection.run("ALTER TABLE t RENAME COLUMN a TO c")
    with engine.reader(old, refresh_time=NOON) as reader:
        assert reader.table("FROM t").to_pylist() == [{"a": 1}]
        assert [column.name for column in reader.describe("FROM t")] == ["a"]
    with engine.reader(engine.current_snapshot().id, refresh_time=NOON) as reader:
        assert reader.table("FROM t ORDER BY c").to_pylist() == [
            {"c": 1, "b": None},
            {"c": 2, "b": 3},
        ]


def test_views_over_views_resolve_at_the_snapshot(engine, connection):
    connection.run("CREATE TABLE t AS SELECT 1 AS a")
    connection.run("CREATE VIEW v AS SELECT a * 10 AS a FROM t")
    connection.run("CREATE VIEW w AS SELECT sum(a) AS s FROM v")
    old = engine.current_snapshot().id
    connection.run("INSERT INTO t VALUES (5)")
    connection.run("CREATE OR REPLACE VIEW v AS SELECT a * 100 AS a FROM t")
    with engine.reader(old, refresh_time=NOON) as reader:
        assert reader.table("SELECT s::INTEGER AS s FROM w").to_pylist() == [{"s": 10}]


def test_refresh_time_and_settings_are_the_definitions(engine, connection):
    connection.run("SET TimeZone = 'Asia/Tokyo'")
    with engine.reader(0, refresh_time=NOON) as reader:
        row = reader.table("SELECT refresh_time() AS t, current_setting('TimeZone') AS z")
        assert row.to_pylist() == [{"t": NOON, "z": "UTC"}]


def test_a_reader_streams_while_another_query_of_its_own_runs(engine):
    with engine.reader(0, refresh_time=NOON) as reader:
        stream = reader.read("FROM range(100000)")
        assert reader.table("SELECT 1 AS x", threads=1).num_rows == 1
        assert stream.read_all().num_rows == 100_000
        assert (
            reader.table("SELECT current_setting('threads') AS n", threads=1)["n"][0].as_py() == 1
        )


def test_names_bound_in_a_reader_are_gone_for_the_next_one(engine):
    with engine.reader(0, refresh_time=NOON) as reader:
        reader.bind_table("rows", pa.table({"x": [1, 2]}))
        reader.bind_view("more", "SELECT x + 1 AS x FROM rows")
        assert reader.table("FROM more").to_pylist() == [{"x": 2}, {"x": 3}]
    with (
        engine.reader(0, refresh_time=NOON) as reader,
        pytest.raises(UnknownName),
    ):
        reader.table("FROM more")


def test_many_readers_at_many_snapshots_do_not_mix(engine, connection):
    connection.run("CREATE TABLE t (a INTEGER)")
    snapshots = {}
    for value in range(7):
        connection.run("INSERT INTO t VALUES (?)", [value])
        snapshots[engine.current_snapshot().id] = value + 1
    for _ in range(2):
        for snapshot, rows in snapshots.items():
            with engine.reader(snapshot, refresh_time=NOON) as reader:
                assert reader.table("FROM t").num_rows == rows


def test_two_readers_of_one_snapshot_work_side_by_side(engine):
    with (
        engine.reader(0, refresh_time=NOON) as one,
        engine.reader(0, refresh_time=NOON + timedelta(days=1)) as two,
    ):
        first = one.table("SELECT refresh_time() AS t")["t"][0].as_py()
        assert two.table("SELECT refresh_time() AS t")["t"][0].as_py() - first == timedelta(days=1)


def test_lossless_reading_keeps_the_types_of_the_query(engine):
    sql = (
        "SELECT '5bc26ab6-3ee6-4b41-9a04-a5d4d1a8e3cd'::UUID AS u, 1::HUGEINT AS h, '1'::JSON AS j"
    )
    with engine.reader(0, refresh_time=NOON) as reader:
        stored = engine.write_materialization(1, reader.read(sql, lossless=True), refresh_id=1)
        relation = engine.materialization(1, stored.stored_snapshot)
        assert [c.type for c in reader.describe(f"FROM {relation}")] == [
            *("UUID", "DECIMAL(38,0)", "JSON"),
        ]
        assert reader.table(sql).schema.types[0] == pa.string()


def test_a_snapshot_that_is_not_there_is_named(engine):
    for ask in (
        lambda: engine.snapshot(99),
        lambda: engine.tables(99),
        lambda: engine.reader(99, refresh_time=NOON),
    ):
        with pytest.raises(LakeProblem, match="99"):
            ask()


def test_every_column_type_is_spelled_as_duckdb_does(engine, connection):
    connection.run(
        "CREATE TABLE t (a TINYINT, b SMALLINT, c INTEGER, d BIGINT, e HUGEINT, f UTINYINT, "
        "g USMALLINT, h UINTEGER, i UBIGINT, j UHUGEINT, k FLOAT, l DOUBLE, m DECIMAL(10, 2), "
        "n BOOLEAN, o VARCHAR, p BLOB, q DATE, r TIME, s TIMETZ, t TIMESTAMP, u TIMESTAMPTZ, "
        "v TIMESTAMP_S, w TIMESTAMP_MS, x TIMESTAMP_NS, y INTERVAL, z UUID, aa JSON, "
        'ab INTEGER[][], ac STRUCT(x INTEGER, "two words" MAP(VARCHAR, DATE[])), ad VARIANT)'
    )
    state = engine.tables(engine.current_snapshot().id)[Name("T")]
    found = [(column.name, column.type) for column in state.columns]
    assert found == [(c.name, c.type) for c in connection.describe("FROM t")]


def test_schemas_are_part_of_names(engine, connection):
    connection.run("CREATE SCHEMA raw")
    connection.run("CREATE TABLE raw.t AS SELECT 1 AS a")
    since = engine.current_snapshot().id
    connection.run("INSERT INTO raw.t VALUES (2)")
    connection.run("CREATE VIEW raw.v AS FROM raw.t")
    newest = engine.current_snapshot().id
    assert set(engine.tables(newest)) == {Name("t", "raw")}
    assert set(engine.views(newest)) == {Name("v", "raw")}
    assert engine.change(Name("t", "raw"), since, newest).inserted == 1


def test_commits_under_a_virtual_clock_carry_its_time(virtual, virtual_clock):
    start = virtual_clock.now()
    assert virtual.current_snapshot().time == start
    with virtual.connection() as connection:
        for sql in (
            "CREATE TABLE t AS SELECT 1 AS a",
            "INSERT INTO t VALUES (2)",
            "CREATE VIEW v AS FROM t",
            "ALTER TABLE t ADD COLUMN b INTEGER",
            "DELETE FROM t",
        ):
            virtual_clock.advance(timedelta(days=1))
            connection.run(sql)
            assert virtual.current_snapshot().time == virtual_clock.now()
        virtual_clock.advance(timedelta(days=1))
        connection.begin()
        connection.run("INSERT INTO t VALUES (5, 5)")
        connection.run("INSERT INTO t VALUES (6, 6)")
        connection.commit()
        newest = virtual.current_snapshot()
        assert newest.time == virtual_clock.now()
    virtual_clock.advance(timedelta(days=1))
    virtual.compact()
    assert virtual.current_snapshot().time == virtual_clock.now()
    assert virtual.snapshot_at(start + timedelta(days=2, hours=1)).id == 2
    span = virtual.changed_tables(0, newest.id)[1]
    assert (span.first_changed_at, span.last_changed_at) == (
        start + timedelta(days=1),
        newest.time,
    )


def test_a_failing_statement_under_a_virtual_clock_leaves_no_transaction(virtual):
    with virtual.connection() as connection:
        connection.run("CREATE TABLE t (a INTEGER)")
        with pytest.raises(LakeProblem):
            connection.run("INSERT INTO t VALUES ('x')")
        assert not connection.in_transaction
        connection.run("INSERT INTO t VALUES (1)")
        assert connection.run("FROM t").fetchall() == [(1,)]


def test_on_the_machines_clock_nothing_is_added_to_commits(engine, connection):
    connection.run("CREATE TABLE t (a INTEGER)")
    assert connection.run(
        "SELECT commit_extra_info FROM lake.snapshots() ORDER BY snapshot_id DESC LIMIT 1"
    ).fetchall() == [(None,)]


def test_a_moment_before_the_first_snapshot_has_none(path):
    clock = ManualClock(NOON)
    with (
        DuckLakeEngine.create(path, clock=clock) as engine,
        pytest.raises(LakeProblem, match="2020-01-01T12:00"),
    ):
        engine.snapshot_at(NOON - timedelta(seconds=1))


def test_an_outside_writers_commit_counts_from_its_own_time(engine, plain_client):
    before = engine.current_snapshot()
    plain_client.execute("CREATE TABLE t (a INTEGER)")
    after = engine.current_snapshot()
    assert before.time < after.time < FAR


def test_an_earlier_state_is_read_right_after_its_files_were_rewritten(engine, connection):
    connection.run("CREATE TABLE t AS SELECT range AS a FROM range(20)")
    before = engine.current_snapshot().id
    connection.run("DELETE FROM t WHERE a < 6")
    connection.run("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.1)")
    with engine.reader(before, refresh_time=datetime.now(UTC)) as reader:
        groups = reader.run("SELECT a, count(*) FROM lake.main.t GROUP BY a ORDER BY a")
    assert groups == [(a, 1) for a in range(20)]
    at = f"SELECT DISTINCT a FROM t AT (VERSION => {before}) ORDER BY a"
    assert connection.run(at).fetchall() == [(a,) for a in range(20)]

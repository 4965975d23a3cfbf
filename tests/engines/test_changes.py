"""The net change of a table, checked against a copy kept in Python."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlview.clock import SystemClock
from mlview.definitions import Name
from mlview.engines import DuckLakeEngine
from mlview.engines.changes import Changes
from mlview.engines.metadata import Metadata
from mlview.errors import UnknownName, UsageProblem

T = Name("t")
FAR = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "x.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock()) as engine:
        yield engine


def net(before, after):
    """Inserted and deleted rows of a multiset."""
    return sum((after - before).values()), sum((before - after).values())


def pairs(snapshots):
    """Neighbours, and everything since the first."""
    return {(snapshots[0], until) for until in snapshots} | set(pairwise(snapshots))


def rows_of(connection):
    return Counter(connection.run("FROM t").fetchall())


dml = st.one_of(
    st.tuples(st.just("INSERT INTO t VALUES ({0}, 'x{1}')"), st.integers(0, 5), st.integers(0, 2)),
    st.tuples(
        st.just("INSERT INTO t SELECT range % {0}, 'x{1}' FROM range(25)"),
        st.integers(1, 5),
        st.integers(0, 2),
    ),
    st.tuples(
        st.just("UPDATE t SET s = 'x{1}' WHERE a = {0}"), st.integers(0, 5), st.integers(0, 2)
    ),
    st.tuples(st.just("UPDATE t SET a = a + {0} - {1}"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("DELETE FROM t WHERE a = {0}"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("DELETE FROM t WHERE a > {0} AND s = 'x{1}'"), st.integers(0, 5), st.just(1)),
)
ddl = st.sampled_from(
    [
        "ALTER TABLE t ADD COLUMN z INTEGER; ALTER TABLE t DROP COLUMN z",
        "ALTER TABLE t DROP COLUMN s; ALTER TABLE t ADD COLUMN s VARCHAR",
        "ALTER TABLE t RENAME COLUMN s TO r; ALTER TABLE t RENAME COLUMN r TO s",
        "DROP TABLE t; CREATE TABLE t (a BIGINT, s VARCHAR)",
        "CREATE OR REPLACE TABLE t AS SELECT 1::BIGINT AS a, 'x0' AS s",
        "ALTER TABLE t RENAME TO u; CREATE TABLE t (a BIGINT, s VARCHAR); DROP TABLE u",
    ]
)
upkeep = st.sampled_from(
    [
        "CALL ducklake_flush_inlined_data('lake')",
        "CALL ducklake_merge_adjacent_files('lake')",
        "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.1)",
        "expire",
    ]
)
steps = st.one_of(
    dml.map(lambda d: [d[0].format(*d[1:])]),
    st.lists(dml.map(lambda d: d[0].format(*d[1:])), min_size=2, max_size=4).map(
        lambda several: ["BEGIN", *several, "COMMIT"]
    ),
    upkeep.map(lambda call: [call]),
)


def expire_some(engine, kept):
    engine.expire(keep_lake=kept, keep_store=[], older_than=FAR)


def run_step(engine, connection, step, kept):
    for sql in step:
        if sql == "expire":
            expire_some(engine, kept)
        else:
            connection.run(sql)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=1, max_size=12))
def test_every_pair_of_snapshots_has_the_net_change_of_a_copy_kept_beside_it(shared, script):
    with shared.connection() as connection:
        connection.run("CREATE OR REPLACE TABLE t (a BIGINT, s VARCHAR)")
        copies = {shared.current_snapshot().id: rows_of(connection)}
        for step in script:
            run_step(shared, connection, step, kept=list(copies))
            copies[shared.current_snapshot().id] = rows_of(connection)
        for since, until in pairs(sorted(copies)):
            change = shared.change(T, since, until)
            assert (change.inserted, change.deleted) == net(copies[since], copies[until])


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, max_size=3), ddl, st.lists(steps, max_size=3))
def test_a_change_across_ddl_is_unknown_or_right_and_never_wrong(shared, before, statements, after):
    with shared.connection() as connection:
        connection.run("CREATE OR REPLACE TABLE t (a BIGINT, s VARCHAR)")
        first = shared.current_snapshot().id
        copy = rows_of(connection)
        for step in [*before, *([sql] for sql in statements.split(";")), *after]:
            run_step(shared, connection, step, kept=[first])
        change = shared.change(T, first, shared.current_snapshot().id)
        if change.inserted is not None:
            assert (change.inserted, change.deleted) == net(copy, rows_of(connection))
        assert change.first_changed_at is not None


def change_of(engine, since):
    change = engine.change(T, since, engine.current_snapshot().id)
    return change.inserted, change.deleted


@pytest.fixture
def since(engine, connection):
    connection.run("CREATE TABLE t AS SELECT range AS a, 10 AS b FROM range(50)")
    return engine.current_snapshot().id


def test_an_update_is_one_row_inserted_and_one_deleted(engine, connection, since):
    connection.run("UPDATE t SET b = 11 WHERE a < 3")
    assert change_of(engine, since) == (3, 3)


def test_a_row_deleted_and_inserted_again_is_no_change(engine, connection, since):
    connection.run("DELETE FROM t WHERE a = 7")
    connection.run("INSERT INTO t VALUES (7, 10)")
    assert change_of(engine, since) == (0, 0)


def test_a_transaction_that_touches_a_row_twice_counts_it_once(engine, connection, since):
    connection.begin()
    connection.run("INSERT INTO t VALUES (100, 1)")
    connection.run("UPDATE t SET b = 2 WHERE a = 100")
    connection.run("UPDATE t SET b = 3 WHERE a = 100")
    connection.commit()
    assert change_of(engine, since) == (1, 0)


def test_a_table_that_nobody_touched_has_no_change_and_no_times(engine, connection, since):
    connection.run("CREATE TABLE other AS SELECT 1 AS x")
    change = engine.change(T, since, engine.current_snapshot().id)
    assert (change.rows, change.first_changed_at, change.last_changed_at) == (0, None, None)


def test_upkeep_alone_touches_no_table(engine, connection, since):
    connection.run("INSERT INTO t VALUES (1, 2)")
    since = engine.current_snapshot().id
    engine.compact()
    newest = engine.current_snapshot().id
    assert newest > since
    assert engine.changed_tables(since, newest) == {}


def test_a_column_swapped_for_one_of_the_same_name_and_type_is_unknown(engine, connection, since):
    connection.run("ALTER TABLE t DROP COLUMN b")
    connection.run("ALTER TABLE t ADD COLUMN b INTEGER")
    assert change_of(engine, since) == (None, None)


def test_a_field_of_a_struct_swapped_for_its_like_is_unknown(engine, connection):
    connection.run("CREATE TABLE t AS SELECT {'x': 1, 'y': 2} AS s FROM range(30)")
    since = engine.current_snapshot().id
    connection.run("ALTER TABLE t DROP COLUMN s.y")
    connection.run("ALTER TABLE t ADD COLUMN s.y INTEGER")
    assert change_of(engine, since) == (None, None)


def test_a_table_dropped_and_made_again_is_unknown_with_times(engine, connection, since):
    connection.run("DROP TABLE t")
    connection.run("CREATE TABLE t AS SELECT range AS a, 10 AS b FROM range(50)")
    change = engine.change(T, since, engine.current_snapshot().id)
    assert change.rows is None
    assert change.first_changed_at < change.last_changed_at


def test_two_tables_that_swap_names_are_unknown(engine, connection, since):
    connection.run("CREATE TABLE u AS SELECT range AS a, 10 AS b FROM range(50)")
    since = engine.current_snapshot().id
    for old, new in (("t", "w"), ("u", "t"), ("w", "u")):
        connection.run(f"ALTER TABLE {old} RENAME TO {new}")
    assert change_of(engine, since) == (None, None)


def test_a_dropped_table_is_unknown_and_its_drop_is_seen(engine, connection, since):
    connection.run("DROP TABLE t")
    change = engine.change(T, since, engine.current_snapshot().id)
    assert change.rows is None
    assert change.last_changed_at == engine.current_snapshot().time


def test_an_expired_start_gives_unknown_not_a_wrong_number(engine, connection, since):
    connection.run("UPDATE t SET b = 11")
    newest = engine.current_snapshot().id
    engine.expire(keep_lake=[newest], keep_store=[], older_than=FAR)
    change = engine.change(T, since, newest)
    assert (change.inserted, change.deleted) == (None, None)


def test_expired_snapshots_in_between_do_not_spoil_the_count(engine, connection, since):
    for value in range(5):
        connection.run(f"UPDATE t SET b = {value} WHERE a < 3")
    connection.run("DELETE FROM t WHERE a = 0")
    newest = engine.current_snapshot().id
    engine.compact()
    engine.expire(keep_lake=[since, newest], keep_store=[], older_than=FAR)
    assert engine.change(T, since, newest).inserted == 2
    assert engine.change(T, since, newest).deleted == 3


def test_expired_snapshots_never_hide_that_a_table_was_touched(engine, connection, since):
    connection.run("UPDATE t SET b = 11")
    connection.run("CREATE TABLE other AS SELECT 1 AS x")
    connection.run("INSERT INTO other VALUES (2)")
    connection.run("INSERT INTO other VALUES (3)")
    newest = engine.current_snapshot()
    start = engine.snapshot(since)
    table_id = engine.tables(newest.id)[T].table_id
    connection.run(f"CALL ducklake_expire_snapshots('lake', versions => [{since + 1}])")
    touched = engine.changed_tables(since, newest.id)
    assert touched[table_id].first_changed_at == start.time


def test_nan_and_null_are_equal_to_themselves(engine, connection):
    connection.run("CREATE TABLE t AS SELECT 'nan'::DOUBLE AS x, NULL::INTEGER AS y FROM range(30)")
    since = engine.current_snapshot().id
    connection.run("DELETE FROM t")
    connection.run("INSERT INTO t SELECT 'nan'::DOUBLE, NULL FROM range(29)")
    assert change_of(engine, since) == (0, 1)


def test_a_column_may_have_the_name_the_sum_uses(engine, connection):
    connection.run('CREATE TABLE t AS SELECT 1 AS weight, 2 AS "weight_", 3 AS n')
    since = engine.current_snapshot().id
    connection.run("INSERT INTO t VALUES (1, 2, 3), (4, 5, 6)")
    assert change_of(engine, since) == (2, 0)


def test_a_plain_duckdb_client_is_seen_like_any_other_writer(engine, plain_client, since):
    plain_client.execute("DELETE FROM t WHERE a < 5")
    assert change_of(engine, since) == (0, 5)


def test_an_unknown_table_names_the_nearest_one(engine, connection, since):
    with pytest.raises(UnknownName, match="did you mean 't'"):
        engine.change(Name("tt"), since, since)


def test_snapshots_in_the_wrong_order_are_refused(engine, since):
    with pytest.raises(UsageProblem):
        engine.change(T, since, since - 1)


class WrittenTo(Metadata):
    """A catalog to which somebody commits while a change is measured, so many times."""

    times = 0

    def doubtful(self, table_id, since):
        if self.times:
            self.times -= 1
            self.commit()
        return super().doubtful(table_id, since)


@pytest.mark.parametrize(("times", "counts"), [(0, (2, 10)), (2, (2, 10)), (100, (None, None))])
def test_a_change_is_measured_again_while_its_table_is_written_to(
    engine, connection, times, counts
):
    connection.run("CREATE TABLE t AS SELECT range AS a FROM range(50)")
    since = engine.current_snapshot().id
    connection.run("DELETE FROM t WHERE a < 10")
    connection.run("INSERT INTO t VALUES (60), (61)")
    until = engine.current_snapshot().id
    metadata = WrittenTo(engine._own.cursor, "lake_catalog")
    metadata.times = times
    metadata.commit = lambda: connection.run("INSERT INTO t VALUES (1)")
    data = str(engine._layout.data("lake"))
    changes = Changes("lake", metadata, engine._own.cursor, engine._lake.tables, data, ordered=True)
    found = changes.change(T, since, until)
    assert (found.inserted, found.deleted) == counts

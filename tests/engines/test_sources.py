"""A table at two snapshots and the signed rows between them."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from mlview.clock import SystemClock
from mlview.definitions import Name
from mlview.engines import DuckLakeEngine
from mlview.errors import LakeProblem, UnknownName, UsageProblem
from mlview.testing.histories import netted

T = Name("t")
NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
FAR = datetime(2999, 1, 1, tzinfo=UTC)
RECORD = "ducklake_table_insertions"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("sources") / "x.mlv"
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


def read(engine, until, sql):
    with engine.reader(until, refresh_time=NOON) as reader:
        return reader.table(sql)


def signed(engine, since, until, **options):
    source = engine.source(T, since, until, **options)
    assert source.changed
    return netted(read(engine, until, source.signed))


def difference(engine, since, until, columns="*"):
    """What the states themselves differ by, read one after the other."""
    states = [
        read(engine, until, f"SELECT {columns}, {weight}::BIGINT AS w FROM lake.main.t {at}")
        for weight, at in ((1, ""), (-1, f"AT (VERSION => {since})"))
    ]
    total = Counter()
    for state in states:
        total.update(netted(state))
    return {row: n for row, n in total.items() if n}


def assert_no_delta(engine, since, until, why):
    with pytest.raises(LakeProblem, match=why) as caught:
        engine.source(T, since, until)
    assert caught.value.error_code == "NO_DELTA"
    assert "FULL" in caught.value.hint


def test_a_table_that_nobody_touched_is_unchanged(engine, run, since):
    until = run("CREATE OR REPLACE TABLE other (x INTEGER)", "INSERT INTO other VALUES (1)")
    source = engine.source(T, since, until)
    assert (source.changed, source.signed) == (False, None)
    assert not engine.source(T, until, until).changed


def test_both_ends_can_be_read(engine, run, since):
    until = run("DELETE FROM t WHERE a >= 20")
    source = engine.source(T, since, until)
    assert source.row_id
    for relation, rows in ((source.new, 20), (source.old, 50)):
        assert read(engine, until, f"FROM {relation}").num_rows == rows
        assert read(engine, until, f"SELECT rowid FROM {relation}").num_rows == rows


def test_signed_rows_have_the_columns_and_the_weight_last(engine, run, since):
    until = run("UPDATE t SET b = 1.5 WHERE a = 3")
    source = engine.source(T, since, until)
    rows = read(engine, until, source.signed)
    assert rows.column_names == ["a", "b", "__mlview_weight"]
    assert str(rows.schema.field("__mlview_weight").type) == "int64"
    assert signed(engine, since, until) == {
        "(3, Decimal('1.5'))": 1,
        "(3, Decimal('10.5'))": -1,
    }


def test_signed_rows_name_the_row_through_its_updates(engine, run, since):
    until = run("UPDATE t SET b = 1.5 WHERE a = 3", "UPDATE t SET b = 2.5 WHERE a = 3")
    source = engine.source(T, since, until)
    rows = read(engine, until, source.signed_with_rowid)
    assert rows.column_names == ["rowid", "a", "b", "__mlview_weight"]
    assert len(set(rows["rowid"].to_pylist())) == 1


def test_what_a_transaction_did_to_its_own_rows_is_no_change(engine, run, since):
    until = run(
        "BEGIN",
        "INSERT INTO t VALUES (100, 1)",
        "UPDATE t SET b = 2 WHERE a = 100",
        "UPDATE t SET b = 3 WHERE a = 100",
        "INSERT INTO t VALUES (101, 1)",
        "DELETE FROM t WHERE a = 101",
        "COMMIT",
    )
    assert signed(engine, since, until) == {"(100, Decimal('3.0'))": 1}


def test_a_record_that_names_deleted_rows_twice_is_not_believed(engine, run):
    since = run(
        "CREATE OR REPLACE TABLE t (a BIGINT, x DOUBLE)",
        "INSERT INTO t SELECT range, 0.5 FROM range(40)",
    )
    until = run(
        "BEGIN",
        "INSERT INTO t SELECT a, x FROM t LIMIT 30",
        "DELETE FROM t WHERE rowid % 2 = 0",
        "UPDATE t SET a = a + 0",
        "COMMIT",
    )
    recorded = " UNION ALL ".join(
        f"SELECT a, x, {sign} AS w FROM {function}('lake', 'main', 't', {since + 1}, {until})"
        for function, sign in ((RECORD, 1), ("ducklake_table_deletions", -1))
    )
    right = difference(engine, since, until)
    assert netted(read(engine, until, recorded)) != right
    assert signed(engine, since, until) == right


def test_rows_repeated_by_a_rewrite_are_not_counted_twice(engine, run, since):
    until = run(
        "UPDATE t SET b = 1.5 WHERE a < 20",
        "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)",
        "DELETE FROM t WHERE a = 49",
    )
    assert signed(engine, since, until) == difference(engine, since, until)
    change = engine.change(T, since, until)
    assert (change.inserted, change.deleted) == (20, 21)


@pytest.mark.parametrize(
    ("type_", "before", "after"),
    [
        ("DOUBLE", "0.0", "-0.0"),
        ("FLOAT", "-0.0", "0.0"),
        ("INTERVAL", "INTERVAL '1 month'", "INTERVAL '30 days'"),
        ("DOUBLE[]", "[0.0]", "[-0.0::DOUBLE]"),
    ],
)
def test_values_that_are_equal_and_not_the_same_are_a_change(engine, run, type_, before, after):
    since = run(
        f"CREATE OR REPLACE TABLE t (a INTEGER, v {type_})",
        f"INSERT INTO t SELECT range, {before}::{type_} FROM range(30)",
    )
    until = run(f"UPDATE t SET v = {after}::{type_} WHERE a < 20")
    assert sum(abs(n) for n in signed(engine, since, until).values()) == 40
    change = engine.change(T, since, until)
    assert (change.inserted, change.deleted) == (20, 20)


def test_states_that_are_compared_tell_equal_values_apart_too(engine, run):
    since = run(
        "CREATE OR REPLACE TABLE t (a INTEGER, x DOUBLE, i INTERVAL)",
        "INSERT INTO t SELECT range, 0.0, INTERVAL '1 month' FROM range(50)",
    )
    until = run(
        "UPDATE t SET x = -0.0::DOUBLE WHERE a < 20",
        "UPDATE t SET i = INTERVAL '30 days' WHERE a >= 30",
        "DELETE FROM t WHERE a = 25",
        "CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)",
    )
    assert sum(abs(n) for n in signed(engine, since, until).values()) == 81
    change = engine.change(T, since, until)
    assert (change.inserted, change.deleted) == (40, 41)


def test_nan_and_null_are_the_same_as_themselves(engine, run):
    since = run("CREATE OR REPLACE TABLE t AS SELECT 'nan'::DOUBLE AS x, NULL::INT AS y")
    until = run("DELETE FROM t", "INSERT INTO t SELECT '-nan'::DOUBLE, NULL")
    change = engine.change(T, since, until)
    assert (change.inserted, change.deleted) == (0, 0)


def test_any_name_may_be_a_columns(engine, run):
    names = ("w", "weight", "snapshot_id", 'say "it"', "n", "t")
    columns = ", ".join('"' + name.replace('"', '""') + '" INTEGER' for name in names)
    since = run(f"CREATE OR REPLACE TABLE t ({columns})", "INSERT INTO t VALUES (1, 2, 3, 4, 5, 6)")
    until = run("INSERT INTO t VALUES (0, 2, 3, 4, 5, 6)", "DELETE FROM t WHERE w = 1")
    assert signed(engine, since, until) == {"(1, 2, 3, 4, 5, 6)": -1, "(0, 2, 3, 4, 5, 6)": 1}
    change = engine.change(T, since, until)
    assert (change.inserted, change.deleted) == (1, 1)


def test_a_column_called_rowid_hides_what_names_a_row(engine, run):
    since = run("CREATE OR REPLACE TABLE t (rowid INTEGER)", "INSERT INTO t VALUES (7), (8)")
    until = run("UPDATE t SET rowid = 9 WHERE rowid = 7")
    source = engine.source(T, since, until)
    assert (source.row_id, source.signed_with_rowid) == (False, None)
    assert signed(engine, since, until) == {"(9,)": 1, "(7,)": -1}


def test_a_column_called_like_the_weight_leaves_only_the_ends(engine, run):
    since = run("CREATE OR REPLACE TABLE t (__mlview_weight INTEGER)")
    until = run("INSERT INTO t VALUES (5)", "INSERT INTO t VALUES (6)", "DELETE FROM t")
    source = engine.source(T, since, until)
    assert (source.changed, source.signed) == (True, None)
    change = engine.change(T, since, until)
    assert (change.inserted, change.deleted) == (0, 0)


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        (["ALTER TABLE t RENAME COLUMN b TO c"], "renamed"),
        (["ALTER TABLE t DROP COLUMN b"], "dropped"),
        (["ALTER TABLE t DROP COLUMN b", "ALTER TABLE t ADD COLUMN b DECIMAL(3, 1)"], "dropped"),
        (["ALTER TABLE t ALTER a TYPE HUGEINT"], "another type"),
        (["DROP TABLE t", "CREATE TABLE t AS SELECT 1::BIGINT AS a, 10.5 AS b"], "made anew"),
        (["DROP TABLE t"], "dropped"),
        (["ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 5"], "gained columns"),
    ],
)
def test_another_table_or_another_shape_has_no_delta(engine, run, since, statements, why):
    assert_no_delta(engine, since, run(*statements), why)


def test_two_tables_that_swap_names_have_no_delta(engine, run, since):
    since = run("CREATE OR REPLACE TABLE u AS FROM t")
    until = run(*(f"ALTER TABLE {a} RENAME TO {b}" for a, b in ("tw", "ut", "wu")))
    assert_no_delta(engine, since, until, "made anew")


@pytest.mark.parametrize("default", ["", " DEFAULT 5"])
def test_columns_added_may_be_left_out_on_request(engine, run, since, default):
    until = run(
        "DELETE FROM t WHERE a = 0",
        f"ALTER TABLE t ADD COLUMN c INTEGER{default}",
        "UPDATE t SET c = 6 WHERE a = 1",
        "UPDATE t SET b = 1.5 WHERE a = 2",
        "INSERT INTO t VALUES (100, 1, 1)",
    )
    net = signed(engine, since, until, added_columns=True)
    assert net == difference(engine, since, until, "a, b")
    source = engine.source(T, since, until, added_columns=True)
    assert not source.row_id
    for relation in (source.new, source.old):
        assert read(engine, until, f"FROM {relation}").column_names == ["a", "b"]


def test_a_field_added_to_a_struct_is_no_added_column(engine, run):
    since = run("CREATE OR REPLACE TABLE t AS SELECT {'x': 1} AS s")
    until = run("ALTER TABLE t ADD COLUMN s.y INTEGER")
    with pytest.raises(LakeProblem):
        engine.source(T, since, until, added_columns=True)


def test_a_table_that_is_new_has_no_delta_and_an_unknown_one_is_named(engine, run, since):
    until = run("CREATE OR REPLACE TABLE novel AS SELECT 1 AS a")
    with pytest.raises(LakeProblem, match="is new"):
        engine.source(Name("novel"), since, until)
    with pytest.raises(UnknownName, match="did you mean 'novel'"):
        engine.source(Name("nowel"), since, until)


def test_snapshots_in_the_wrong_order_are_refused(engine, since):
    with pytest.raises(UsageProblem):
        engine.source(T, since, since - 1)


def test_kept_snapshots_have_exact_deltas_after_those_between_expired(engine, run, since):
    for value in range(5):
        until = run(f"UPDATE t SET b = {value} WHERE a < 30", f"DELETE FROM t WHERE a = {value}")
        if value == 2:
            engine.compact()
    before = difference(engine, since, until)
    engine.expire(keep_lake=[since, until], keep_store=[], older_than=FAR)
    assert signed(engine, since, until) == difference(engine, since, until) == before
    assert engine.source(T, since, until).keeps is not None


def test_an_expired_snapshot_is_an_error_by_name(engine, run, since):
    run("DELETE FROM t WHERE a = 1")
    until = run("DELETE FROM t WHERE a = 2")
    engine.expire(keep_lake=[until], keep_store=[], older_than=FAR)
    with pytest.raises(LakeProblem) as caught:
        engine.source(T, since, until)
    assert caught.value.error_code == "NO_SNAPSHOT"


def test_a_table_of_another_schema_has_its_own_delta(engine, run, since):
    run('CREATE SCHEMA IF NOT EXISTS "the other"')
    since = run('CREATE OR REPLACE TABLE "the other".t AS SELECT range AS a FROM range(20)')
    until = run('DELETE FROM "the other".t WHERE a = 3')
    source = engine.source(Name("t", "the other"), since, until)
    assert netted(read(engine, until, source.signed)) == {"(3,)": -1}
    assert read(engine, until, f"FROM {source.old}").num_rows == 20


def test_a_record_that_names_the_first_row_twice_is_not_believed(engine, run):
    since = run(
        "CREATE OR REPLACE TABLE t (a BIGINT, x DOUBLE)",
        "INSERT INTO t VALUES (2, 1.5), (0, 0), (0, NULL)",
        "CALL ducklake_merge_adjacent_files('lake')",
        "INSERT INTO t VALUES (1, 1.5)",
    )
    until = run(
        "BEGIN",
        "DELETE FROM t WHERE rowid = 0",
        "UPDATE t SET x = -x WHERE a < 4",
        "MERGE INTO t USING (SELECT 1 AS a, 0.0 AS x) AS u ON t.a = u.a "
        "WHEN MATCHED THEN UPDATE SET x = u.x WHEN NOT MATCHED THEN INSERT VALUES (u.a, u.x)",
        "UPDATE t SET x = -x WHERE a < 1",
        "COMMIT",
        "INSERT INTO t SELECT a, x FROM t LIMIT 2",
    )
    run("CALL ducklake_merge_adjacent_files('lake')")
    taken = (
        f"SELECT count(*) FROM ducklake_table_deletions('lake', 'main', 't', {since + 1}, {until})"
    )
    assert read(engine, until, f"{taken} WHERE rowid = 0").to_pylist()[0]["count_star()"] == 2
    source = engine.source(T, since, until)
    with engine.workbench(until, refresh_time=NOON) as bench:
        found = netted(bench.table(source.kept or source.signed))
    assert found == signed(engine, since, until) == difference(engine, since, until)


def test_what_another_client_rewrote_after_keeping_deletions_elsewhere_has_no_delta(
    engine, run, since, plain_client
):
    plain_client.execute("DELETE FROM t WHERE a = 3")
    until = run("DELETE FROM t WHERE a = 4")
    assert engine.change(T, since, until).deleted == 2
    plain_client.execute("CALL ducklake_rewrite_data_files('lake', delete_threshold => 0.01)")
    later = run("DELETE FROM t WHERE a = 5")
    with pytest.raises(LakeProblem, match="were rewritten by another client") as caught:
        engine.source(T, since, later)
    assert caught.value.error_code == "NO_DELTA"
    assert engine.change(T, since, later).deleted is None
    assert signed(engine, later - 1, later) == {"(5, Decimal('10.5'))": -1}
    engine.expire(keep_lake=[since, later], keep_store=[], older_than=FAR)
    with pytest.raises(LakeProblem, match="were rewritten by another client"):
        engine.source(T, since, later)

"""Stored versions of a view, each led to from the one before by signed rows."""

from collections import Counter
from datetime import UTC, datetime
from itertools import count

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.engines.pairing import paired
from mlview.errors import LakeProblem
from mlview.records import Column
from mlview.testing.histories import netted

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
KILLED = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
import pyarrow as pa
from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.engines.store import Store
from mlview.records import Column
transaction = Store._transaction
def killed(store, cursor, **facts):
    with transaction(store, cursor, **facts):
        yield
    os.kill(os.getpid(), signal.SIGKILL)
Store._transaction = contextmanager(killed)
with DuckLakeEngine(Path(sys.argv[1]), clock=SystemClock()) as engine:
    signed = pa.table({"k": [1, 9], "__mlview_weight": [-1, 1]}).to_reader()
    columns = (Column("k", "BIGINT"),)
    engine.apply_delta(int(sys.argv[2]), int(sys.argv[3]), signed, columns=columns, refresh_id=2)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "x.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock(), lock_timeout=20.0) as engine:
        yield engine


class View:
    """A materialized view of some columns, written and changed by rows in SQL."""

    numbers = count(1)

    def __init__(self, engine, reader, **types):
        self.engine, self.reader, self.id = engine, reader, next(self.numbers)
        self.columns = tuple(Column(name, type_) for name, type_ in types.items())

    def values(self, rows, *more):
        columns = [*self.columns, *(Column(name, "BIGINT") for name in more)]
        struct = f"STRUCT({', '.join(f'{column.name} {column.type}' for column in columns)})"
        selects = [f"SELECT unnest(row({row})::{struct})" for row in rows]
        nothing = f"SELECT unnest(NULL::{struct}) LIMIT 0"
        return self.reader.read(" UNION ALL ".join(selects) or nothing, lossless=True)

    def write(self, *rows):
        return self.engine.write_materialization(
            self.id, self.values(rows), refresh_id=1
        ).stored_snapshot

    def apply(self, base, *signed, columns=None):
        return self.engine.apply_delta(
            self.id,
            base,
            self.values(signed, "__mlview_weight"),
            columns=columns or self.columns,
            refresh_id=2,
        )

    def rows(self, stored):
        """The rows of a version as texts, how often each."""
        return self._texts(f"SELECT * FROM {self.engine.materialization(self.id, stored)}")

    def shown(self, rows):
        """Rows in SQL, in the same way."""
        self.reader.bind_table("shown", self.values(rows).read_all())
        return self._texts("SELECT * FROM shown")

    def _texts(self, sql):
        shown = ", ".join(f"{column.name}::VARCHAR" for column in self.columns)
        table = self.reader.table(f"SELECT {shown} FROM ({sql})")
        return Counter(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def head(self):
        return self.engine.commits()[1]


@pytest.fixture
def reader(engine):
    with engine.reader(0, refresh_time=NOON) as reader:
        yield reader


@pytest.fixture
def view(engine, reader):
    return View(engine, reader, k="BIGINT", s="VARCHAR")


@pytest.fixture
def floats(engine, reader):
    return View(engine, reader, k="BIGINT", x="DOUBLE")


def assert_mismatch(view, base, *signed, match, columns=None):
    before = view.head()
    with pytest.raises(LakeProblem, match=match) as caught:
        view.apply(base, *signed, columns=columns)
    assert caught.value.error_code == "DELTA_MISMATCH"
    assert view.head() == before


def test_rows_are_deleted_and_inserted_as_often_as_they_weigh(view):
    base = view.write("1, 'a'", "1, 'a'", "1, 'a'", "2, 'b'")
    stored = view.apply(base, "1, 'a', -2", "3, 'c', 3", "2, 'b', 1")
    assert view.rows(stored.stored_snapshot) == {("1", "a"): 1, ("2", "b"): 2, ("3", "c"): 3}
    assert stored.rows == 6
    assert view.rows(base) == {("1", "a"): 3, ("2", "b"): 1}


def test_rows_that_cancel_out_need_not_be_there(view):
    base = view.write("1, 'a'")
    stored = view.apply(base, "7, 'x', -1", "7, 'x', 1", "1, 'a', -3", "1, 'a', 2", "2, 'b', 1")
    assert view.rows(stored.stored_snapshot) == {("2", "b"): 1}


def test_a_delta_of_nothing_commits_nothing(view):
    base = view.write("1, 'a'")
    for signed in ((), ("7, 'x', -1", "7, 'x', 1")):
        before = view.head()
        assert view.apply(base, *signed).stored_snapshot == base
        assert view.head() == before


def test_the_commit_names_its_refresh_and_readers_opened_before_see_it(view):
    base = view.write("1, 'a'")
    stored = view.apply(base, "2, 'b', 1").stored_snapshot
    notes = view.reader.table(
        f"SELECT commit_extra_info FROM store.snapshots() WHERE snapshot_id = {stored}"
    )
    assert notes.to_pydict() == {"commit_extra_info": ['{"refresh_id": 2}']}


@pytest.mark.parametrize("row", ["2, 'a', -1", "1, NULL, -1", "1, 'a', -2"])
def test_a_row_that_is_not_there_is_a_mismatch_and_leaves_no_trace(view, row):
    base = view.write("1, 'a'", "3, 'c'")
    assert_mismatch(view, base, "3, 'c', -1", row, "4, 'd', 1", match="1 of [23] rows")
    assert view.rows(base) == {("1", "a"): 1, ("3", "c"): 1}


def test_nulls_and_nans_are_found(floats):
    base = floats.write("NULL, 'nan'", "1, NULL", "2, 'inf'", "3, 1.5")
    signed = ("NULL, '-nan', -1", "1, NULL, -1", "2, 'inf', -1")
    stored = floats.apply(base, *signed)
    assert floats.rows(stored.stored_snapshot) == {("3", "1.5"): 1}


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("DOUBLE", "0.0", "-0.0"),
        ("FLOAT", "-0.0", "0.0"),
        ("INTERVAL", "30 days", "1 month"),
        ("DOUBLE[]", "[0.0]", "[-0.0]"),
        ("STRUCT(x FLOAT, y DATE)", "{x: 0.0, y: 2020-01-01}", "{x: -0.0, y: 2020-01-01}"),
    ],
)
def test_of_values_that_are_equal_the_same_one_is_deleted(engine, reader, type_, one, other):
    view = View(engine, reader, v=type_)
    rows = [f"'{one}'", f"'{other}'"]
    base = view.write(*rows)
    for gone, left in (rows, reversed(rows)):
        stored = view.apply(base, f"{gone}, -1").stored_snapshot
        ((shown,),) = view.rows(stored)
        assert shown == reader.table(f"SELECT {left}::{type_}::VARCHAR AS v")["v"][0].as_py()


def test_floats_that_differ_in_their_last_digits_are_found(floats):
    base = floats.write("1, 0.3", "2, 1e300", "3, '-0.0'")
    stored = floats.apply(base, "1, 0.1::DOUBLE + 0.2::DOUBLE, -1", "2, 1.0000000001e300, -1")
    assert floats.rows(stored.stored_snapshot) == {("3", "-0.0"): 1}
    last = floats.apply(stored.stored_snapshot, "3, 0.0, -1", "4, 1, 1")
    assert floats.rows(last.stored_snapshot) == {("4", "1.0"): 1}


@pytest.mark.parametrize(
    "row", ["1, 0.300000001, -1", "2, 0.3, -1", "3, 1e308, -1", "4, 'inf', -1", "1, NULL, -1"]
)
def test_floats_further_apart_and_other_columns_are_not_alike(floats, row):
    base = floats.write("1, 0.3", "3, 'inf'", "4, 'nan'")
    assert_mismatch(floats, base, row, match="1 of 1 rows")


def test_the_exact_row_goes_before_one_that_is_almost_the_same(floats):
    base = floats.write("1, 0.1::DOUBLE + 0.2::DOUBLE", "1, 0.3")
    stored = floats.apply(base, "1, 0.3, -1").stored_snapshot
    assert floats.rows(stored) == {("1", "0.30000000000000004"): 1}


def test_each_stored_row_is_deleted_once_however_many_are_alike(floats):
    base = floats.write("1, 1.0", "1, 1.0000000005", "2, 5")
    both = ("1, 1.0000000009, -1", "1, 0.9999999996, -1")
    stored = floats.apply(base, *both).stored_snapshot
    assert floats.rows(stored) == {("2", "5.0"): 1}
    assert_mismatch(floats, base, *both, "1, 1.0000000001, -1", match="rows to delete")


def test_a_view_of_floats_only_is_searched_too(engine, reader):
    view = View(engine, reader, x="DOUBLE", y="FLOAT")
    base = view.write(*(f"{n} + 0.1, {n}" for n in range(50)))
    signed = (f"({n} + 0.1::DOUBLE) * (1 + 2e-10::DOUBLE), {n}, -1" for n in range(49))
    stored = view.apply(base, *signed)
    assert view.rows(stored.stored_snapshot) == {("49.1", "49.0"): 1}


def test_pairs_move_aside_for_one_another():
    chain = [(n, 100 + n + step, 1) for n in range(50) for step in (0, 1)]
    last = [(50, 100, 1)]
    pairs = paired([*chain, *last])
    assert len(pairs) == len({right for _, right in pairs}) == 51
    assert {left for left, _ in pairs} == set(range(51))
    assert len(paired([(1, 10, 2), (1, 11, 2), (2, 10, 1)])) < 3


def test_enumerations_are_stored_and_found_as_their_words(engine, reader):
    view = View(engine, reader, e="ENUM('it''s', 'b')", l="ENUM('x')[]")
    base = view.write("'it''s', ['x']", "'b', NULL")
    stored = view.apply(base, "'it''s', ['x'], -1").stored_snapshot
    assert view.rows(stored) == {("b", None): 1}


@pytest.mark.parametrize(
    "columns",
    [
        (Column("k", "BIGINT"), Column("t", "VARCHAR")),
        (Column("k", "BIGINT"),),
        (Column("k", "INTEGER"), Column("s", "VARCHAR")),
        (Column("s", "VARCHAR"), Column("k", "BIGINT")),
    ],
)
def test_other_columns_than_the_stored_ones_are_a_mismatch(view, columns):
    base = view.write("1, 'a'")
    assert_mismatch(view, base, "1, 'a', -1", match="stored column", columns=columns)


def test_a_column_called_rowid_is_a_mismatch(engine, reader):
    view = View(engine, reader, rowid="BIGINT")
    assert_mismatch(view, view.write("7"), "7, -1", match="called rowid")


def test_a_snapshot_without_the_view_is_a_mismatch(view):
    view.write("1, 'a'")
    assert_mismatch(view, 0, "1, 'a', -1", match="no rows of this view")


def test_rows_that_fail_on_the_way_raise_as_they_were_raised(view):
    base = view.write("1, 'a'")
    before = view.head()
    schema = pa.schema({"k": pa.int64(), "s": pa.string(), "__mlview_weight": pa.int64()})

    def failing():
        raise ZeroDivisionError
        yield

    stream = pa.RecordBatchReader.from_batches(schema, failing())
    with pytest.raises(ZeroDivisionError):
        view.engine.apply_delta(view.id, base, stream, columns=view.columns, refresh_id=2)
    assert view.head() == before


# What was written after the version that a delta starts from


def test_a_version_that_nobody_published_is_taken_back_in_the_same_commit(view):
    base = view.write("1, 'a'", "2, 'b'", "2, 'b'")
    view.apply(base, "2, 'b', -1", "9, 'x', 1")
    view.apply(view.head(), "1, 'a', -1", "9, 'y', 2")
    before = view.head()
    stored = view.apply(base, "2, 'b', -2", "3, 'c', 1")
    assert stored.stored_snapshot == before + 1
    assert view.rows(stored.stored_snapshot) == {("1", "a"): 1, ("3", "c"): 1}
    source = view.engine.stored_source(view.id, base, stored.stored_snapshot)
    assert source.kept is not None
    assert netted(view.reader.table(source.signed)) == {"(2, 'b')": -2, "(3, 'c')": 1}


@pytest.mark.parametrize("how", ["written in full", "with other columns", "dropped"])
def test_a_table_made_anew_since_gets_its_rows_back(view, engine, reader, how):
    base = view.write("1, 'a'", "2, 'b'")
    match how:
        case "written in full":
            view.write("5, 'z'")
        case "with other columns":
            other = View(engine, reader, q="INTEGER")
            other.id = view.id
            other.write("5")
        case _:
            engine.drop_materialization(view.id)
    stored = view.apply(base, "2, 'b', -1", "3, 'c', 1")
    assert view.rows(stored.stored_snapshot) == {("1", "a"): 1, ("3", "c"): 1}


def test_a_delta_of_nothing_still_takes_back_what_was_written_since(view):
    base = view.write("1, 'a'")
    view.apply(base, "2, 'b', 1")
    stored = view.apply(base)
    assert stored.stored_snapshot > base
    assert view.rows(stored.stored_snapshot) == view.rows(base)


def test_a_mismatch_after_a_repair_commits_neither(view):
    base = view.write("1, 'a'")
    view.apply(base, "2, 'b', 1")
    assert_mismatch(view, base, "2, 'b', -1", match="1 of 1 rows")


def test_killed_after_the_stores_commit_the_refresh_is_repeated_without_harm(
    engine, reader, start_process
):
    view = View(engine, reader, k="BIGINT")
    base = view.write("1", "2")
    process = start_process(KILLED, engine.path, view.id, base)
    assert process.wait(60) == -9, process.stderr.read()
    assert view.head() == base + 1
    assert view.rows(base + 1) == {("2",): 1, ("9",): 1}
    stored = view.apply(base, "1, -1", "9, 1")
    assert view.rows(stored.stored_snapshot) == {("2",): 1, ("9",): 1}


# Deltas between stored versions


def test_stored_versions_have_deltas_in_both_directions(view):
    one = view.write("1, 'a'", "2, 'b'")
    two = view.apply(one, "1, 'a', -1", "3, 'c', 2").stored_snapshot
    three = view.apply(two, "2, 'b', -1").stored_snapshot
    for since, until in ((one, two), (two, three), (one, three)):
        there = view.engine.stored_source(view.id, since, until)
        back = view.engine.stored_source(view.id, until, since)
        forth = netted(view.reader.table(there.signed))
        assert forth == {row: -n for row, n in netted(view.reader.table(back.signed)).items()}
        assert view.reader.table(f"FROM {there.old}") == view.reader.table(f"FROM {back.new}")
        change = view.rows(until) - view.rows(since)
        assert sum(n for n in forth.values() if n > 0) == change.total()


def test_a_stored_version_is_unchanged_from_itself_whatever_others_wrote(view, engine, reader):
    one = view.write("1, 'a'")
    two = View(engine, reader, k="BIGINT").write("1")
    for since, until in ((one, one), (one, two), (two, one)):
        assert not engine.stored_source(view.id, since, until).changed


def test_versions_written_in_full_are_compared_by_their_rows(view):
    one = view.write("1, 'a'", "2, 'b'", "3, 'c'")
    two = view.write("2, 'b'", "3, 'd'", "1, 'a'", "1, 'a'")
    source = view.engine.stored_source(view.id, one, two)
    assert source.kept is None
    assert netted(view.reader.table(source.signed)) == {
        "(3, 'c')": -1,
        "(3, 'd')": 1,
        "(1, 'a')": 1,
    }


def test_versions_of_other_columns_have_no_delta(view, engine, reader):
    one = view.write("1, 'a'")
    other = View(engine, reader, k="INTEGER", s="VARCHAR")
    other.id = view.id
    with pytest.raises(LakeProblem) as caught:
        engine.stored_source(view.id, one, other.write("1, 'a'"))
    assert caught.value.error_code == "NO_DELTA"


def as_parquet(rows):
    """Parquet's dictionaries have one entry for values that are equal."""
    same = {"-0.0": "0.0", "30 days": "1 month"}
    known = Counter()
    for row, n in rows.items():
        known[tuple(same.get(value, value) for value in row)] += n
    return known


values = st.tuples(
    st.sampled_from(["1", "2", "NULL"]),
    st.sampled_from(["0.0", "-0.0::DOUBLE", "0.1", "'nan'", "NULL"]),
    st.sampled_from(["'1 month'", "'30 days'", "NULL"]),
).map(", ".join)


@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(
    st.lists(st.lists(values, max_size=14), min_size=3, max_size=4),
    st.randoms(use_true_random=False),
)
def test_a_version_is_the_one_it_starts_from_and_its_delta(engine, versions, random):
    with engine.reader(0, refresh_time=NOON) as reader:
        view = View(engine, reader, k="BIGINT", x="DOUBLE", i="INTERVAL")
        stored = [view.write(*versions[0])]
        for after in versions[1:]:
            start = random.randrange(len(stored))
            delta = Counter(after)
            delta.subtract(versions[start])
            signed = [f"{row}, {n}" for row, n in delta.items()]
            result = view.apply(stored[start], *signed)
            stored.append(result.stored_snapshot)
            assert result.rows == len(after)
        for snapshot, rows in zip(stored, versions, strict=True):
            assert as_parquet(view.rows(snapshot)) == as_parquet(view.shown(rows))


def test_kept_versions_have_exact_deltas_after_those_between_expired(view, engine):
    kept = stored = view.write(*(f"{n}, 'a'" for n in range(30)))
    for n in range(4):
        stored = view.apply(stored, f"{n}, 'a', -1", f"{n}, 'b', 1").stored_snapshot
    far = datetime(2999, 1, 1, tzinfo=UTC)
    engine.expire(keep_lake=[], keep_store=[kept, stored], older_than=far)
    source = engine.stored_source(view.id, kept, stored)
    assert source.kept is not None
    expected = {f"({n}, '{s}')": w for n in range(4) for s, w in (("a", -1), ("b", 1))}
    assert netted(view.reader.table(source.signed)) == expected

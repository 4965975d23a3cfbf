"""Columns counted in bins, whatever their values are."""

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.engines.histograms import counted, counted_in, histograms_of, training_histograms
from mlview.engines.plain import plainly_read
from mlview.errors import ColumnMismatch
from mlview.planning.drift import drift, summary
from mlview.records import Column

NOW = datetime(2013, 1, 1, tzinfo=UTC)


def one(values, kind="DOUBLE", arrow=None, **options):
    """The histogram of a single column, or None if it has none."""
    table = pa.table({"x": pa.array(values, arrow)})
    found = histograms_of(table, [Column("x", kind)], **options)
    return found[0] if found else None


def again(histogram, values, arrow=None):
    """Later values in the same bins."""
    [(counts, missing)], rows, sampled = counted_in(
        pa.table({histogram.column: pa.array(values, arrow)}), [histogram]
    )
    assert rows == len(values)
    assert not sampled
    return counts, missing


def plainly(histogram, values):
    """The same, counted without Arrow or SQL."""
    counts, missing = [0] * histogram.bins, 0
    for value in values:
        if value is None or math.isnan(value):
            missing += 1
        else:
            counts[sum(value > edge for edge in histogram.inner)] += 1
    return tuple(counts), missing


ANY = st.lists(st.none() | st.floats() | st.sampled_from([0.0, -0.0, 1.0, 5e-324]), max_size=40)


@settings(max_examples=40, deadline=None)
@given(ANY, ANY)
def test_every_row_is_counted_in_its_bin_whatever_it_is(before, later):
    histogram = one(before, arrow=pa.float64())
    if histogram is None:
        known = {v for v in before if v is not None and not math.isnan(v)}
        assert len(known - {math.inf, -math.inf}) <= 1
        return
    assert (histogram.counts, histogram.missing) == plainly(histogram, before)
    assert again(histogram, later, pa.float64()) == plainly(histogram, later)


def test_quantiles_make_bins_of_equal_counts():
    histogram = one(np.random.default_rng(0).normal(size=10_000))
    assert histogram.bins == 10
    assert all(abs(count - 1000) <= 1 for count in histogram.counts)
    assert histogram.spread == pytest.approx(1.0, abs=0.05)


def test_edges_are_values_of_the_column_the_lower_where_a_quantile_is_between_two():
    histogram = one([float(i) for i in range(12)])
    assert histogram.edges == (*map(float, range(10)), 11.0)
    assert histogram.spread == pytest.approx(math.sqrt((12**2 - 1) / 12), rel=1e-15)


def test_equal_quantiles_are_one_bin():
    histogram = one([0.0] * 60 + [float(i) for i in range(1, 41)])
    assert histogram.bins == 5
    assert histogram.inner[0] == 0.0
    assert histogram.counts[0] == 60


def test_values_outside_the_training_range_and_infinite_ones_are_in_the_outer_bins():
    histogram = one([float(i) for i in range(100)])
    counts, missing = again(histogram, [-math.inf, -5.0, 1e300, math.inf, math.nan, None])
    assert (counts[0], counts[-1], missing) == (2, 2, 2)


def test_infinity_and_huge_values_in_training_do_no_harm():
    histogram = one([math.inf, -math.inf, 1e300, -1e300, *map(float, range(50))])
    assert histogram.rows == 54
    assert all(map(math.isfinite, (*histogram.edges, *histogram.centres, histogram.spread)))


@pytest.mark.parametrize(
    ("values", "kind", "arrow"),
    [
        ([True, False, True, None], "BOOLEAN", None),
        ([2**70, 1, 2, None], "HUGEINT", pa.decimal128(38, 0)),
        ([Decimal("1.50"), Decimal("2.25"), None], "DECIMAL(10,2)", None),
        ([1, 2, 3, None], "UTINYINT", pa.uint8()),
        ([date(1, 1, 1), date(9999, 12, 31), None], "DATE", None),
        ([1_577_836_800_000_000, 0], "TIMESTAMP", pa.timestamp("us")),
        ([NOW, datetime(2014, 1, 1, tzinfo=UTC)], "TIMESTAMP WITH TIME ZONE", None),
        ([1, 2, None], "TIMESTAMP_NS", pa.timestamp("ns")),
        ([time(1), time(2)], "TIME", None),
    ],
)
def test_numbers_booleans_and_moments_have_histograms(values, kind, arrow):
    histogram = one(values, kind, arrow)
    assert histogram.kind == "number"
    assert histogram.rows == len(values)
    assert histogram.missing == sum(value is None for value in values)
    assert again(histogram, values, arrow) == (histogram.counts, histogram.missing)


def test_moments_are_seconds_and_those_at_infinity_are_missing(flights):
    query = """SELECT * FROM (VALUES ('infinity'::TIMESTAMP), ('-infinity'::TIMESTAMP),
               ('1970-01-01 00:00:01'::TIMESTAMP), ('1970-01-02'::TIMESTAMP)) v(seen)"""
    [histogram] = training_histograms(flights, query, [Column("seen", "TIMESTAMP")])
    assert (histogram.edges[0], histogram.edges[-1], histogram.missing) == (1.0, 86_400.0, 2)


@pytest.mark.parametrize(
    ("values", "kind", "arrow"),
    [
        ([5, 5, 5], "INTEGER", None),
        ([None, None], "DOUBLE", pa.float64()),
        ([math.nan, math.nan], "DOUBLE", pa.float64()),
        ([None, None], "VARCHAR", pa.string()),
        (["a"] * 50, "VARCHAR", None),
        ([], "DOUBLE", pa.float64()),
        ([b"a", b"b"], "BLOB", None),
        ([[1], [2]], "BIGINT[]", None),
        ([{"a": 1}, {"a": 2}], "STRUCT(a BIGINT)", None),
    ],
)
def test_constants_and_what_has_no_order_and_no_levels_have_none(values, kind, arrow):
    assert one(values, kind, arrow) is None


def test_a_value_that_nearly_all_rows_share_still_has_bins():
    values = [7.0] * 300_000
    values[150_001] = 8.0
    histogram = one(values, sample=1000)
    assert sorted(histogram.counts, reverse=True)[:2] == [299_999, 1]


TEXTS = ["AA", "DL", "it's", 'a"b', "nul\0inside", "", "ü\u202e", "NULL"]


def test_texts_are_counted_by_level_and_unseen_ones_are_others():
    histogram = one(TEXTS * 100 + [None] * 80, "VARCHAR")
    assert set(histogram.levels) == set(TEXTS)
    assert histogram.counts[-1] == 0
    assert histogram.missing > 50
    counts, missing = again(histogram, ["DL", "DL", "never seen", "nul", None, "nul\0inside"])
    by_level = dict(zip(histogram.levels, counts, strict=False))
    assert (by_level["DL"], by_level["nul\0inside"], counts[-1], missing) == (2, 1, 2, 1)


def test_the_rows_that_chose_the_levels_are_not_counted():
    values = ["a", None, "b", "a"] * 250
    histogram = one(values, "VARCHAR")
    assert histogram.levels == ("a", "b")
    assert histogram.rows == 900
    counts, missing = again(histogram, values)
    left_out = [a - b for a, b in zip((*counts, missing), (*histogram.counts, histogram.missing),
                                      strict=True)]  # fmt: skip
    assert sum(left_out) == 100
    assert left_out[2] == 0
    assert all(15 <= chosen <= 60 for chosen in (left_out[0], left_out[1], left_out[3]))


@pytest.mark.parametrize("levels", [40, 150])
def test_a_column_of_many_equally_frequent_texts_does_not_seem_to_drift(levels):
    for seed in range(8):
        random = np.random.default_rng(seed)
        values = [[f"v{i}" for i in random.integers(0, levels, 4000)] for _ in range(2)]
        histogram = one(values[0], "VARCHAR")
        if histogram is not None:
            assert summary([drift(histogram, *again(histogram, values[1]))])[0] is None


def test_an_enum_is_text():
    values = pa.array(["a", "b"] * 200).dictionary_encode()
    assert one(values, "ENUM('a', 'b')").kind == "category"


def test_names_need_no_care():
    name = 'Sele"ct x'
    table = pa.table({name: [1, 2, 3], "select": ["a", "b", "a"]})
    columns = [Column(name, "BIGINT"), Column("select", "VARCHAR")]
    histograms = histograms_of(table, columns)
    assert histograms[0].column == name
    assert counted_in(table, histograms)[0][0] == (histograms[0].counts, 0)


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    path = tmp_path_factory.mktemp("lake") / "flights.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock(), lock_timeout=20.0) as engine:
        with engine.connection() as connection:
            connection.run(
                "CREATE TABLE flights AS SELECT i, (hash(i) % 1000)::INTEGER AS delay, "
                "'c' || (hash(i + 7) % 5) AS carrier, i % 3 = 0 AS late FROM range(30_000) t(i)"
            )
        with engine.reader(engine.current_snapshot().id, refresh_time=NOW) as reader:
            yield reader


def test_rows_of_a_lake_and_of_memory_have_the_same_histograms(flights):
    columns = flights.describe("FROM flights")
    of_lake = training_histograms(flights, "SELECT * FROM flights -- all", columns)
    assert [h.column for h in of_lake] == ["i", "delay", "carrier", "late"]
    assert of_lake == histograms_of(flights.table("FROM flights"), columns)
    by_name = counted(flights, "flights", of_lake)
    assert by_name == counted(flights, "SELECT * FROM flights", of_lake)
    assert by_name == counted_in(flights.table("FROM flights"), of_lake)
    assert by_name[1:] == (30_000, False)


def some(values, kind):
    return st.lists(st.none() | values, min_size=30, max_size=30).map(lambda v: pa.array(v, kind))


FLOATS = st.floats(width=32) | st.sampled_from([0.0, -0.0, math.inf, math.nan])
PLAIN = {
    "DOUBLE": some(st.floats() | FLOATS, pa.float64()),
    "FLOAT": some(FLOATS, pa.float32()),
    "TINYINT": some(st.integers(-(2**7), 2**7 - 1), pa.int8()),
    "BIGINT": some(st.integers(-(2**63), 2**63 - 1), pa.int64()),
    "UBIGINT": some(st.integers(0, 2**64 - 1), pa.uint64()),
    "BOOLEAN": some(st.booleans(), pa.bool_()),
    "VARCHAR": some(st.sampled_from(TEXTS), pa.string()),
}


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries(PLAIN))
def test_rows_in_memory_are_counted_as_duckdb_counts_them(flights, values):
    table = pa.concat_tables([pa.table(values).slice(0, 11), pa.table(values).slice(11)])
    columns = [Column(kind, kind) for kind in PLAIN]
    assert plainly_read(table, columns) is not None
    flights.bind_table("rows_in_memory", table)
    by_duckdb = training_histograms(flights, "FROM rows_in_memory", columns)
    assert histograms_of(table, columns) == by_duckdb


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pa.array([1, 2], pa.timestamp("us")), "TIMESTAMP"),
        (pa.array([2**60, 1], pa.decimal128(38, 0)), "HUGEINT"),
        (pa.array(["1", "2"]), "DOUBLE"),
        (pa.array(["a", "b"]).dictionary_encode(), "VARCHAR"),
    ],
)
def test_other_rows_in_memory_are_left_to_duckdb(values, kind):
    assert plainly_read(pa.table({"x": values}), [Column("x", kind)]) is None


def test_a_relation_may_begin_with_the_word_of_a_query(flights):
    flights.bind_view("from_today", "SELECT * FROM flights")
    histograms = training_histograms(flights, "FROM from_today", flights.describe("FROM flights"))
    assert counted(flights, "from_today", histograms)[1] == 30_000


def test_beyond_the_limit_a_sample_is_counted_always_the_same_one(flights):
    histograms = training_histograms(flights, "FROM flights", flights.describe("FROM flights"))
    first = counted(flights, "flights", histograms, max_rows=3000)
    assert first == counted(flights, "flights", histograms, max_rows=3000)
    counts, rows, sampled = first
    assert (rows, sampled) == (30_000, True)
    assert all(2700 < sum(c) + missing < 3300 for c, missing in counts)
    found = [drift(h, *c) for h, c in zip(histograms, counts, strict=True)]
    assert summary(found)[0] is None


def test_edges_from_a_sample_are_always_the_same_and_all_rows_are_counted(flights):
    columns = flights.describe("FROM flights")
    first = training_histograms(flights, "FROM flights", columns, sample=1000)
    assert first == training_histograms(flights, "FROM flights", columns, sample=1000)
    assert all(h.rows == 30_000 for h in first if h.kind == "number")


def test_a_column_that_is_gone_or_of_another_kind_is_named():
    histograms = histograms_of(pa.table({"delay": [1, 2, 3]}), [Column("delay", "BIGINT")])
    with pytest.raises(ColumnMismatch, match="delay") as missing:
        counted_in(pa.table({"delays": [1, 2]}), histograms)
    assert missing.value.hint == "did you mean 'delays'?"
    with pytest.raises(ColumnMismatch, match="VARCHAR"):
        counted_in(pa.table({"DELAY": ["1", "2"]}), histograms)


def test_without_histograms_only_the_rows_are_numbered():
    assert counted_in(pa.table({"x": [1, 2]}), []) == ([], 2, False)

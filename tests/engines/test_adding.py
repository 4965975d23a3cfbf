"""Grouped queries that are maintained from sums kept of their groups."""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from random import Random

import pytest

from mlview.clock import SystemClock
from mlview.definitions import Name
from mlview.deltas import Strategy
from mlview.engines import DuckLakeEngine
from mlview.engines.differencing import release
from mlview.engines.differencing.adding import added_delta, adding_operators, whole_sums
from mlview.engines.values import SumsDelta

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
TABLE = "(k INTEGER, g DOUBLE, i INTEGER, d DECIMAL(18,2), x DOUBLE, f FLOAT, s VARCHAR, day DATE)"
EVERYTHING = """count(*) AS n, count(x) AS nx, sum(i) AS si, avg(i) AS ai, sum(d) AS sd,
    avg(d) AS ad, sum(x) AS sx, avg(x) AS ax, sum(f) AS sf, min(x) AS lx, max(x) AS gx,
    min(i) AS li, max(s) AS gs, min(day) AS lday, max(d) AS gd, count_if(i > 1) AS ni,
    bool_and(i > 0) AS every, bool_or(i > 2) AS some, sum(x) FILTER (i > 1) AS fx,
    count(*) FILTER (s = 'a') AS fn, max(day) FILTER (WHERE k IS NULL) AS fday"""
QUERIES = {
    "all aggregates by one key": f"SELECT k, {EVERYTHING} FROM t GROUP BY k",
    "all rows as one group": f"SELECT {EVERYTHING} FROM t",
    "one group that HAVING may hide": "SELECT sum(i) AS n FROM t HAVING count(*) > 3",
    "keys that are not shown": "SELECT sum(d) AS d, max(i) AS i FROM t GROUP BY k, s",
    "sums that are not finite, by keys that are not shown": (
        "SELECT avg(x) AS a, sum(g) AS g, avg('inf'::DOUBLE) AS most FROM t GROUP BY k"
    ),
    "keys as expressions": "SELECT k % 2 AS odd, s, 1 + sum(d) AS d FROM t GROUP BY ALL",
    "a key by its alias, twice": (
        "SELECT k % 2 AS odd, max(x) AS x, odd AS again FROM t GROUP BY odd, k % 2"
    ),
    "keys by position": "SELECT s, day, min(i), count(*) FROM t GROUP BY 1, 2",
    "keys of floats": "SELECT g, count(*) AS n, sum(d) AS d, 1 / g AS inverse FROM t GROUP BY g",
    "HAVING": "SELECT k, avg(d) AS d FROM t GROUP BY k HAVING count(*) > 2 AND max(i) > 1",
    "arithmetic of aggregates": (
        "SELECT s, round(sum(d) / count(*), 3) AS mean, CASE WHEN min(i) > 0 THEN 'x' ELSE s END "
        "AS what FROM t GROUP BY s ORDER BY mean"
    ),
    "WHERE": "SELECT k, sum(i) AS i, max(s) AS s FROM t WHERE i > 0 GROUP BY k",
    "a join": (
        "SELECT t.k, u.s, sum(t.d::DECIMAL(30,2) * u.k) AS d, max(u.d) AS m FROM t "
        "JOIN t AS u ON t.i = u.i GROUP BY ALL"
    ),
    "an outer join": (
        "SELECT u.s, count(*) AS n, sum(u.i) AS i, max(t.day) AS day FROM t LEFT JOIN "
        "(SELECT * FROM t WHERE i > 1) AS u ON t.k = u.k GROUP BY u.s"
    ),
    "DISTINCT below": (
        "SELECT k, count(*) AS n, max(i) AS i FROM (SELECT DISTINCT k, i FROM t) GROUP BY k"
    ),
    "keys alone": "SELECT k, s FROM t GROUP BY k, s",
}
VALUES = {
    "k": ["NULL", "0", "1", "2"],
    "g": ["NULL", "0.0", "-0.0", "'nan'", "1.5", "'inf'"],
    "i": ["NULL", "-1", "1", "2", "3", "2147483647"],
    "d": ["NULL", "-1.25", "0.1", "7.5", "9999999999999999.99"],
    "x": ["NULL", "-0.0", "1.5", "-2.25", "0.1", "1e16", "1e300", "'inf'", "'-inf'", "'nan'"],
    "f": ["NULL", "0.1", "2.5", "3e38"],
    "s": ["NULL", "'a'", "'A'", "''", "'b'"],
    "day": ["NULL", "DATE '2024-01-01'", "DATE '1900-02-03'", "DATE 'infinity'"],
}


class History:
    """Random rows, and random statements that change a table of such rows."""

    def __init__(self, seed):
        self.random = Random(seed)

    def rows(self, most):
        choose = self.random.choice
        count = self.random.randint(1, most)
        return [tuple(map(choose, VALUES.values())) for _ in range(count)]

    def condition(self):
        column = self.random.choice(list(VALUES))
        return f"{column} IS NOT DISTINCT FROM {self.random.choice(VALUES[column])}"

    def statement(self):
        column = self.random.choice(list(VALUES))
        value = self.random.choice(VALUES[column])
        kinds = {
            f"INSERT INTO t VALUES {listed(self.rows(6))}": 45,
            f"DELETE FROM t WHERE {self.condition()}": 20,
            f"UPDATE t SET {column} = {value} WHERE {self.condition()}": 30,
            "DELETE FROM t": 3,
            "UPDATE t SET i = i": 2,
        }
        return self.random.choices(list(kinds), weights=kinds.values())[0]


def listed(rows):
    return ", ".join(f"({', '.join(row)})" for row in rows)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    path = tmp_path_factory.mktemp("adding") / "x.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock(), lock_timeout=20.0) as engine:
        yield engine


@pytest.fixture(scope="module")
def connection(engine):
    with engine.connection() as connection:
        yield connection


def between(engine, since, until):
    """What names stand for at both ends of a delta."""

    def resolve(_catalog, _schema, name):
        return engine.source(Name(name), since, until)

    return resolve


class View:
    """A grouped query over `t`, stored with the sums of its groups."""

    numbers = count(1)

    def __init__(self, engine, query):
        self.engine, self.query, self.id = engine, query, next(self.numbers)
        self.at = engine.current_snapshot().id
        with engine.reader(self.at, refresh_time=NOON) as reader:
            self.columns = reader.describe(query)
            sums = whole_sums(reader, query, between(engine, self.at, self.at))
            assert sums is not None
            result = engine.write_materialization(
                self.id,
                reader.read(sums.rows, lossless=True),
                refresh_id=1,
                state=lambda: reader.read(sums.state, lossless=True),
            )
            self.stored, self.rows = result.stored_snapshot, result.rows

    def delta(self, reader):
        return added_delta(
            reader,
            self.query,
            between(self.engine, self.at, reader.snapshot_id),
            state=self.engine.kept_sums(self.id, self.stored),
            stored=self.engine.materialization(self.id, self.stored),
            schema=self.columns,
            old_time=NOON,
            new_time=NOON,
        )

    def refresh(self):
        """Bring it up to date by adding; how many rows came and went."""
        now = self.engine.current_snapshot().id
        with self.engine.workbench(now, refresh_time=NOON) as reader:
            delta = self.delta(reader)
            assert delta is not None
            assert delta.rows.operators[0].strategy is Strategy.ADDITIVE
            rows = reader.table(f"FROM {delta.rows.table}", lossless=True)
            sums = reader.table(f"FROM {delta.state}", lossless=True)
            release(reader, delta.rows)
            reader.run(f"DROP TABLE {delta.state}")
        result = self.engine.apply_delta(
            self.id,
            self.stored,
            rows.to_reader(),
            columns=self.columns,
            refresh_id=2,
            state=SumsDelta(sums.to_reader(), delta.keys, delta.shown, self.rows),
        )
        self.stored, self.rows, self.at = result.stored_snapshot, result.rows, now
        return delta.rows.inserted, delta.rows.deleted

    def check(self):
        """Assert that rows and sums are what the query and its groups are now."""
        with self.engine.reader(self.at, refresh_time=NOON) as reader:
            rows = f"FROM {self.engine.materialization(self.id, self.stored)}"
            found = self.values(reader, rows)
            assert len(found) == self.rows
            assert_alike(found, self.values(reader, self.query))
            whole = whole_sums(reader, self.query, between(self.engine, self.at, self.at))
            kept = f"FROM {self.engine.kept_sums(self.id, self.stored)}"
            assert_alike(self.sums(reader, kept), self.sums(reader, whole.state))
            reader.run(f"DROP TABLE {whole.table}")

    def values(self, reader, query):
        return sorted(reader.run(f"SELECT * FROM ({query})"), key=order)

    def sums(self, reader, query):
        """All but the magnitudes, which remember what was there, and of extremes the first."""
        kept = [
            f"{each.name}[1]" if each.type.endswith("[]") else each.name
            for each in reader.describe(query)
            if not re.fullmatch(r"m\d+", each.name)
        ]
        return self.values(reader, f"SELECT {', '.join(kept)} FROM ({query})")


def order(row):
    """Rows in an order that the last digits of floats do not decide."""
    return repr([f"{value:.6e}" if isinstance(value, float) else value for value in row])


def assert_alike(found, expected):
    assert len(found) == len(expected), (found, expected)
    for one, other in zip(found, expected, strict=True):
        for left, right in zip(one, other, strict=True):
            if isinstance(left, float) and isinstance(right, float) and math.isfinite(right):
                assert math.isclose(left, right, rel_tol=1e-9), (one, other)
            else:
                # HUGEINT is stored as DECIMAL.
                whole = isinstance(left, Decimal) and isinstance(right, int)
                assert repr(int(left) if whole else left) == repr(right), (one, other)


@pytest.fixture
def table(connection):
    def make(*rows):
        connection.run(f"CREATE OR REPLACE TABLE t {TABLE}")
        if rows:
            connection.run(f"INSERT INTO t VALUES ({'), ('.join(rows)})")

    return make


@pytest.mark.parametrize("name", QUERIES)
def test_a_view_is_what_its_query_says_after_every_refresh(engine, connection, table, name):
    history = History(name)
    table(*(", ".join(row) for row in history.rows(12)))
    view = View(engine, QUERIES[name])
    for _ in range(2):
        for _ in range(history.random.randint(1, 3)):
            connection.run(history.statement())
        view.refresh()
        view.check()


def added(engine, connection, query, *statements):
    """A view, brought up to date after each statement; it must be right each time."""
    view = View(engine, query)
    for statement in statements:
        connection.run(statement)
        view.refresh()
        view.check()
    return view


def test_a_corrupt_batch_that_came_and_went_leaves_no_trace(engine, connection, table):
    table("1, 1, 1, 1, 0.1, 0.1, 'a', NULL", "1, 1, 2, 2, 0.7, 0.2, 'a', NULL")
    batch = ["1e300", "'inf'", "'nan'", "-1e16"]
    rows = ", ".join(f"(1, 1, 9, 3, {x}, 3e38, 'z', NULL)" for x in batch)
    view = added(
        engine,
        connection,
        "SELECT k, sum(x) AS s, avg(x) AS a, min(x) AS l, max(x) AS g FROM t GROUP BY k",
        f"INSERT INTO t VALUES {rows}",
        "DELETE FROM t WHERE i = 9",
    )
    with engine.reader(view.at, refresh_time=NOON) as reader:
        rows = f"SELECT s, a, l, g FROM {engine.materialization(view.id, view.stored)}"
        assert reader.run(rows) == [(0.1 + 0.7, (0.1 + 0.7) / 2, 0.1, 0.7)]
        kept = f"SELECT m0 FROM {engine.kept_sums(view.id, view.stored)}"
        assert reader.run(kept)[0][0] < 10


def test_extremes_are_taken_from_those_kept_until_all_of_them_are_gone(engine, connection, table):
    table(*(f"1, 1, {n}, 1, 1, 1, 'a', NULL" for n in range(12)))
    gone = [f"DELETE FROM t WHERE i = {n}" for n in (11, 9, 10, 0)]
    more = [
        "INSERT INTO t (k, i) VALUES (1, 3)",
        "DELETE FROM t WHERE i > 4",
        "INSERT INTO t (k, i) VALUES (1, 3), (1, 3), (1, -1), (2, 5)",
        "DELETE FROM t WHERE i = 3",
    ]
    query = "SELECT k, max(i) AS g, min(i) AS l FROM t GROUP BY k"
    added(engine, connection, query, *gone, *more)


def test_every_group_may_vanish_and_come_again(engine, connection, table):
    table("1, 1, 1, 1, 1, 1, 'a', NULL", "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL")
    back = "INSERT INTO t (k, s, d) VALUES (NULL, NULL, 2), (NULL, '', 3), (7, 'a', 4)"
    query = "SELECT k, s, sum(d) AS d, count(*) AS n FROM t GROUP BY ALL"
    view = added(engine, connection, query, "DELETE FROM t", back)
    assert view.rows == 3


def test_rows_that_do_not_change_a_group_change_no_row(engine, connection, table):
    table("1, 1, 1, 1, 0.1, 1, 'a', NULL", "1, 1, 5, 1, 0.2, 1, 'a', NULL")
    view = View(engine, "SELECT k, avg(x) AS a, max(i) AS i FROM t GROUP BY k")
    connection.run("INSERT INTO t (k, i) VALUES (1, 3)")
    assert view.refresh() == (0, 0)
    connection.run("DELETE FROM t WHERE i = 5")
    assert view.refresh() == (1, 1)
    view.check()


def test_a_commit_that_was_never_published_is_taken_back_with_its_sums(engine, connection, table):
    table("1, 1, 1, 1, 1, 1, 'a', NULL", "2, 1, 5, 1, 1, 1, 'a', NULL")
    for query in (QUERIES["all aggregates by one key"], QUERIES["keys that are not shown"]):
        view = View(engine, query)
        stored, at, rows = view.stored, view.at, view.rows
        connection.run("INSERT INTO t (k, i) VALUES (1, 3), (4, 4)")
        view.refresh()
        view.stored, view.at, view.rows = stored, at, rows
        connection.run("UPDATE t SET i = i + 1 WHERE k = 1")
        view.refresh()
        view.check()


def test_sums_of_another_state_of_the_table_are_not_added_to(engine, connection, table):
    table("1, 1, 1, 1, 1, 1, 'a', NULL")
    view = View(engine, "SELECT k, count(*) AS n FROM t GROUP BY k")
    connection.run("INSERT INTO t (k) VALUES (1), (1)")
    view.at = engine.current_snapshot().id
    connection.run("DELETE FROM t")
    now = engine.current_snapshot().id
    with engine.workbench(now, refresh_time=NOON) as reader:
        assert view.delta(reader) is None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT k, count(DISTINCT i) FROM t GROUP BY k",
        "SELECT k, median(x) FROM t GROUP BY k",
        "SELECT k, string_agg(s, ',' ORDER BY i) FROM t GROUP BY k",
        "SELECT k, max(x, 2) FROM t GROUP BY k",
        "SELECT k, first(x) FROM t GROUP BY k",
        "SELECT k, sum(i) FROM t GROUP BY ROLLUP (k)",
        "SELECT k, sum(i) FROM t GROUP BY k ORDER BY k LIMIT 2",
        "SELECT DISTINCT count(*) FROM t GROUP BY k",
        "SELECT k, sum(i), row_number() OVER (ORDER BY k) FROM t GROUP BY k",
        "SELECT k, sum(i) FROM t GROUP BY k QUALIFY row_number() OVER (ORDER BY k) < 3",
        "SELECT k, unnest([1, 2]), sum(i) FROM t GROUP BY k",
        "SELECT k, sum(i) + (SELECT max(i) FROM t) FROM t GROUP BY k",
        "SELECT [k] AS k, sum(i) FROM t GROUP BY ALL",
        "SELECT day - DATE '2020-01-01' AS n, to_days(k) AS span, sum(i) FROM t GROUP BY ALL",
        "SELECT k, max({'i': i}) FROM t GROUP BY k",
        "SELECT max(n) FROM (SELECT k, sum(x) AS n FROM t GROUP BY k)",
        "SELECT s COLLATE NOCASE AS s, count(*) FROM t GROUP BY ALL",
        "SELECT k, i FROM t",
        "SELECT k, sum(i) FROM t GROUP BY k UNION ALL SELECT 1, 2",
    ],
)
def test_what_is_no_function_of_sums_is_not_kept_as_sums(engine, connection, table, query):
    table()
    at = engine.current_snapshot().id
    with engine.reader(at, refresh_time=NOON) as reader:
        resolve = between(engine, at, at)
        assert adding_operators(reader, query, resolve) is None
        assert whole_sums(reader, query, resolve) is None


def test_a_state_that_is_much_larger_than_its_rows_is_not_kept(engine, connection):
    connection.run("CREATE OR REPLACE TABLE t AS SELECT range AS k FROM range(30000)")
    at = engine.current_snapshot().id
    with engine.reader(at, refresh_time=NOON) as reader:
        resolve = between(engine, at, at)
        hiding = "SELECT k, count(*) FROM t GROUP BY k HAVING count(*) > 1"
        assert whole_sums(reader, hiding, resolve) is None
        assert whole_sums(reader, "SELECT k, count(*) FROM t GROUP BY k", resolve) is not None


def test_sums_go_with_their_view(engine, connection, table):
    table()
    view = View(engine, "SELECT k, count(*) AS n FROM t GROUP BY k")
    names = {f"v{view.id}", f"s{view.id}"}
    head = engine.commits()[1]
    assert names <= {name.plain for name in engine._stored.tables(head)}
    engine.drop_materialization(view.id)
    head = engine.commits()[1]
    assert not names & {name.plain for name in engine._stored.tables(head)}

"""Changes of queries on a real lake, each against the rows of the query at both ends."""

# ruff: noqa: E501 - a query is easier to read on one line

import math
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlview.clock import SystemClock
from mlview.definitions import Name, fold
from mlview.deltas import Strategy
from mlview.engines import DuckLakeEngine
from mlview.engines.differencing import (
    query_delta,
    query_operators,
    query_text_at,
    release,
)
from mlview.errors import BindProblem, LakeProblem, MlviewError, ReservedName, UnknownName
from mlview.records import Column

START = datetime(2024, 1, 10, tzinfo=UTC)
SETUP = """
CREATE TABLE flights (id INTEGER, carrier VARCHAR, day DATE, plane INTEGER, delay DOUBLE, seats INTEGER);
CREATE TABLE weather (day DATE, temp INTEGER, wind DOUBLE);
CREATE TABLE planes (plane INTEGER, model VARCHAR, built INTEGER);
CREATE TABLE odd (a INTEGER, "Two words" VARCHAR, s STRUCT(x DOUBLE, l INTEGER[]), i INTERVAL, f DOUBLE);
CREATE TABLE kk (k0 INTEGER, planes STRUCT(plane INTEGER), plane INTEGER);
CREATE TABLE still (a INTEGER, b INTEGER);
INSERT INTO flights SELECT range, ['AA', 'B6', 'UA', NULL][1 + range % 4],
  DATE '2024-01-01' + (range % 12)::INTEGER, nullif(range % 6, 5), range % 7 / 2.0, 100 + range % 3
  FROM range(60);
INSERT INTO weather SELECT DATE '2024-01-01' + range::INTEGER, range % 5, range / 4 FROM range(10);
INSERT INTO planes SELECT range, 'm' || range % 3, 1990 + range FROM range(5);
INSERT INTO odd VALUES (1, 'x', {'x': 0.5, 'l': [1]}, '1 month', 0), (2, NULL, NULL, '1 day', 'nan'),
  (3, 'z', {'x': 1.5, 'l': []}, NULL, NULL);
INSERT INTO kk VALUES (1, {'plane': 4}, 2), (2, NULL, 3);
INSERT INTO still VALUES (1, 2), (2, 3), (2, 3);
"""
VIEWS = {
    "by_plane": "SELECT plane, count(*) AS n, max(delay) AS worst FROM flights GROUP BY plane",
    "recent": "FROM flights WHERE day > refresh_time()::DATE - 6",
}
CHANGES = [
    # inserts, with NULL keys and copies
    """INSERT INTO flights VALUES (100, 'AA', '2024-01-03', 2, 9.5, 100),
         (100, 'AA', '2024-01-03', 2, 9.5, 100), (101, NULL, NULL, NULL, NULL, NULL);
       INSERT INTO weather VALUES ('2024-01-11', 3, 1.5), (NULL, 3, 1.5)""",
    # updates, also of values that only look alike
    """UPDATE flights SET delay = delay + 1 WHERE id % 9 = 0;
       UPDATE planes SET model = 'm9' WHERE plane = 2;
       INSERT INTO kk VALUES (2, {'plane': 1}, 4);
       UPDATE odd SET s = {'x': 2.5, 'l': [1]}, f = '-0.0', i = '30 days' WHERE a = 1""",
    # deletes, and rows that match nothing any more
    """DELETE FROM flights WHERE id % 11 = 3; DELETE FROM weather WHERE temp = 2;
       DELETE FROM planes WHERE plane = 1; DELETE FROM odd WHERE a = 2""",
    # an emptied table
    "DELETE FROM weather; INSERT INTO flights SELECT * FROM flights WHERE id < 4",
    # a table that fills up again, beside nothing that counts
    "INSERT INTO weather VALUES ('2024-01-04', 1, 1); UPDATE flights SET seats = seats + 1",
]

ONE = Strategy.ONE_GROUP
L, J, K = Strategy.LINEAR, Strategy.TELESCOPED, Strategy.TOUCHED_KEYS
W, F = Strategy.WINDOW_MOVED, Strategy.FULL_DIFFERENCE
QUERIES = {
    # filters and projections
    "SELECT id, delay * 2 AS twice FROM flights WHERE delay > 1": {L},
    "FROM odd SELECT * REPLACE (i::VARCHAR AS i)": {L},
    "SELECT o AS whole, o.s.x FROM odd AS o": {L},
    'SELECT "Two words" AS "W", 1 / f AS sign FROM odd': {L},
    "SELECT unnest([id, plane]) AS each FROM flights": {L},
    "SELECT f.* EXCLUDE (day) REPLACE (-delay AS delay) FROM flights AS f": {L},
    # joins
    "SELECT f.id, w.temp, p.model FROM flights f JOIN weather w USING (day) JOIN planes p USING (plane)": {
        J
    },
    "SELECT * FROM flights NATURAL JOIN weather": {J},
    "SELECT f.id, g.id AS other FROM flights f JOIN flights g ON f.plane = g.plane AND f.id < g.id": {
        J
    },
    "SELECT f.id, p.model FROM flights f, planes p WHERE f.plane = p.plane": {J},
    "SELECT f.id, u.x FROM flights f, unnest([f.plane, f.seats]) AS u(x)": {J},
    "SELECT f.id, w.temp FROM flights f LEFT JOIN weather w USING (day)": {J, K},
    "SELECT f.id, p.built, w.wind FROM flights f LEFT JOIN planes p ON p.plane = f.plane AND p.built > 1991 LEFT JOIN weather w ON w.temp = p.plane": {
        J,
        K,
    },
    "SELECT f.id, p.model FROM flights f RIGHT JOIN planes p USING (plane)": {J, K},
    "SELECT plane, f.id, p.model FROM flights f FULL JOIN planes p USING (plane)": {K},
    "SELECT f.id FROM flights f SEMI JOIN weather w ON w.day = f.day": {J, K},
    "SELECT f.id FROM flights f ANTI JOIN weather w ON w.day = f.day AND w.temp > 1": {J, K},
    "SELECT f.id, x.temp FROM flights f LEFT JOIN (weather x JOIN planes p ON p.plane = x.temp) ON x.day = f.day": {
        J,
        K,
    },
    "SELECT f.id, w.day AS wday FROM flights f ASOF JOIN weather w ON f.day >= w.day": {F},
    # groups
    "SELECT carrier, day, count(*) AS n, avg(delay) AS mean FROM flights GROUP BY ALL": {K, L},
    "SELECT month(day) AS m, sum(seats) AS s FROM flights GROUP BY m HAVING count(*) > 3": {K, L},
    "SELECT p.model, w.temp, median(f.delay) AS mid FROM flights f JOIN weather w USING (day) JOIN planes p USING (plane) GROUP BY 1, 2": {
        K,
        J,
    },
    "SELECT plane, list(id ORDER BY id) AS ids FROM flights GROUP BY plane": {K, L},
    "SELECT count(*) AS n, max(delay) AS worst FROM flights": {ONE, L},
    "SELECT count(*) AS n FROM (SELECT max(delay) AS d FROM flights GROUP BY plane) WHERE d > 3": {
        *(ONE, L, K),
    },
    "SELECT DISTINCT carrier, plane FROM flights": {K, L},
    "SELECT DISTINCT ON (plane) plane, id, delay FROM flights ORDER BY plane, delay DESC, id": {
        K,
        L,
    },
    # windows
    "SELECT id, sum(seats) OVER (PARTITION BY plane ORDER BY id) AS s, count(*) OVER (PARTITION BY plane, carrier) AS n FROM flights": {
        K,
        L,
    },
    "SELECT id FROM flights QUALIFY row_number() OVER (PARTITION BY carrier ORDER BY delay, id) <= 2": {
        K,
        L,
    },
    "SELECT id, row_number() OVER (ORDER BY id, delay) AS n FROM flights": {F},
    # set operations
    "SELECT plane FROM flights UNION ALL SELECT temp FROM weather": {L},
    "SELECT plane, id FROM flights UNION ALL BY NAME SELECT built AS id, model FROM planes": {L},
    "SELECT plane FROM flights UNION SELECT temp FROM weather": {K, L},
    "SELECT plane FROM flights INTERSECT SELECT temp FROM weather": {K, L},
    "SELECT plane FROM flights EXCEPT ALL SELECT temp FROM weather": {K, L},
    # subqueries
    "SELECT id FROM flights WHERE plane IN (SELECT temp FROM weather)": {K, L},
    "SELECT id FROM flights WHERE day NOT IN (SELECT day FROM weather)": {F, K, L},
    "SELECT id, plane IN (SELECT temp FROM weather WHERE wind > 0) AS known FROM flights WHERE plane NOT IN (SELECT plane FROM planes WHERE plane > 1)": {
        *(F, K, L),
    },
    "SELECT id FROM flights f WHERE NOT EXISTS (SELECT 1 FROM weather w WHERE w.day = f.day AND w.temp > f.plane)": {
        K,
        L,
    },
    "SELECT id FROM flights f WHERE delay > (SELECT avg(g.delay) FROM flights g WHERE g.plane = f.plane)": {
        K,
        L,
    },
    "SELECT id, (SELECT max(temp) FROM weather w WHERE w.day = f.day) AS temp FROM flights f": {
        K,
        L,
    },
    "SELECT id FROM flights WHERE EXISTS (FROM weather)": {F, L},
    "SELECT id, x.best FROM flights f, LATERAL (SELECT max(temp) AS best FROM weather w WHERE w.day <= f.day) x": {
        F
    },
    # moments
    "SELECT id, delay FROM flights WHERE day > refresh_time()::DATE - 6": {W, L},
    "SELECT plane, count(*) AS n FROM recent GROUP BY plane": {K, L, W},
    "SELECT id, refresh_time() AS at FROM flights": {F},
    # views, CTEs and nesting
    "SELECT f.id, b.n FROM flights f JOIN by_plane b USING (plane)": {J, K, L},
    "WITH busy AS (FROM by_plane WHERE n > 8) SELECT a.plane, b.worst FROM busy a LEFT JOIN busy b ON a.plane = b.plane + 1": {
        J,
        K,
        L,
    },
    "SELECT n, count(*) AS planes FROM by_plane GROUP BY n": {K, L},
    "WITH RECURSIVE r(n) AS (SELECT min(plane) FROM flights UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r": {
        F
    },
    # names and numbers that are not what they seem
    "SELECT k0 FROM kk WHERE EXISTS (SELECT 1 FROM planes p WHERE p.plane = k0 + 1)": {L, K},
    "SELECT planes.model, kk.k0 FROM planes LEFT JOIN kk ON planes.plane = kk.plane": {J, F},
    'SELECT "the flights".* FROM flights AS "the flights"': {L},
    "SELECT id, (id * 0.1e0)::VARCHAR AS tenth FROM flights": {L},
    # cuts, pivots and what has no tree
    "SELECT id, delay FROM flights ORDER BY delay DESC, id LIMIT 7": {F},
    "PIVOT flights ON carrier IN ('AA', 'UA') USING sum(seats) GROUP BY plane": {F},
    "PIVOT flights ON seats % 2 USING count(*) GROUP BY plane": {F},
    "SELECT plane, count(*) AS n FROM flights WHERE carrier COLLATE nocase <> 'aa' GROUP BY plane": {
        *(K, L),
    },
    "SELECT carrier COLLATE nocase AS c, count(*) AS n FROM flights GROUP BY 1": {F},
    "SELECT plane, carrier, count(*) AS n FROM flights GROUP BY ROLLUP (plane, carrier)": {
        K,
        L,
        ONE,
    },
    "SELECT plane, day, grouping(plane, day) AS gg, max(delay) AS d FROM flights GROUP BY GROUPING SETS ((plane), (day), (plane)) HAVING count(*) > 2": {
        *(K, L),
    },
    "SELECT grouping(carrier) AS gg, carrier, n, rank() OVER (PARTITION BY gg ORDER BY n, carrier) AS r FROM (SELECT *, seats % 7 AS n FROM flights) GROUP BY CUBE (carrier, n)": {
        *(K, L, ONE),
    },
    "SELECT s.*, f.id FROM still s CROSS JOIN planes p RIGHT JOIN flights f ON p.plane = f.plane AND s.a = 1": {
        K,
        J,
    },
}


class Lake:
    """A lake with a snapshot before and after each change, and time that goes on with them."""

    def __init__(self, engine):
        self.engine = engine
        self._rows, self._readers, self._benches = {}, {}, {}
        with engine.connection() as connection:
            for statement in SETUP.split(";")[:-1]:
                connection.run(statement)
            self.snapshots = [engine.current_snapshot().id]
            for change in CHANGES:
                for statement in ("BEGIN", *change.split(";"), "COMMIT"):
                    connection.run(statement)
                self.snapshots.append(engine.current_snapshot().id)

    def time(self, snapshot):
        return START + timedelta(days=self.snapshots.index(snapshot))

    def reader(self, snapshot):
        """At a snapshot, with the views bound; kept open for the next test."""
        if snapshot not in self._readers:
            reader = self.engine.reader(snapshot, refresh_time=self.time(snapshot))
            for name, text in VIEWS.items():
                reader.bind_view(name, text)
            self._readers[snapshot] = reader
        return self._readers[snapshot]

    def bench(self, snapshot):
        """Where deltas that end at a snapshot are computed."""
        if snapshot not in self._benches:
            bench = self.engine.workbench(snapshot, refresh_time=self.time(snapshot))
            self._benches[snapshot] = bench
        return self._benches[snapshot]

    def close(self):
        for reader in (*self._readers.values(), *self._benches.values()):
            reader.close()

    def resolve(self, since, until):
        def resolved(catalog, schema, name):
            if fold(name) in VIEWS:
                return VIEWS[fold(name)]
            if fold(name) not in {n.key[1] for n in self.engine.tables(until)}:
                raise UnknownName(f"no table named '{name}'")
            return self.engine.source(Name(name), since, until)

        return resolved

    def rows(self, query, snapshot):
        if (query, snapshot) not in self._rows:
            found = self.reader(snapshot).run(query)
            self._rows[query, snapshot] = Counter(map(plain, found))
        return self._rows[query, snapshot]

    @contextmanager
    def delta(self, query, since, until, **options):
        """The delta and the reader that has it, until the block ends."""
        reader = self.bench(until)
        times = {"old_time": self.time(since), "new_time": self.time(until)}
        delta = query_delta(reader, query, self.resolve(since, until), **times, **options)
        try:
            yield reader, delta
        finally:
            release(reader, delta)


def plain(row):
    """A row as something to count: floats to nine digits, their zeros told apart."""
    return tuple(map(_plain, row))


def _plain(value):
    match value:
        case float() if value == 0:
            return str(value)
        case float() if math.isfinite(value):
            return float(f"{value:.9g}")
        case dict():
            return tuple((key, _plain(each)) for key, each in value.items())
        case list() | tuple():
            return tuple(map(_plain, value))
        case _:
            return (type(value), str(value))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    path = tmp_path_factory.mktemp("differencing") / "x.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock()) as engine:
        lake = Lake(engine)
        yield lake
        lake.close()


def difference(new, old):
    counts = Counter(new)
    counts.subtract(old)
    return {row: count for row, count in counts.items() if count}


def signed(reader, delta):
    found = Counter()
    for *row, weight in reader.run(f"SELECT * FROM {delta.table}"):
        assert weight != 0
        found[plain(row)] += weight
    return {row: count for row, count in found.items() if count}


def is_exact(lake, query, since, until):
    """Compare with both ends; the delta's operators."""
    expected = difference(lake.rows(query, until), lake.rows(query, since))
    with lake.delta(query, since, until) as (reader, delta):
        assert signed(reader, delta) == expected
        assert delta.empty == (not expected) or any(c.type == "DOUBLE" for c in delta.columns)
    assert temporary(reader) == []
    return delta.operators


def temporary(reader):
    return reader.run("SELECT table_name FROM duckdb_tables() WHERE temporary")


@pytest.mark.parametrize("query", QUERIES)
def test_the_change_of_a_query_is_the_difference_of_its_rows(lake, query):
    ends = lake.snapshots
    used = set()
    for since, until in pairwise(ends):
        try:
            operators = is_exact(lake, query, since, until)
        except BindProblem:
            assert query.startswith("PIVOT flights ON seats")  # other columns at the two ends
            continue
        used |= {operator.strategy for operator in operators} - {Strategy.UNCHANGED}
    assert used <= QUERIES[query]
    assert F in QUERIES[query] or used == QUERIES[query]


@pytest.mark.parametrize("query", [q for q in QUERIES if "SEMI" in q or "recent" in q])
def test_everything_can_be_compared_in_full_on_request(lake, query):
    since, until = lake.snapshots[0], lake.snapshots[2]
    expected = difference(lake.rows(query, until), lake.rows(query, since))
    with lake.delta(query, since, until, force_full=True) as (reader, delta):
        assert delta.full_difference
        assert signed(reader, delta) == expected


def test_a_table_whose_change_is_not_seen_takes_no_part_in_a_join(lake):
    query = "SELECT f.id, w.temp, p.model FROM flights f JOIN weather w USING (day) JOIN planes p USING (plane)"
    with lake.delta(query, lake.snapshots[1], lake.snapshots[2]) as (_, delta):
        assert [(o.what, o.strategy) for o in delta.operators] == [("JOIN planes", J)]
    with lake.delta(query.replace("f.id", "f.delay"), *lake.snapshots[1:3]) as (_, delta):
        assert [o.what for o in delta.operators] == ["JOIN flights", "JOIN planes"]


@pytest.mark.parametrize(
    "query",
    ["SELECT id, delay FROM flights", "SELECT a, count(*) AS n FROM still GROUP BY a"],
)
def test_a_query_that_sees_no_change_is_not_run(lake, query):
    with lake.delta(query, lake.snapshots[4], lake.snapshots[5]) as (reader, delta):
        assert delta.empty
        assert [operator.strategy for operator in delta.operators] == [Strategy.UNCHANGED]
        columns = tuple(Column(c.name, c.type) for c in delta.columns)
        assert columns == lake.reader(lake.snapshots[5]).describe(query)
        assert reader.describe(f"FROM {delta.table}")[:-1] == columns


def test_values_that_only_look_equal_are_told_apart(lake):
    looks = (("f", "0.0", "-0.0"), ("[f]", "[0.0]", "[-0.0]"), ("i", "1 month", "30 days"))
    for column, before, after in looks:
        query = f"SELECT {column} AS v FROM odd"
        with lake.delta(query, lake.snapshots[1], lake.snapshots[2]) as (reader, delta):
            found = reader.run(f"SELECT v::VARCHAR, {delta.weight} FROM {delta.table} ORDER BY 2")
        assert found == [(before, -1), (after, 1)]


def test_row_ids_are_those_of_the_table(lake):
    query = "SELECT *, f.rowid AS __mlview_rowid FROM flights AS f JOIN planes p USING (plane)"
    for since, until in pairwise(lake.snapshots):
        expected = difference(lake.rows(query, until), lake.rows(query, since))
        with lake.delta(query, since, until, row_id="__mlview_rowid") as (reader, delta):
            assert signed(reader, delta) == expected
            assert not delta.full_difference


def test_columns_are_named_as_the_query_names_them(lake):
    query = "SELECT id, -delay, count(*) OVER (PARTITION BY id), refresh_time() FROM flights"
    with lake.delta(query, lake.snapshots[0], lake.snapshots[1]) as (reader, delta):
        shown = lake.reader(lake.snapshots[1]).describe(query)
        assert [c.name for c in delta.columns] == [c.name for c in shown]
        assert [c.name for c in reader.describe(f"FROM {delta.table}")][-1] == delta.weight


def test_operators_are_told_without_reading_rows(lake):
    query = "SELECT carrier, count(*) AS n FROM flights JOIN weather USING (day) GROUP BY carrier"
    since, until = lake.snapshots[:2]
    found = query_operators(lake.reader(until), query, lake.resolve(since, until))
    assert [(o.what, o.strategy) for o in found] == [
        ("GROUP BY carrier", K),
        ("JOIN flights", J),
        ("JOIN weather", J),
    ]


def test_the_text_of_a_query_at_one_end_has_its_rows(lake):
    query = "WITH r AS (FROM recent) SELECT plane, n, refresh_time() AS at FROM r JOIN by_plane USING (plane)"
    since, until = lake.snapshots[1], lake.snapshots[3]
    reader, resolve = lake.reader(until), lake.resolve(since, until)
    for end, old in ((until, False), (since, True)):
        text = query_text_at(reader, query, resolve, old=old, time=lake.time(end))
        assert Counter(map(plain, reader.run(text))) == lake.rows(query, end)


@pytest.mark.parametrize(
    "query", ["SELECT nothing FROM flights", "SELECT id FROM nowhere", "SELECT FROM"]
)
def test_a_query_that_does_not_run_is_refused_and_leaves_nothing_behind(lake, query):
    with pytest.raises(MlviewError), lake.delta(query, *lake.snapshots[:2]):
        pass
    assert temporary(lake.reader(lake.snapshots[1])) == []


def test_a_column_called_as_the_weight_is_refused(lake):
    query = "SELECT id AS __mlview_weight FROM flights"
    with pytest.raises(ReservedName), lake.delta(query, *lake.snapshots[:2]):
        pass


def test_a_macro_of_the_lake_has_no_delta(engine):
    with engine.connection() as connection:
        connection.run("CREATE TABLE t (a INTEGER)")
        connection.run("CREATE MACRO biggest() AS (SELECT max(a) FROM t)")
        snapshot = engine.current_snapshot().id
    times = {"old_time": START, "new_time": START}
    with (
        engine.reader(snapshot, refresh_time=START) as reader,
        pytest.raises(LakeProblem) as caught,
    ):
        query_delta(
            reader,
            "SELECT a FROM t WHERE a = biggest()",
            lambda _catalog, _schema, name: engine.source(Name(name), snapshot, snapshot),
            **times,
        )
    assert caught.value.error_code == "NO_DELTA"


tables = st.sampled_from(["flights f", "recent f"])
joins = st.sampled_from(
    [
        "",
        "JOIN planes p ON p.plane = f.plane",
        "LEFT JOIN planes p ON p.plane = f.plane AND p.built > 1991",
        "RIGHT JOIN planes p ON p.plane = f.plane",
        "FULL JOIN planes p ON p.plane = f.plane",
        "JOIN by_plane p ON p.plane = f.plane",
        "SEMI JOIN weather w ON w.day = f.day",
        "LEFT JOIN weather w USING (day) JOIN planes p ON p.plane = w.temp",
    ]
)
filters = st.sampled_from(
    [
        "true",
        "f.delay > 1",
        "f.carrier IS NULL",
        "f.plane IN (SELECT temp FROM weather)",
        "f.plane NOT IN (SELECT temp FROM weather WHERE temp IS NOT NULL)",
        "EXISTS (FROM weather x WHERE x.day = f.day AND x.temp > 1)",
        "f.seats < (SELECT max(built) FROM planes x WHERE x.plane = f.plane)",
    ]
)
shapes = st.sampled_from(
    [
        "SELECT f.id, f.delay FROM {0}",
        "SELECT DISTINCT f.plane, f.carrier FROM {0}",
        "SELECT f.plane, f.carrier, count(*) AS n, max(f.delay) AS d FROM {0} GROUP BY ALL",
        "SELECT f.id, count(*) OVER (PARTITION BY f.plane) AS n FROM {0}",
        "SELECT n, count(*) AS m FROM (SELECT f.plane, count(*) AS n FROM {0} GROUP BY 1) GROUP BY n",
        "SELECT f.id FROM {0} UNION SELECT temp FROM weather",
    ]
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tables, joins, filters, shapes, st.integers(0, 4), st.integers(1, 3))
def test_any_of_these_together_is_exact(lake, table, join, condition, shape, first, steps):
    query = shape.format(f"{table} {join} WHERE {condition}")
    since = lake.snapshots[first]
    until = lake.snapshots[min(first + steps, len(CHANGES))]
    is_exact(lake, query, since, until)

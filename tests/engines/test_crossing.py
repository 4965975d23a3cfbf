"""The first moment at which time alone changes the rows of a query, against the rows around it."""

# ruff: noqa: E501 - a query is easier to read on one line

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from mlview.clock import SystemClock
from mlview.definitions import Name, fold
from mlview.engines import DuckLakeEngine
from mlview.engines.differencing import first_crossing
from mlview.errors import LakeProblem

NOON = datetime(2024, 3, 10, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SETUP = """
CREATE TABLE seen (id INTEGER, moment TIMESTAMP WITH TIME ZONE, plain TIMESTAMP, day DATE, x INTEGER);
INSERT INTO seen SELECT i, TIMESTAMPTZ '2024-03-10 12:00:00+00' + to_hours((i - 6) * 5) + to_seconds(i),
  TIMESTAMP '2024-03-10 12:00:00' + to_hours((i - 6) * 5), DATE '2024-03-04' + i::INTEGER, i % 3
  FROM range(12) r(i);
INSERT INTO seen VALUES (100, NULL, NULL, NULL, NULL), (101, 'infinity', 'infinity', 'infinity', 0);
CREATE TABLE prices (id INTEGER, since DATE, until DATE, price INTEGER);
INSERT INTO prices VALUES (1, '2024-03-01', '2024-03-12', 5), (1, '2024-03-13', '2024-04-01', 6);
"""
VIEWS = {"recent": "FROM seen WHERE moment > refresh_time() - INTERVAL 1 DAY"}


HOURS_OF_A_DAY = "moment > refresh_time() - INTERVAL 1 DAY"
CHANGING = {
    # rows that leave, as the bound comes to them, or behind them
    f"SELECT id FROM seen WHERE {HOURS_OF_A_DAY}",
    "SELECT id FROM seen WHERE moment >= refresh_time() - INTERVAL '1 day'",
    "SELECT id FROM seen WHERE refresh_time() - INTERVAL 1 DAY < moment",
    "SELECT id FROM seen WHERE plain > refresh_time() - INTERVAL 30 MINUTE",
    "SELECT id FROM seen WHERE day > refresh_time()::DATE - 3",
    "SELECT id FROM seen WHERE day = refresh_time()::DATE",
    # rows that enter
    "SELECT id FROM seen WHERE moment <= refresh_time()",
    "SELECT id FROM seen WHERE moment < INTERVAL 1 HOUR + refresh_time()",
    "SELECT id FROM seen WHERE NOT (moment + INTERVAL 1 MONTH > refresh_time() + INTERVAL 3 HOURS)",
    "SELECT id FROM seen WHERE moment > date_trunc('day', refresh_time())",
    # both
    "SELECT id FROM seen WHERE moment BETWEEN refresh_time() - INTERVAL 2 HOUR AND refresh_time()",
    "SELECT id FROM seen WHERE moment NOT BETWEEN refresh_time() - INTERVAL 2 HOUR AND refresh_time()",
    "SELECT id, price FROM prices WHERE refresh_time()::DATE BETWEEN since AND until",
    "SELECT s.id, price FROM seen s JOIN prices p ON s.x = p.id WHERE refresh_time() >= p.since AND s.x > 0",
    # not in WHERE
    f"SELECT id, {HOURS_OF_A_DAY} AS new FROM seen",
    f"SELECT x, count(*) FILTER ({HOURS_OF_A_DAY}) AS n FROM seen GROUP BY x",
    # further down
    "SELECT count(*) AS n FROM recent",
    "WITH r AS (FROM recent) SELECT x, count(*) AS n FROM r JOIN prices ON r.day > since GROUP BY x",
    f"SELECT id FROM prices WHERE 10 < (SELECT count(*) FROM seen WHERE {HOURS_OF_A_DAY})",
    "SELECT id FROM seen WHERE id IN (SELECT id FROM recent)",
    f"SELECT id FROM seen WHERE {HOURS_OF_A_DAY} UNION ALL SELECT id FROM prices",
    f"SELECT id FROM seen WHERE {HOURS_OF_A_DAY} ORDER BY moment, id LIMIT 3",
}
TOO_EARLY = [
    "SELECT id FROM seen WHERE moment <> date_trunc('hour', refresh_time()) OR moment IS NULL",
    f"SELECT count(*) > 8 AS many FROM seen WHERE {HOURS_OF_A_DAY}",
]
UNTOLD = {
    "SELECT id FROM seen WHERE moment > refresh_time() - INTERVAL 1 MONTH": "by months",
    "SELECT id FROM seen WHERE moment > refresh_time() - INTERVAL '2 years'": "by months",
    "SELECT id FROM seen WHERE refresh_time() - moment < INTERVAL 1 DAY": "beside what it is",
    "SELECT id FROM seen WHERE epoch(moment) > epoch(refresh_time())": "beside what it is",
    "SELECT id FROM seen WHERE date_diff('day', moment, refresh_time()) < 3": "beside what it is",
    "SELECT id, refresh_time() AS at FROM seen": "outside of a comparison",
    "SELECT id, COLUMNS(['moment', 'plain']) > refresh_time() FROM seen": "COLUMNS",
    "SELECT id FROM seen WHERE COLUMNS(['moment', 'plain']) > refresh_time()": "COLUMNS",
    "FROM (SELECT id, COLUMNS(['moment', 'plain']) > refresh_time() FROM seen) q(id, a, b) WHERE a": "COLUMNS",
    "SELECT x FROM seen GROUP BY x HAVING max(moment) > refresh_time()": "outside of a comparison",
    "SELECT id FROM seen WHERE moment > refresh_time() AT TIME ZONE 'America/New_York'": "beside",
    "SELECT id FROM seen WHERE len(list_filter([moment], moment -> moment > refresh_time())) > 0": "beside",
    "SELECT s.id FROM seen s JOIN prices p ON s.day > refresh_time()": "outside of a comparison",
    "SELECT id FROM prices p WHERE EXISTS (FROM seen s WHERE s.x = p.id AND moment > refresh_time())": "outside",
    "SELECT id FROM seen": "no refresh_time()",
}


class Lake:
    """The tables at a snapshot, and what a query gives at any moment."""

    def __init__(self, engine):
        self.engine = engine
        with engine.connection() as connection:
            for statement in SETUP.split(";")[:-1]:
                connection.run(statement)
            self.before = engine.current_snapshot().id
            connection.run("DELETE FROM seen WHERE id IN (3, 7)")
            connection.run("INSERT INTO seen VALUES (200, '2024-03-10 12:00:09+00', NULL, NULL, 0)")
            self.after = engine.current_snapshot().id
        self.bench = engine.workbench(self.after, refresh_time=NOON + timedelta(days=30))

    def resolve(self, _catalog, _schema, name):
        if fold(name) in VIEWS:
            return VIEWS[fold(name)]
        return self.engine.source(Name(name), self.before, self.after)

    def first_crossing(self, query):
        return first_crossing(self.bench, query, self.resolve, since=NOON)

    def rows(self, query, moment):
        with self.engine.reader(self.before, refresh_time=moment) as reader:
            for name, text in VIEWS.items():
                reader.bind_view(name, text)
            return Counter(map(str, reader.run(query)))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    path = tmp_path_factory.mktemp("crossing") / "x.mlv"
    with DuckLakeEngine.create(path, clock=SystemClock()) as engine:
        lake = Lake(engine)
        yield lake
        lake.bench.close()


@pytest.mark.parametrize("query", sorted(CHANGING))
def test_the_rows_are_the_same_until_that_microsecond_and_others_in_it(lake, query):
    moment = lake.first_crossing(query)
    first = lake.rows(query, NOON)
    halfway = NOON + (moment - NOON) / 2
    assert lake.rows(query, halfway) == lake.rows(query, moment - TICK) == first
    assert lake.rows(query, moment) != first


@pytest.mark.parametrize("query", TOO_EARLY)
def test_it_may_come_too_early_but_never_too_late(lake, query):
    moment = lake.first_crossing(query)
    assert lake.rows(query, moment - TICK) == lake.rows(query, moment) == lake.rows(query, NOON)


def test_what_was_committed_since_has_no_part_in_it(lake):
    """Row 7 went and row 200 came; both would have been the first to be met."""
    query = "SELECT id FROM seen WHERE moment < refresh_time()"
    assert lake.first_crossing(query) == NOON + timedelta(seconds=6) + TICK


def test_a_row_that_came_and_went_again_counts(lake):
    """It shows for a minute only, long before the end of the delta."""
    query = (
        "SELECT id FROM seen WHERE moment > refresh_time() - INTERVAL 1 MINUTE "
        "AND moment <= refresh_time() AND id = 8"
    )
    assert lake.first_crossing(query) == NOON + timedelta(hours=10, seconds=8)


def test_a_window_that_no_row_will_ever_leave_or_enter_never_moves(lake):
    assert lake.first_crossing("SELECT id FROM seen WHERE day < refresh_time() AND id < 5") is None
    assert (
        lake.first_crossing("SELECT id FROM seen WHERE moment > refresh_time() AND x > 7") is None
    )


@pytest.mark.parametrize("query", sorted(UNTOLD))
def test_what_cannot_be_told_says_why(lake, query):
    with pytest.raises(LakeProblem) as caught:
        lake.first_crossing(query)
    assert UNTOLD[query] in caught.value.message
    assert caught.value.error_code == "NO_DELTA"

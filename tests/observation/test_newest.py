"""How far the data of a source reaches, read once for each change of its table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlview.definitions import SourceFreshness
from mlview.observation.newest import Newest, check_source

DAY = timedelta(days=1)
NOON = datetime(2013, 3, 10, 12, tzinfo=UTC)


class CountingHome:
    """A home that counts the readers its engine opens."""

    def __init__(self, home):
        self.home, self.catalog, self.engine, self.opened = home, home.catalog, self, 0

    def __getattr__(self, name):
        return getattr(self.home.engine, name)

    def reader(self, *given, **named):
        self.opened += 1
        return self.home.engine.reader(*given, **named)


@pytest.fixture
def home(db):
    db.sql("CREATE TABLE s (seen TIMESTAMP, zoned TIMESTAMPTZ, day DATE, short TIMESTAMP_S, n INT)")
    return CountingHome(db._services.home)


@pytest.fixture
def newest(home):
    return Newest(home)


@pytest.fixture
def reach(home, newest):
    def ask(*column):
        source = SourceFreshness(column, DAY)
        found = newest.reaches([source], home.current_snapshot(), NOON)
        return [datetime.fromtimestamp(one.newest, UTC) for one in found]

    return ask


def test_the_newest_moment_of_any_type_is_taken_as_utc(db, home, reach):
    db.sql(
        "INSERT INTO s VALUES "
        "('2013-03-10', '2013-03-10 00:00:00+00', '2013-03-10', '2013-03-10', 1),"
        " ('2013-03-09', '2013-03-10 00:30:00+02', '2013-03-09', '2013-03-09', 2)"
    )
    for column in ("seen", "zoned", "day", "short", "SEEN"):
        check_source(home, SourceFreshness(("s", column), DAY))
        assert reach("s", column) == [datetime(2013, 3, 10, tzinfo=UTC)], column
    assert reach("main", "s", "seen") == [datetime(2013, 3, 10, tzinfo=UTC)]


def test_an_empty_table_and_endless_moments_reach_nowhere(db, reach):
    assert reach("s", "seen") == []
    db.sql("INSERT INTO s (seen, n) VALUES ('infinity', 1), (NULL, 2), ('-infinity', 3)")
    assert reach("s", "seen") == []
    db.sql("INSERT INTO s (seen, n) VALUES ('2013-03-10', 4)")
    assert reach("s", "seen") == [datetime(2013, 3, 10, tzinfo=UTC)]


def test_a_table_is_read_again_only_after_a_commit_to_it(db, home, reach):
    db.sql("INSERT INTO s (seen) VALUES ('2013-03-10')")
    reach("s", "seen")
    db.sql("INSERT INTO u VALUES (1)")
    reach("s", "seen")
    reach("s", "seen")
    assert home.opened == 1
    db.sql("INSERT INTO s (seen) VALUES ('2013-03-11')")
    assert reach("s", "seen") == [datetime(2013, 3, 11, tzinfo=UTC)]
    assert home.opened == 2


def test_a_table_made_anew_under_its_name_is_read_anew(db, reach):
    db.sql("INSERT INTO s (seen) VALUES ('2013-03-10')")
    reach("s", "seen")
    db.sql("CREATE OR REPLACE TABLE s AS SELECT TIMESTAMP '2013-01-01' AS seen")
    assert reach("s", "seen") == [datetime(2013, 1, 1, tzinfo=UTC)]


def test_a_table_or_column_that_is_gone_reaches_nowhere(db, reach):
    db.sql("INSERT INTO s (seen) VALUES ('2013-03-10')")
    assert reach("s", "seen")
    db.sql("ALTER TABLE s DROP COLUMN seen")
    assert reach("s", "seen") == []
    db.sql("DROP TABLE s")
    assert reach("s", "seen") == []

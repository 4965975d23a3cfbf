"""Queries that a delta gets wrong unless it was thought of; in `corners/`, one a line."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from exact_deltas.lakes import carry_out, law_in_lake
from exact_deltas.memory import law_in_memory
from exact_deltas.scenarios import Scenario
from mlview.engines.differencing import query_text_at
from mlview.errors import LakeProblem, MlviewError, ReservedName

CORNERS = Path(__file__).parent / "corners"
SETUP = (CORNERS / "tables.sql").read_text().splitlines()
QUERIES = [
    query
    for file in sorted(CORNERS.glob("*.sql"))
    if file.stem != "tables"
    for query in file.read_text().splitlines()
]
CHANGES = {
    "rows come and go everywhere": [
        "INSERT INTO t VALUES (2,'b',4.5,7,'2024-03-01'), (3,'n',1.0,8,NULL), "
        "(NULL,NULL,NULL,NULL,NULL), (1,'a',1.5,1,'2024-01-01'), (2,'A',0.5,6,'2024-03-02')",
        "DELETE FROM t WHERE n = 4",
        "UPDATE t SET x = 9.5 WHERE g = 'c'",
        "INSERT INTO u VALUES (3,'q',33), (1,'a',10), (8,'n',80), (4,'b',5)",
        "DELETE FROM u WHERE y = 2",
        "UPDATE v SET z = z + 1 WHERE k = 2",
        "INSERT INTO v VALUES (NULL, 3), (4, 4)",
        "INSERT INTO empty VALUES (1, 1), (NULL, 2)",
        "DELETE FROM last",
        "INSERT INTO s VALUES ({'k': 7, 'g': 'q'}, 1, 5), ({'k': 1, 'g': 'q'}, 7, 6)",
        "DELETE FROM s WHERE m = 1",
        "INSERT INTO kk VALUES (3,3,3,3), (1,2,3,4), (7,7,7,7)",
        "DELETE FROM kk WHERE k0 = 2",
        "INSERT INTO um VALUES (3,3), (1,3)",
        'DELETE FROM um WHERE "ä" = 1',
        "INSERT INTO t1 VALUES (3,'3'), (4,'a')",
        "UPDATE t1 SET v = '44' WHERE k = 4",
        "DELETE FROM once WHERE k = 1",
        "INSERT INTO once VALUES (4,'4',4), (1,'9',9)",
        'UPDATE "odd.na""me" SET "a.b" = 3 WHERE "SELECT" = 2',
        "UPDATE wide SET c59 = 99 WHERE c0 = 1",
        "INSERT INTO clock VALUES (6, '2024-03-01 12:00:00+00', '2024-03-01')",
        "DELETE FROM clock WHERE k = 1",
        "UPDATE other.t SET o = 201 WHERE k = 2",
    ],
    "only the left table": ["UPDATE t SET k = 2 WHERE n = 5", "DELETE FROM t WHERE k IS NULL"],
    "only the right tables": [
        "INSERT INTO u VALUES (5,'b',50), (2,'B',2)",
        "DELETE FROM u WHERE k IS NULL",
        "INSERT INTO s VALUES ({'k': 7, 'g': 'q'}, 1, 5)",
    ],
    "NULL comes into a list of values": [
        "INSERT INTO v VALUES (NULL, 0)",
        "DELETE FROM v WHERE k = 9",
    ],
    "the last NULL goes": ["DELETE FROM v WHERE k IS NULL"],
    "everything goes": [f"DELETE FROM {name}" for name in ("t", "u", "v", "s", "kk", "last")],
    "a value becomes one that equals it": [
        "CREATE TABLE moved AS SELECT k, INTERVAL '30 days' AS i, -f AS f FROM spans",
        "DELETE FROM spans",
        "INSERT INTO spans FROM moved",
        "DROP TABLE moved",
        "CREATE TABLE moved AS SELECT * REPLACE (-f AS f, [-e FOR e IN l] AS l, {'a': -st.a} AS st, "
        "INTERVAL '30 days' AS i, '13:00:00+01' AS tz) FROM fl",
        "DELETE FROM fl",
        "INSERT INTO fl FROM moved",
        "DROP TABLE moved",
        "UPDATE t SET x = -0.0::DOUBLE WHERE k = 2",
    ],
    "columns change that few queries read": ["UPDATE t SET n = n + 100", "UPDATE wide SET c7 = -1"],
    "nothing changes but the time": ["INSERT INTO last SELECT 1 WHERE FALSE"],
}
IN_LAKE = [
    "SELECT * FROM spans",
    "SELECT k, x FROM t",
    "SELECT y2, count(*) AS c FROM va JOIN u ON va.x = u.k GROUP BY y2",
]


def cases():
    """Every query with the first change, some of them with each of the others."""
    return [
        (change, query)
        for at, change in enumerate(CHANGES)
        for query in (QUERIES[at :: len(CHANGES) * 2] if at else QUERIES)
    ]


@cache
def law_of(change):
    return law_in_memory(Scenario([], {}, [CHANGES[change]], ambiguous=False, views=SETUP), 0)


@pytest.mark.parametrize(("change", "query"), cases())
def test_old_rows_and_delta_are_the_new_rows(change, query):
    verdict = law_of(change).check(query)
    assert not verdict.skipped
    assert not verdict.wrong


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_temporary_is_left_over(change):
    law = law_of(change)
    law.check(QUERIES[0])
    assert law.left_over() == []


def test_two_deltas_can_be_read_at_the_same_time():
    law = law_of("rows come and go everywhere")
    one, other = law.delta("SELECT k FROM t"), law.delta("SELECT y FROM u")
    found = [law.reader.table(f"FROM {delta.table}").column_names[0] for delta in (one, other)]
    law.release(one)
    law.release(other)
    assert found == ["k", "y"]


@pytest.fixture(scope="module")
def lake(engine):
    views = [sql for sql in SETUP if sql.startswith("CREATE VIEW")]
    setup = [sql for sql in SETUP if " fl " not in sql and "nocase" not in sql]
    setup += ["CREATE MACRO abs(x) AS (SELECT max(y) FROM u)"]
    change = ["UPDATE spans SET i = INTERVAL '30 days', f = -f", "UPDATE t SET x = -x, n = 3"]
    since, until = carry_out(engine, Scenario([], {}, [change], ambiguous=False, views=setup))
    law = law_in_lake(engine, since, until, [sql for sql in views if "nocase" not in sql])
    yield law
    assert law.left_over() == []
    law.close()


@pytest.mark.parametrize("query", IN_LAKE)
def test_old_rows_and_delta_are_the_new_rows_in_a_lake(lake, query):
    assert not lake.check(query).wrong


def test_a_macro_has_no_delta_since_it_may_read_anything(lake):
    with pytest.raises(LakeProblem, match="NO_DELTA"):
        lake.delta("SELECT abs(k) AS a FROM t")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT k, snapshot_id FROM t",
        "SELECT k, rowid FROM t",
        "SELECT max(t.rowid) AS r, t.k FROM t JOIN u USING (k) GROUP BY t.k",
        "SELECT k, n FROM t WHERE n IN (SELECT rowid FROM u)",
    ],
)
def test_what_a_lake_says_about_each_row_is_followed_too(lake, query):
    names = [column.name for column in lake.reader.describe(query)]
    delta = lake.delta(query)
    signed = lake.reader.table(f"FROM {delta.table}").to_pylist()
    lake.release(delta)
    by_row = Counter()
    for row in signed:
        by_row[tuple(row[name] for name in names)] += row[delta.weight.strip('"')]
    assert by_row == net_of(lake, query)


def net_of(lake, query):
    """How the rows of a query differ, read from the lake at both ends."""
    found = Counter()
    for old, moment, sign in ((True, lake.old_time, -1), (False, lake.new_time, 1)):
        text = query_text_at(lake.reader, query, lake.resolve, old=old, time=moment)
        for row in lake.reader.table(text).to_pylist():
            found[tuple(row.values())] += sign
    return Counter({row: weight for row, weight in found.items() if weight})


def test_a_column_of_the_name_of_the_weight_is_refused(lake):
    with pytest.raises(ReservedName):
        lake.delta("SELECT k AS __mlview_weight FROM t")


def test_a_query_with_other_columns_at_both_ends_has_no_delta():
    law = law_of("only the left table")
    with pytest.raises(MlviewError):
        law.delta("SELECT * FROM (PIVOT t ON g USING count(*) GROUP BY k)")

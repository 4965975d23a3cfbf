"""Queries that a delta gets wrong unless it was thought of; in `corners/`, one to a line."""

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
SETUP = (CORNERS / "tables.txt").read_text().splitlines()
THEMES = {file.stem: file.read_text().splitlines() for file in sorted(CORNERS.glob("*.sql"))}
QUERIES = [query for queries in THEMES.values() for query in queries]
CHANGES = {
    title: statements.splitlines()
    for title, _, statements in (
        part.strip().partition("\n") for part in (CORNERS / "changes.txt").read_text().split("-- ")
    )
    if title
}
# Which queries a change was thought of for.
MEANT = {
    "NULL comes into a list of values": "nulls",
    "the last NULL goes": "nulls",
    "everything goes": "nothing",
    "a value becomes one that equals it": "values",
    "nothing changes but the time": "time",
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
        for query in dict.fromkeys(
            [*THEMES.get(MEANT.get(change, ""), ()), *QUERIES[at :: len(CHANGES) * 5]]
            if at
            else QUERIES
        )
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
    delta = lake.delta(query)
    names = [column.name for column in delta.columns]
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


@pytest.mark.parametrize("depth", [100, 300])
def test_an_expression_may_be_as_deep_as_duckdb_takes_it(depth):
    law = law_of("only the left table")
    assert not law.check(f"SELECT k{' + 1' * depth} AS s FROM t").wrong

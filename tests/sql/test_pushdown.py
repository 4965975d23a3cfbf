"""Conditions and limits that may be applied before a relation's rows are computed."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.sql import inspect, pushdown

KNOWN = ("a", "b", "c")


def pushed(text):
    return pushdown(text, inspect(text).relations[0], KNOWN)


@pytest.mark.parametrize(
    ("text", "conditions", "limit"),
    [
        ("FROM m", (), None),
        ("FROM m WHERE a IS NULL", ("a IS NULL",), None),
        ("FROM m LIMIT 5", (), 5),
        ("FROM m WHERE lower(b) = 'x' LIMIT 2", ("lower(b) = 'x'",), 2),
        ("FROM m AS z WHERE z.a BETWEEN 1 AND 3 AND p > 3", ("z.a BETWEEN 1 AND 3",), None),
        ("FROM m WHERE CASE WHEN a = 1 AND b = 2 THEN true END AND c > 1",
         ("CASE WHEN a = 1 AND b = 2 THEN true END", "c > 1"), None),
        ("SELECT count(*) FROM m WHERE a = 1 LIMIT 3", ("a = 1",), None),
        ("FROM m WHERE a = 1 -- AND b = 2\n", ("a = 1",), None),
    ],
)  # fmt: skip
def test_conditions_on_known_columns_are_pushed(text, conditions, limit):
    assert pushed(text).conditions == conditions
    assert pushed(text).limit == limit


@pytest.mark.parametrize(
    "text",
    [
        "FROM m WHERE predicted > 1",
        "FROM m WHERE predicted > 1 LIMIT 3",
        "FROM m WHERE a = 1 OR predicted > 1",
        "FROM m WHERE random() < a",
        "FROM m WHERE a = ? LIMIT 3",
        "FROM m WHERE a IN (SELECT 1)",
        "FROM m JOIN t USING (a) WHERE a = 1",
        "SELECT * FROM (FROM m WHERE a = 1)",
        "FROM m WHERE a = 1 UNION ALL FROM m",
        "SELECT DISTINCT a FROM m LIMIT 3",
        "FROM m ORDER BY a LIMIT 3",
        "SELECT sum(a) FROM m LIMIT 1",
        "SELECT unnest([a, b]) FROM m LIMIT 3",
        "FROM m LIMIT 10 PERCENT",
        "FROM m LIMIT 3 OFFSET 2",
        "FROM m AS z(p, q) WHERE a = 1",
        "WITH m AS (SELECT 1 AS a) FROM m, t WHERE a = 1",
    ],
)
def test_nothing_is_pushed_that_could_change_the_answer(text):
    assert not pushed(text)


conditions = st.recursive(
    st.sampled_from(["a > 2", "b = 'x'", "c IS NULL", "p < 3", "a BETWEEN 1 AND 4", "m.a <> 3"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" AND ", " OR "]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"NOT ({text})"),
        inner.map(lambda text: f"CASE WHEN {text} THEN true ELSE a > 0 END"),
    ),
    max_leaves=8,
)
endings = st.sampled_from(["", " LIMIT 4", " ORDER BY ALL", " ORDER BY a LIMIT 2", " GROUP BY ALL"])


@given(condition=conditions, ending=endings)
def test_a_query_over_the_pushed_rows_answers_the_same(condition, ending):
    rows = (
        "SELECT i % 5 AS a, CASE i % 3 WHEN 0 THEN 'x' ELSE 'y' END AS b, "
        "CASE WHEN i % 2 = 0 THEN i END AS c, i % 7 AS p FROM range(30) t(i)"
    )
    text = f"SELECT * FROM m WHERE {condition}{ending}"
    found = pushdown(text, inspect(text).relations[0], KNOWN)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(f"CREATE TABLE m AS {rows}")
        whole = sorted(connection.execute(text).fetchall(), key=repr)
        connection.execute(f"CREATE OR REPLACE TABLE m AS {found.of(rows)}")
        assert sorted(connection.execute(text).fetchall(), key=repr) == whole

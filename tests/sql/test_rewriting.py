"""Texts that are edited still mean what they meant: each is run by DuckDB."""

import random
from collections import Counter

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import Name
from mlview.errors import SyntaxProblem
from mlview.sql import (
    break_ties,
    canonical,
    group_columns,
    inspect,
    ordered_limits,
    rebind,
    with_rowid,
)

SETUP = """
CREATE SCHEMA s;
CREATE TABLE t (a INT, b INT, c TEXT);
INSERT INTO t VALUES (1, 2, 'x'), (1, 5, 'y'), (2, 0, 'x'), (3, 2, NULL), (3, 2, NULL);
CREATE TABLE u (a INT, d INT);
INSERT INTO u VALUES (1, 10), (1, 11), (3, 30), (9, 90);
CREATE TABLE s.w AS FROM t;
CREATE TABLE "A b" AS FROM u;
"""


@pytest.fixture(scope="module")
def lake():
    connection = duckdb.connect()
    connection.execute(SETUP)
    return connection


def rows(lake, query):
    result = lake.execute(query)
    return [column[0] for column in result.description], Counter(map(repr, result.fetchall()))


QUERIES = [
    "FROM t",
    "TABLE t",
    "FROM t SELECT a, b",
    "SELECT t.a, x.d FROM t JOIN u AS x USING (a)",
    "SELECT main.t.a FROM t",
    "SELECT main.t.a, main.t.b FROM main.t WHERE main.t.b > 1",
    "SELECT s.w.a, w.b FROM s.w",
    'SELECT "A b".d, T.a FROM T, "A b"',
    "SELECT x.a FROM x: t",
    "WITH t AS (FROM t WHERE a > 1) SELECT * FROM t, u",
    "SELECT (SELECT max(d) FROM u WHERE u.a = t.a) AS m, t.* EXCLUDE (b) FROM t",
    "SELECT a, count(*) FROM t, u v(a2, d) GROUP BY ALL -- end",
    "PIVOT t ON c USING sum(b)",
    "SELECT * FROM (PIVOT t ON c IN ('x', 'y') USING sum(b))",
    "UNPIVOT t ON a, b",
    "SELECT t FROM t",
    "SELECT count(t.a) FROM t WHERE EXISTS (FROM u WHERE u.a = t.a)",
    "(FROM t) UNION ALL (TABLE s.w)",
    "SUMMARIZE t",
    "DESCRIBE t",
    "FROM t SEMI JOIN u USING (a)",
    "SELECT 't' AS t, $$u$$, a::INT, E'\\'' FROM t, (SELECT 1 AS q) k",
    "SELECT list_transform([a], lambda z: z + 1), [z FOR z IN [1, b] IF z > 1], {'k': a}.k FROM t",
    "SELECT c: a, -b - -1, a->'x', 1_000, .5, 'a''b' FROM (SELECT {'x': 1} AS a, 2 AS b)",
    "SELECT sum(b) FILTER (WHERE a > 1), first(c ORDER BY b, c) FROM t",
    'SELECT "a" AS "Total", "SELECT" FROM (SELECT a, 1 AS "SELECT" FROM t)',
]


@pytest.mark.parametrize("query", QUERIES)
def test_a_rebound_query_reads_the_replacement_and_nothing_else_changes(lake, query):
    replacements = {
        Name("t"): "(SELECT * FROM main.t)",
        Name("u"): '"memory"."main"."u"',
        Name("w", "s"): "(FROM s.w)",
        Name("A b"): '(FROM "A b")',
    }
    assert rows(lake, rebind(query, replacements)) == rows(lake, query)


@pytest.mark.parametrize("query", QUERIES)
def test_the_canonical_text_means_the_same(lake, query):
    text = canonical(query)
    assert canonical(text) == text
    assert "\n" not in text
    names, found = rows(lake, query)
    folded, same = rows(lake, text)
    assert [name.lower() for name in folded] == [name.lower() for name in names] or "(" in query
    assert same == found or "Total" in query or "SUMMARIZE" in query


def test_a_rebound_query_leaves_moments_and_other_databases_alone():
    query = "SELECT * FROM t AT (VERSION => 1), other.main.t, t AS x"
    assert rebind(query, {Name("t"): "v"}) == query.replace("t AS x", "v AS x")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "select  A\n from /* x */ T; -- y"),
        ('SELECT "a" FROM "t"', "SELECT a FROM t"),
        ("SELECT 'it''s'", "SELECT $$it's$$"),
        ("SELECT a=-1", "SELECT a = -1"),
        ("SELECT 'a'\n'b'", "SELECT 'ab'"),
    ],
)
def test_what_means_the_same_has_one_canonical_text(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a'", "SELECT 'A'"),
        ("SELECT 'a  b'", "SELECT 'a b'"),
        ("SELECT a->>b", "SELECT a-> >b"),
        ('SELECT "select"', "SELECT select"),
        ("SELECT 'a'", 'SELECT "a"'),
        ("SELECT a - -1", "SELECT a -1"),
        ("SELECT 1 -- x", "SELECT 1 x"),
        ('SELECT "columns"(a)', "SELECT columns(a)"),
        ('SELECT "interval" a', "SELECT interval a"),
        ("SELECT straSSe", "SELECT straße"),
    ],
)
def test_what_means_something_else_has_another_canonical_text(one, other):
    assert canonical(one) != canonical(other)


PIECES = [
    "a",
    '"B c"',
    "'x''y'",
    "E'\\n'",
    "$$ $$",
    "1.5",
    "-",
    "=",
    "->>",
    "(",
    ")",
    "--c\n",
    "/* */",
    "\n",
    ",",
    "#1",
    "É",
    "?",
    "x'",
    '"',
][:-2]


@given(st.lists(st.sampled_from(PIECES), max_size=15), st.sampled_from(["", " ", "\n"]))
def test_canonical_is_idempotent(pieces, space):
    try:
        text = canonical(space.join(pieces))
    except SyntaxProblem:
        return
    assert canonical(text) == text


@pytest.mark.parametrize(
    ("query", "driving"),
    [
        ("FROM t", "t"),
        ("FROM t WHERE a > 1 ORDER BY b", "t"),
        ("FROM t SELECT a, WHERE b > 0", "t"),
        ("SELECT a, -- last\nFROM t -- the table", "t"),
        ("SELECT * FROM t x JOIN u USING (a)", "t"),
        ("SELECT x.a FROM x: s.w LEFT JOIN u ON true", "s.w"),
        ('SELECT d FROM "A b"', '"A b"'),
        ("WITH q AS (SELECT 1 AS k) SELECT a, k FROM t, q WHERE a IS DISTINCT FROM k", "t"),
        ("WITH q AS (SELECT 1 AS k) FROM t, q", "t"),
        ("SELECT a IS NOT DISTINCT FROM b AS same FROM t", "t"),
        ("SELECT extract(year FROM DATE '2020-01-01') AS y FROM t", "t"),
        (
            "SELECT a, sum(b) OVER (PARTITION BY a) FROM t QUALIFY rank() OVER (ORDER BY b) < 3",
            "t",
        ),
        ("SELECT a, (SELECT count(*) FROM u) AS n FROM t ORDER BY 1 LIMIT 2", "t"),
        ("SELECT z.a FROM t z(a, b, c) SEMI JOIN u ON z.a = u.a", "t"),
    ],
)
def test_the_row_id_of_the_driving_relation_is_added(lake, query, driving):
    name, text = with_rowid(query, "row id")
    assert str(name) == driving
    names, before = rows(lake, query)
    names_with, _ = rows(lake, text)
    assert names_with == [*names, "row id"]
    _, after = rows(lake, f'SELECT * EXCLUDE ("row id") FROM ({text}\n)')
    assert after == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM t GROUP BY a",
        "SELECT count(*) FROM t",
        "SELECT [x.sum()] FROM t x",
        "SELECT DISTINCT a FROM t",
        "SELECT a FROM t HAVING true",
        "SELECT unnest([1, 2]) FROM t",
        "FROM t UNION ALL FROM u",
        "(FROM t)",
        "FROM (FROM t)",
        "FROM range(3)",
        "WITH t AS (FROM u) FROM t",
        "FROM t RIGHT JOIN u USING (a)",
        "FROM t FULL JOIN u USING (a)",
        "FROM t POSITIONAL JOIN u",
        "FROM t AT (VERSION => 1)",
        "FROM ML.PREDICT(MODEL m, TABLE t)",
        "FROM t PIVOT (sum(b) FOR a IN (1))",
        "PIVOT t ON a USING sum(b)",
        "VALUES (1)",
        "SELECT 1",
        "FROM t JOIN s.t ON true",
        "FROM 'x.parquet'",
    ],
)
def test_where_a_row_is_no_row_of_one_relation_there_is_no_row_id(query):
    assert with_rowid(query, "id") is None


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("SELECT c, count(*) FROM t GROUP BY c", ("c",)),
        ("SELECT c AS k, b::TEXT AS d, count(*) AS n FROM t GROUP BY ALL", ("k", "d")),
        ("SELECT d: b::TEXT, count(*) FROM t GROUP BY b::TEXT", ("d",)),
        ("SELECT t.c, count(*) FROM t GROUP BY 1", ("c",)),
        ("SELECT a + 1 AS k, max(b) FROM t GROUP BY k", ("k",)),
        ("FROM t SELECT c, sum(b) + 1 GROUP BY ALL HAVING sum(b) > 0", ("c",)),
        ("SELECT count(*) FROM t GROUP BY c", None),
        ("SELECT a + 1, count(*) FROM t GROUP BY a + 1", None),
        ("SELECT c, count(*) FROM t GROUP BY CUBE (c)", None),
        ("SELECT c, count(*) FROM t GROUP BY GROUPING SETS ((c), ())", None),
        ("SELECT c, count(*) FROM t GROUP BY ROLLUP (c)", None),
        ("SELECT count(*) FROM t GROUP BY ALL", None),
        ("SELECT *, count(*) FROM t GROUP BY ALL", None),
        ("SELECT a FROM t", None),
        ("FROM t UNION FROM u", None),
    ],
)
def test_group_keys_are_told_by_output_name(query, keys):
    assert group_columns(query) == keys


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("FROM r ORDER BY a LIMIT 3", 3),
        ("SELECT b, c FROM r ORDER BY a DESC NULLS LAST LIMIT 3 OFFSET 1", 2),
        ("(SELECT c FROM r ORDER BY a FETCH FIRST 2 ROWS ONLY)", 1),
        ("SELECT b, max(c) FROM r GROUP BY b ORDER BY max(a) LIMIT 2", 2),
        ("SELECT * FROM (SELECT * FROM r ORDER BY a LIMIT 3) ORDER BY 1, 2, 3", 3),
        ("SELECT k, (SELECT c FROM r WHERE r.a = k ORDER BY a LIMIT 1) FROM range(3) n(k)", 2),
        ("WITH w AS (SELECT b, c FROM r ORDER BY a % 2 LIMIT 4) SELECT sum(b), max(c) FROM w", 2),
        ("SELECT DISTINCT ON (a) a, c FROM r ORDER BY a", 2),
        ("FROM (SELECT DISTINCT ON (a) a, c FROM r ORDER BY a) SELECT c", 1),
        ("SELECT a FROM r UNION ALL SELECT b FROM r ORDER BY 1 LIMIT 5", 1),
        ("FROM r ORDER BY ALL LIMIT 2", 3),
    ],
)
def test_with_ties_broken_the_order_of_reading_does_not_matter(query, columns):
    text = break_ties(query, columns)
    assert ordered_limits(query)
    data = [(a, b, f"{a}{b}{c}") for a in range(3) for b in range(3) for c in "xy"]
    results = set()
    for seed in range(6):
        random.Random(seed).shuffle(data)
        connection = duckdb.connect()
        connection.execute("CREATE TABLE r (a INT, b INT, c TEXT)")
        connection.executemany("INSERT INTO r VALUES (?, ?, ?)", data)
        results.add(repr(sorted(connection.execute(text).fetchall())))
    assert len(results) == 1


@pytest.mark.parametrize(
    "query", ["FROM t", "FROM t ORDER BY a", "SELECT sum(a) OVER (ORDER BY b) FROM t"]
)
def test_without_a_cut_nothing_is_changed(query):
    assert not ordered_limits(query)
    assert break_ties(query, 3) == query


def test_spans_are_characters_not_bytes():
    query = "SELECT 'ü😀' FROM größe é, t"
    first, second = inspect(query).relations
    assert query[first.start : first.end] == "größe"
    assert (first.alias, query[second.start : second.end]) == ("é", "t")

"""What a definition may say, and what is answered to the rest."""

import pytest

from mlview.errors import DefinitionRefused, Nondeterministic, SyntaxProblem
from mlview.sql import check_definition


@pytest.mark.parametrize(
    "query",
    [
        "FROM t",
        "(FROM t)",
        "VALUES (1), (2)",
        "SELECT * FROM range(3) r, unnest([1, 2])",
        "SELECT a FROM t ORDER BY a LIMIT 3",
        "SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS ONLY",
        "SELECT (SELECT x FROM u WHERE u.a = t.a ORDER BY ts LIMIT 1) FROM t",
        "SELECT * FROM (FROM t ORDER BY a LIMIT 3)",
        "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b",
        "SELECT a IS DISTINCT FROM b FROM t",
        "SELECT t.user, t.current_date, x AS user FROM t JOIN u USING (user)",
        "SELECT user: t.a FROM t",
        "SELECT now, random, t.limit, uuid FROM t",
        "SELECT 'now()', $$random()$$ /* now() */ FROM t -- uuid()",
        "SELECT refresh_time() AS at FROM t WHERE ts > refresh_time() - INTERVAL 90 DAYS",
        "SELECT age(refresh_time(), born) FROM t",
        "SELECT first(a ORDER BY b), list(c ORDER BY d), string_agg(e, ',' ORDER BY f) FROM t",
        "SELECT first(a) OVER (PARTITION BY b ORDER BY c) FROM t",
        "SELECT row_number() OVER w, lag(a) IGNORE NULLS OVER (w) FROM t WINDOW w AS (ORDER BY b)",
        "SELECT sum(a) OVER (PARTITION BY b), count(*) FILTER (WHERE c) OVER () FROM t",
        "SELECT a FROM t UNION SELECT b FROM u ORDER BY 1 LIMIT 2",
        "UNPIVOT t ON a, b INTO NAME n VALUE v",
        "SELECT ARRAY(SELECT a FROM t ORDER BY b)",
        "FROM ML.PREDICT(MODEL m, TABLE t)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9) FROM r",
        "FROM t;",
    ],
)
def test_a_repeatable_query_is_accepted(query):
    check_definition(query)


@pytest.mark.parametrize(
    ("query", "message", "column"),
    [
        ("SELECT now()", "refresh_time()", 8),
        ('SELECT "NOW"()', "refresh_time()", 8),
        ("SELECT main.today()", "refresh_time()", 13),
        ("SELECT current_date", "refresh_time()", 8),
        ('SELECT "current_timestamp" FROM t', "refresh_time()", 8),
        ("SELECT age(born) FROM t", "counts from today", 8),
        ("SELECT random()", "another value", 8),
        ("SELECT a FROM t ORDER BY uuid() LIMIT 3", "another value", 26),
        ("SELECT nextval('s')", "another value", 8),
        ("SELECT reservoir_quantile(a, 0.5) FROM t", "another value", 8),
        ("SELECT getvariable('x')", "session", 8),
        ("SELECT current_setting('x')", "session", 8),
        ("SELECT user FROM t", "t.user", 8),
        ('SELECT "user" FROM t', "t.user", 8),
        ("FROM t LIMIT 3", "ORDER BY", 8),
        ("SELECT a FROM t OFFSET 2", "ORDER BY", 17),
        ("SELECT * FROM (FROM t LIMIT 3) ORDER BY 1", "ORDER BY", 23),
        ("SELECT a, sum(b) OVER (ORDER BY c) FROM t LIMIT 3", "ORDER BY", 43),
        ("FROM t TABLESAMPLE 10%", "hash(key)", 8),
        ("FROM t USING SAMPLE 10", "hash(key)", 8),
        ("SELECT DISTINCT ON (a) a, b FROM t", "ORDER BY", 8),
        ("FROM t POSITIONAL JOIN u", "join on a key", 8),
        ("FROM t ASOF JOIN u ON t.a >= u.a", "one row per key and moment", 8),
        ("FROM t ASOF LEFT JOIN (FROM u) v ON t.a >= v.a", "one row per key and moment", 8),
        ("SELECT any_value(a) FROM t", "any_value(... ORDER BY key)", 8),
        ("SELECT list(DISTINCT a) FROM t", "list(... ORDER BY key)", 8),
        ("SELECT string_agg(a, ',') FROM t", "ORDER BY", 8),
        ("SELECT approx_quantile(a, 0.5) FROM t", "quantile_cont", 8),
        ("SELECT row_number() OVER () FROM t", "OVER", 8),
        ("SELECT lag(a) OVER w FROM t WINDOW w AS (PARTITION BY b)", "OVER", 8),
        ("SELECT sum(a) OVER (ROWS 3 PRECEDING) FROM t", "frame", 8),
        ("SELECT ARRAY(SELECT a FROM t)", "ARRAY", 8),
        ("FROM (SELECT *, count(*) FROM t GROUP BY ALL ORDER BY a LIMIT 3)", "row_number", 46),
        ("FROM ML.PREDICT(MODEL m, (SELECT now() AS a))", "refresh_time()", 34),
    ],
)
def test_what_differs_from_run_to_run_is_refused_with_what_to_write(query, message, column):
    with pytest.raises(Nondeterministic) as error:
        check_definition(query)
    assert message in str(error.value)
    assert (error.value.line, error.value.column) == (1, column)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FROM 'x.parquet'", "CREATE TABLE name AS FROM 'x.parquet'"),
        ("SELECT * FROM t JOIN read_csv('x.csv') c USING (a)", "FROM read_csv('x.csv')"),
        ("FROM query('FROM t')", "CREATE TABLE"),
        ("FROM query_table('t')", "CREATE TABLE"),
        ("FROM glob('*')", "CREATE TABLE"),
        ("FROM duckdb_tables()", "CREATE TABLE"),
        ("FROM information_schema.tables", "no snapshots"),
        ("FROM t WHERE a = $1", "no parameters"),
        ("FROM t WHERE a = ?", "no parameters"),
        ("FROM t AT (VERSION => 1)", "AT is refused"),
        ("FROM t; FROM u", "several statements"),
        ("SELECT a INTO b FROM t", "writes nothing"),
        ("WITH x AS (INSERT INTO t VALUES (1) RETURNING a) FROM x", "writes nothing"),
        ("WITH x AS (UPDATE t SET a = 1 RETURNING a) FROM x", "writes nothing"),
        ("INSERT INTO t FROM u", "is a query"),
        ("DESCRIBE t", "is a query"),
        ("", "found nothing"),
    ],
)
def test_what_is_no_query_over_the_lake_is_refused(query, message):
    with pytest.raises(DefinitionRefused) as error:
        check_definition(query)
    assert message in str(error.value)
    assert error.value.line == 1


def test_the_place_of_a_flaw_counts_lines():
    with pytest.raises(Nondeterministic) as error:
        check_definition("SELECT a -- why\nFROM t\n  LIMIT 3")
    assert (error.value.line, error.value.column) == (3, 3)


def test_a_thousand_parentheses_are_a_depth_error():
    with pytest.raises(SyntaxProblem, match="nested brackets"):
        check_definition("SELECT " + "(" * 1000 + "1" + ")" * 1000)

"""What a query reads: checked case by case, and against DuckDB's own parser."""

import json
from itertools import pairwise, takewhile

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.definitions import Name
from mlview.errors import SyntaxProblem
from mlview.sql import inspect
from mlview.sql.reading import read_query
from mlview.sql.scan import scan
from mlview.sql.tokens import tokenize

PARSER = duckdb.connect()


def parsed_tables(query):
    """Name paths of all base tables by character offset, common table expressions included."""
    [answer] = PARSER.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    tree = json.loads(answer)
    if tree["error"]:
        return None
    tables, waiting, data = {}, [tree], query.encode()
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            waiting.extend(node.values())
            if node.get("type") == "BASE_TABLE":
                path = [node["catalog_name"], node["schema_name"], node["table_name"]]
                offset = len(data[: node["query_location"]].decode())
                tables[offset] = (tuple(filter(None, path)), node["alias"])
    return tables


def bound_names(query):
    """Paths of the names that DuckDB's binder looks up; None where it does not bind."""
    try:
        names = duckdb.get_table_names(query, qualified=True)
    except duckdb.Error:
        return None
    paths = ([token.value for token in tokenize(name) if token.text != "."] for name in names)
    return {tuple(takewhile("AS".__ne__, path)) for path in paths}


def relation_path(relation):
    schema = (relation.name.schema,) if relation.schema_given else ()
    catalog = (relation.catalog,) if relation.catalog else ()
    return (*catalog, *schema, relation.name.name)


def unquoted(alias):
    return alias[1:-1].replace('""', '"') if alias and alias[0] == '"' else alias or ""


def read_names(query):
    return sorted(str(relation.name) for relation in inspect(query).relations)


CORPUS = [
    "FROM t",
    "FROM t SELECT a",
    "TABLE t",
    "(FROM t)",
    "((SELECT * FROM t) UNION (FROM u))",
    "SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM t",
    "SELECT COLUMNS('a.*') FROM t",
    "SELECT * FROM t PIVOT (sum(b) FOR a IN (1, 2))",
    "SELECT * FROM (UNPIVOT t ON a, b INTO NAME n VALUE v)",
    "SELECT list_transform(l, x -> x + 1), [x FOR x IN l IF x > 1] FROM t",
    "SELECT list_filter(l, lambda x: x > 1) FROM t",
    "FROM t ASOF JOIN u ON t.a >= u.a",
    "FROM t POSITIONAL JOIN u",
    "FROM t, LATERAL (SELECT t.a + u.b FROM u) l",
    "SELECT a, count(*) FROM t GROUP BY ALL ORDER BY ALL",
    "SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1",
    "VALUES (1), (2)",
    "SELECT * FROM (VALUES (1)) v(x)",
    "SELECT t.a.b.c, (t).a, {'a': 1}.a FROM t",
    "SELECT E'it\\'s', $$FROM x$$, $q$ FROM $$ y $q$, 'FROM z' FROM t",
    "SELECT 1 /* FROM a /* FROM b */ */ FROM t -- FROM c",
    "SELECT größe FROM straße WHERE größe > 1",
    "SELECT #1 FROM t",
    "FROM b: t SELECT b.a, x: a",
    "SELECT a, b, FROM t",
    "SELECT extract(year FROM a), trim(BOTH ' ' FROM b), substring(c FROM 2) FROM t",
    "SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM (SELECT max(a) FROM u) FROM t",
    "WITH t AS (FROM t) FROM t",
    "WITH t AS (FROM t), u AS (FROM t) FROM t, u, v",
    "WITH a AS (FROM b), b AS (SELECT 1) FROM a, b",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, t) FROM r",
    "WITH RECURSIVE r AS (FROM r) FROM r",
    "WITH RECURSIVE r AS (SELECT 1 AS a FROM r UNION ALL SELECT a + 1 FROM r) SELECT a FROM r",
    "WITH a AS MATERIALIZED (WITH b AS (FROM c) FROM b) FROM b, a",
    "WITH a AS (FROM t) SELECT (SELECT max(x) FROM a), (WITH a AS (FROM u) SELECT 1 FROM a) FROM a",
    'WITH a AS (FROM t) FROM s.a, A, "a"',
    "SELECT * FROM t WHERE EXISTS (FROM u WHERE u.a = t.a) AND b IN (SELECT b FROM v)",
    'SELECT * FROM "A b"."C" x JOIN c.s.t AS "q r" USING (a)',
    "FROM t NATURAL JOIN u LEFT JOIN (v CROSS JOIN w) ON true",
    "FROM t SEMI JOIN u USING (a) ANTI JOIN v USING (a)",
    "SELECT a FROM t UNION BY NAME SELECT b FROM u INTERSECT SELECT 1 FROM v",
    "SELECT sum(a) FILTER (WHERE b) OVER w FROM t WINDOW w AS (ORDER BY b)",
    "SELECT first(a ORDER BY b), sum(DISTINCT a) FROM t",
    "FROM t AS x(a, b), u y(c)",
    "SELECT CASE WHEN a THEN (SELECT 1 FROM u) END, CAST(a AS INT), a::STRUCT(b INT)[] FROM t",
    "SELECT * FROM t ORDER BY (SELECT a FROM u) LIMIT (SELECT 3 FROM v)",
    "SELECT INTERVAL 3 DAYS, DATE '2020-01-01', a['x'], a[1:2] FROM t",
    "SELECT unnest(l) FROM t, unnest([1, 2]) u(x), range(3)",
    "FROM (FROM (FROM t) a) b",
    "SELECT * FROM t WHERE a NOT IN (FROM u) GROUP BY GROUPING SETS ((a), (b)), CUBE (a)",
    "SELECT a FROM t JOIN u ON t.a = u.a, v",
]


@pytest.mark.parametrize("query", CORPUS)
def test_every_relation_is_found_where_duckdb_finds_it(query):
    tables = parsed_tables(query)
    assert tables is not None
    facts = inspect(query)
    assert facts.exact
    assert bound_names(query) in (None, {relation_path(r) for r in facts.relations})
    assert "WITH" in query or {r.start for r in facts.relations} == set(tables)
    for relation in facts.relations:
        path, alias = tables[relation.start]
        assert relation_path(relation) == path
        assert unquoted(relation.alias) == alias


@pytest.mark.parametrize("query", CORPUS)
def test_the_scan_without_a_tree_misses_nothing(query):
    facts, found = inspect(query), scan(read_query(query))
    assert tuple(found.relations) == facts.relations
    assert tuple(query[start:end] for start, end in found.files) == facts.files


@pytest.mark.parametrize(
    ("statement", "reads", "writes"),
    [
        ("INSERT INTO t SELECT * FROM t, u", ["t", "u"], ["t"]),
        ("INSERT INTO s.t (a, b) WITH z AS (FROM q) FROM z", ["q"], ["s.t"]),
        ("WITH z AS (FROM q) INSERT INTO t FROM z", ["q"], ["t"]),
        ("INSERT OR REPLACE INTO t BY NAME FROM u", ["u"], ["t"]),
        ("CREATE TABLE x AS FROM t", ["t"], ["x"]),
        ("CREATE OR REPLACE TEMP TABLE x AS SELECT * FROM t", ["t"], ["x"]),
        ("CREATE VIEW v AS FROM t", ["t"], ["v"]),
        ("CREATE TABLE x (a INT, b TEXT)", [], ["x"]),
        ("COPY (SELECT * FROM t) TO 'x.csv'", ["t"], []),
        ("COPY t TO 'x.csv' (HEADER)", ["t"], []),
        ("COPY t FROM 'x.csv'", [], ["t"]),
        ("UPDATE t SET a = u.b FROM u WHERE t.a = u.a", ["u"], ["t"]),
        ("UPDATE t SET a = (SELECT max(a) FROM t)", ["t"], ["t"]),
        ("DELETE FROM t USING u WHERE t.a = u.a", ["u"], ["t"]),
        ("DELETE FROM t", [], ["t"]),
        ("TRUNCATE t", [], ["t"]),
        (
            "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
            ["u"],
            ["t"],
        ),
        ("EXPLAIN SELECT * FROM t", ["t"], []),
        ("EXPLAIN ANALYZE FROM t", ["t"], []),
        ("SUMMARIZE t", ["t"], []),
        ("SUMMARIZE SELECT a FROM t", ["t"], []),
        ("DESCRIBE t", ["t"], []),
        ("DESCRIBE FROM t", ["t"], []),
        ("PIVOT t ON a USING sum(b)", ["t"], []),
        ("UNPIVOT t ON a, b", ["t"], []),
        ("SET x = 1", [], []),
        ("BEGIN", [], []),
    ],
)
def test_what_a_statement_writes_is_not_what_it_reads(statement, reads, writes):
    assert read_names(statement) == reads
    assert [str(name) for name in inspect(statement).targets] == writes


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM t AT (VERSION => 3)",
        "SELECT * FROM t AT (VERSION => 3) x",
        "SELECT * FROM t AS x AT (VERSION => 3) JOIN u USING (a)",
        "SELECT * FROM t x(a, b) AT (VERSION => 3)",
        "FROM x: t AT (VERSION => 3)",
    ],
)
def test_a_moment_belongs_to_the_relation_before_it(query):
    relation = inspect(query).relations[0]
    assert relation.at.kind == "VERSION"
    assert relation.at.expression == "3"
    assert query[relation.at.start : relation.at.end] == "AT (VERSION => 3)"
    assert query[relation.start : relation.end] == "t"
    assert relation.end_with_at == relation.at.end
    assert relation.alias == ("x" if "x" in query else None)
    assert all(other.at is None for other in inspect(query).relations[1:])


def test_a_moment_may_be_an_expression():
    query = "FROM t AT (TIMESTAMP => now() - INTERVAL 1 DAY) WHERE a"
    [relation] = inspect(query).relations
    assert (relation.at.kind, relation.at.expression) == ("TIMESTAMP", "now() - INTERVAL 1 DAY")


def test_a_call_keeps_its_span_its_alias_and_its_rows():
    query = "SELECT p.* FROM ML.PREDICT(MODEL s.late, f => f2, max_staleness => '2 hours') AS p, u"
    facts = inspect(query)
    [call] = facts.calls
    assert query[call.start : call.end].startswith("ML.PREDICT(")
    assert query[call.start : call.end].endswith("'2 hours')")
    assert (call.function, call.model, call.alias) == ("PREDICT", Name("late", "s"), "p")
    assert call.replaced == ((Name("f"), Name("f2")),)
    assert dict(call.options) == {"max_staleness": "2 hours"}
    assert read_names(query) == ["u"]


def test_the_query_inside_a_call_is_left_to_the_caller():
    query = "FROM ml.predict(MODEL m, (SELECT * FROM t, ML.EVALUATE(MODEL n)), version => 6)"
    facts = inspect(query)
    [call] = facts.calls
    assert facts.relations == ()
    assert call.query == "SELECT * FROM t, ML.EVALUATE(MODEL n)"
    assert dict(call.options) == {"version": 6}
    assert [inner.function for inner in inspect(call.query).calls] == ["EVALUATE"]


def test_a_call_in_a_cte_a_join_and_at_a_moment():
    query = (
        "WITH p AS (FROM ML.PREDICT(MODEL m, TABLE t) AT (VERSION => 2))\n"
        "SELECT * FROM p JOIN ML.FEATURE_IMPORTANCE(MODEL m) f ON true JOIN ML.EVALUATE(MODEL m)"
    )
    first, second, third = inspect(query).calls
    assert first.at.expression == "2"
    assert query[first.start : first.end_with_at].endswith("(VERSION => 2)")
    assert (second.alias, third.alias) == ("f", None)
    assert inspect(query).relations == ()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FROM ML.PREDCIT(MODEL m, TABLE t)", "'PREDICT'"),
        ("FROM ML.PREDICT('m', t)", "MODEL name"),
        ("FROM ML.PREDICT(MODEL m)", "needs rows"),
        ("FROM ML.PREDICT(MODEL m, t)", "TABLE t"),
        ("FROM ML.PREDICT(MODEL m, TABLE t, verison => 6)", "'version'"),
        ("FROM ML.PREDICT(MODEL m, TABLE t, version => 'x')", "whole number"),
        ("FROM ML.PREDICT(MODEL m, TABLE t, version => TRUE)", "whole number"),
        ("FROM ML.PREDICT(MODEL m, TABLE t, max_staleness => '5 mintues')", "'5 minutes'"),
        ("FROM ML.PREDICT(MODEL m, TABLE t, version => 1, version => 2)", "twice"),
        ("FROM ML.PREDICT(MODEL m, a => b, a => c)", "twice"),
        ("FROM ML.PREDICT(MODEL m, TABLE t, (SELECT 1))", "one spelling"),
        ("FROM ML.PREDICT(MODEL m, (t))", "TABLE name"),
        ("FROM ML.PREDICT(MODEL m, TABLE t", "never closed"),
        ("FROM ML.FEATURE_IMPORTANCE(MODEL m, TABLE t)", "takes no rows"),
        ("SELECT 'a", "never ends"),
    ],
)
def test_a_call_that_cannot_be_meant_says_what_to_write(query, message):
    with pytest.raises(SyntaxProblem) as error:
        inspect(query)
    assert message in str(error.value)
    assert error.value.line == 1


def test_files_and_table_functions_are_told_as_typed():
    query = "FROM 'x.parquet' p, read_csv('a.csv', header = true), range(3), glob('*'), t"
    facts = inspect(query)
    assert facts.files == ("'x.parquet'", "read_csv('a.csv', header = true)", "glob('*')")
    assert read_names(query) == ["t"]


def test_refresh_time_and_aggregates_are_noticed():
    assert inspect("FROM t WHERE a > REFRESH_TIME() - INTERVAL 1 DAY").refresh_time
    assert not inspect("SELECT refresh_time, 'refresh_time()' FROM t").refresh_time
    assert inspect("SELECT x.sum() FROM t").aggregates
    assert inspect("SELECT row_number() OVER (ORDER BY a) FROM t").aggregates
    assert not inspect("SELECT count, max FROM t").aggregates


def test_what_no_parser_follows_is_scanned_and_marked():
    facts = inspect("SOMETHING NEW FROM t x JOIN s.u USING (a), v INTO w")
    assert not facts.exact
    assert [str(relation.name) for relation in facts.relations] == ["t", "s.u", "v"]
    assert facts.targets == (Name("w"),)


def test_deep_and_long_text_never_overflows():
    with pytest.raises(SyntaxProblem, match="nested brackets"):
        inspect("SELECT " + "(" * 1000 + "1" + ")" * 1000)
    deep = "SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM t"
    assert read_names(deep) == ["t"]
    assert read_names("SELECT " + "1 + " * 5000 + "1 FROM t") == ["t"]
    assert read_names("SELECT " + "NOT " * 5000 + "a FROM t") == ["t"]
    assert read_names(" UNION ALL ".join(["FROM t"] * 1000)) == ["t"] * 1000


# A grammar of queries that DuckDB parses, with the traps that FROM and WITH set.

RELATIONS = ["t", "u", "s.t", '"A b"', "main.u", "c.s.t", "ünder", "T"]
EXPRESSIONS = [
    "1", "a", "t.a", "x -> x + 1", "extract(year FROM a)", "a IS NOT DISTINCT FROM b",
    "'FROM q'", "$$ FROM q $$", "[x FOR x IN l]", "sum(a) OVER (ORDER BY b)", "a::INT[]",
    "trim(LEADING 'x' FROM b)", "/* FROM q */ 2", "E'\\' FROM q'", "{'k': a}", "a['k'][1:2]",
]  # fmt: skip


def queries():
    expression = st.sampled_from(EXPRESSIONS)

    def bigger(query):
        subquery = query.map(lambda inner: f"({inner})")
        item = st.one_of(expression, subquery, query.map(lambda inner: f"EXISTS ({inner})"))
        alias = st.sampled_from(["", " x", ' AS "Y z"', " AS q(a, b)"])
        source = st.one_of(
            st.tuples(st.sampled_from(RELATIONS), alias).map("".join),
            st.tuples(subquery, st.just(" AS sub")).map("".join),
            st.sampled_from(["range(3)", "unnest([1, 2]) AS n(i)", "p: t"]),
        )
        joined = st.tuples(
            source,
            st.sampled_from([", ", " CROSS JOIN ", " NATURAL JOIN ", " POSITIONAL JOIN "]),
            source,
        ).map("".join)
        using = st.tuples(source, source).map(
            lambda pair: f"{pair[0]} LEFT JOIN {pair[1]} USING (a)"
        )
        tables = st.one_of(source, joined, using)
        tail = st.sampled_from(["", " WHERE a > 1", " GROUP BY ALL", " ORDER BY 1 LIMIT 2"])
        select = st.tuples(st.lists(item, min_size=1, max_size=2), tables, tail).map(
            lambda parts: f"SELECT {', '.join(parts[0])} FROM {parts[1]}{parts[2]}"
        )
        from_first = st.tuples(tables, item).map(lambda parts: f"FROM {parts[0]} SELECT {parts[1]}")
        union = st.tuples(subquery, subquery).map(" UNION ALL ".join)
        with_ = st.tuples(
            st.lists(
                st.tuples(st.sampled_from(["t", "u", "w", '"A b"']), query),
                min_size=1,
                max_size=2,
                unique_by=lambda pair: pair[0],
            ),
            select,
        ).map(
            lambda parts: (
                "WITH "
                + ", ".join(f"{name} AS ({body})" for name, body in parts[0])
                + f" SELECT * FROM ({parts[1]}) AS k"
                + "".join(f", {name} AS k{place}" for place, (name, _) in enumerate(parts[0]))
            )
        )
        return st.one_of(select, from_first, union, with_)

    return st.recursive(
        st.sampled_from(["FROM t", "SELECT a FROM u AS k", "TABLE s.t"]), bigger, max_leaves=6
    )


@settings(max_examples=300, deadline=None)
@given(queries())
def test_any_query_is_read_as_duckdb_reads_it(query):
    tables = parsed_tables(query)
    if tables is None:
        return
    facts = inspect(query)
    relations = facts.relations
    assert all(before.end <= after.start for before, after in pairwise(relations))
    for relation in relations:
        path, alias = tables[relation.start]
        assert (relation_path(relation), unquoted(relation.alias)) == (path, alias)
    assert bound_names(query) in (None, {relation_path(relation) for relation in relations})
    assert tuple(scan(read_query(query)).relations) == relations

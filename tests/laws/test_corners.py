"""Queries that a delta gets wrong unless it was thought of: names, NULLs, nothing, twice."""

from functools import cache

import pytest
from exact_deltas.lakes import carry_out, law_in_lake
from exact_deltas.memory import law_in_memory
from exact_deltas.scenarios import Scenario

WIDE = ", ".join(f"c{n} INTEGER" for n in range(60))
SETUP = [
    "CREATE TABLE t (k INTEGER, g VARCHAR, x DOUBLE, n INTEGER)",
    "CREATE TABLE u (k INTEGER, g VARCHAR, y INTEGER)",
    "CREATE TABLE v (k INTEGER, z INTEGER)",
    "CREATE TABLE empty (k INTEGER, e INTEGER)",
    "CREATE TABLE last (k INTEGER)",
    "CREATE TABLE s (t STRUCT(k INTEGER, g VARCHAR), k INTEGER)",
    'CREATE TABLE "odd.na""me" ("a.b" INTEGER, "c""d" VARCHAR, "SELECT" INTEGER)',
    f"CREATE TABLE wide ({WIDE})",
    "CREATE TABLE clock (k INTEGER, seen TIMESTAMPTZ, d DATE)",
    "CREATE TABLE spans (k INTEGER, i INTERVAL, f DOUBLE)",
    "CREATE SCHEMA other",
    "CREATE TABLE other.t (k INTEGER, o INTEGER)",
    "INSERT INTO t VALUES (1,'a',1.5,1), (1,'a',1.5,1), (2,'b',NULL,2), (NULL,'c',0.5,3), "
    "(3,NULL,2.5,4), (4,'a','nan',5), (5,'b',-0.5,NULL)",
    "INSERT INTO u VALUES (1,'a',10), (2,'b',20), (2,'z',21), (NULL,'c',30), (7,NULL,70)",
    "INSERT INTO v VALUES (1,1), (2,2), (NULL,3), (9,9)",
    "INSERT INTO last VALUES (1)",
    "INSERT INTO s VALUES ({'k': 1, 'g': 'a'}, 2), (NULL, 3), ({'k': NULL, 'g': 'b'}, 1)",
    "INSERT INTO \"odd.na\"\"me\" VALUES (1, 'x', 1), (2, 'y', 2)",
    f"INSERT INTO wide SELECT {', '.join(f'(range + {n}) % 5' for n in range(60))} FROM range(20)",
    "INSERT INTO clock VALUES (1, '2024-02-29 00:00:00+00', '2024-02-29'), "
    "(2, '2024-03-01 00:00:00+00', '2024-03-01'), (3, '2024-03-02 12:00:00+00', '2024-03-02'), "
    "(4, '2024-03-09 00:00:00+00', '2024-03-09'), (5, NULL, NULL)",
    "INSERT INTO spans VALUES (1, INTERVAL '1 month', 0.0), (2, INTERVAL '1 day', -0.0::DOUBLE)",
    "INSERT INTO other.t VALUES (1, 100), (2, 200)",
    "CREATE VIEW plain AS SELECT k, g, count(*) AS c FROM t GROUP BY ALL",
    "CREATE VIEW nested AS SELECT p.k, p.c, u.y FROM plain p LEFT JOIN u USING (k)",
    "CREATE VIEW c AS SELECT k FROM v WHERE k = 1",
]
CHANGES = {
    "rows come and go everywhere": [
        "INSERT INTO t VALUES (2,'b',4.5,7), (3,'n',1.0,8), (NULL,NULL,NULL,NULL), (1,'a',1.5,1)",
        "DELETE FROM t WHERE n = 4",
        "UPDATE t SET x = 9.5 WHERE g = 'c'",
        "INSERT INTO u VALUES (3,'q',33), (1,'a',10), (8,'n',80)",
        "DELETE FROM u WHERE y = 20",
        "UPDATE v SET z = z + 1 WHERE k = 2",
        "INSERT INTO v VALUES (NULL, 3), (4, 4)",
        "INSERT INTO empty VALUES (1, 1), (NULL, 2)",
        "DELETE FROM last",
        "INSERT INTO s VALUES ({'k': 5, 'g': 'e'}, 1)",
        "UPDATE \"odd.na\"\"me\" SET \"a.b\" = 3 WHERE \"SELECT\" = 2",
        "UPDATE wide SET c59 = 99 WHERE c0 = 1",
        "INSERT INTO clock VALUES (6, '2024-03-01 12:00:00+00', '2024-03-01')",
        "DELETE FROM clock WHERE k = 1",
        "UPDATE spans SET i = INTERVAL '30 days' WHERE k = 1",
        "UPDATE spans SET f = 0.0 WHERE k = 2",
        "UPDATE other.t SET o = 201 WHERE k = 2",
    ],
    "only the left table": ["UPDATE t SET k = 2 WHERE n = 5", "DELETE FROM t WHERE k IS NULL"],
    "only the right table": ["INSERT INTO u VALUES (5,'b',50)", "DELETE FROM u WHERE k IS NULL"],
    "a NULL comes into a list of values": ["INSERT INTO v VALUES (NULL, 0)", "DELETE FROM v WHERE k = 9"],
    "the last NULL goes": ["DELETE FROM v WHERE k IS NULL"],
    "everything goes": ["DELETE FROM t", "DELETE FROM u", "DELETE FROM v", "DELETE FROM last"],
    "a value becomes one that equals it": [
        "CREATE TABLE moved AS SELECT k, INTERVAL '30 days' AS i, -f AS f FROM spans",
        "DELETE FROM spans",
        "INSERT INTO spans FROM moved",
        "DROP TABLE moved",
        "UPDATE t SET x = -0.0::DOUBLE WHERE k = 2",
    ],
    "columns change that few queries read": ["UPDATE t SET n = n + 100", "UPDATE wide SET c7 = -1"],
    "nothing changes but the time": ["INSERT INTO last SELECT 1 WHERE FALSE"],
}
QUERIES = [
    # Nothing left, nothing there yet
    "SELECT count(*) AS n FROM last",
    "SELECT sum(k) AS s, count(*) AS n, min(k) AS m FROM last WHERE k > 0",
    "SELECT count(*) AS n FROM t GROUP BY ()",
    "SELECT count(*) AS n FROM empty HAVING count(*) > 0",
    "SELECT t.k, (SELECT count(*) FROM empty e WHERE e.k = t.k) AS n FROM t",
    "SELECT t.k FROM t, (SELECT max(k) AS m FROM last) WHERE m IS NULL OR t.k = m",
    "SELECT k FROM t WHERE k >= ALL (SELECT k FROM last)",
    "SELECT k FROM t WHERE k > ANY (SELECT k FROM empty)",
    "SELECT * FROM t LEFT JOIN empty USING (k)",
    "SELECT count(*) AS n, count(e.k) AS m FROM t FULL JOIN empty e ON t.k = e.k",
    # NULLs
    "SELECT * FROM t WHERE k NOT IN (SELECT k FROM v)",
    "SELECT * FROM t WHERE k NOT IN (SELECT k FROM v WHERE k IS NOT NULL)",
    "SELECT * FROM t WHERE k NOT IN (SELECT e FROM empty)",
    "SELECT * FROM t WHERE (k NOT IN (SELECT k FROM v)) IS NULL",
    "SELECT k, k IN (SELECT k FROM v) AS known FROM t",
    "SELECT * FROM t WHERE k NOT IN (SELECT u.k FROM u WHERE u.g = t.g)",
    "SELECT * FROM t WHERE n NOT IN (SELECT z FROM v WHERE v.k = t.k)",
    "SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND u.g = t.g)",
    "SELECT * FROM t ANTI JOIN u ON t.k = u.k",
    "SELECT * FROM t SEMI JOIN u USING (k, g)",
    "SELECT t.k, u.* EXCLUDE (k) FROM t JOIN u ON t.k IS NOT DISTINCT FROM u.k",
    "SELECT g, max(x) AS m FROM t GROUP BY g",
    "SELECT t.*, u.y FROM t LEFT JOIN u ON t.k = u.k AND t.n > 1 WHERE u.y IS NULL",
    "SELECT t.k, u.k AS uk FROM t RIGHT JOIN u ON t.k = u.k OR t.g = u.g",
    "(SELECT k FROM t) EXCEPT (SELECT k FROM u)",
    "(SELECT k FROM t) EXCEPT ALL (SELECT k FROM v)",
    "(SELECT k FROM t) INTERSECT ALL (SELECT k FROM u)",
    # USING and NATURAL
    "SELECT k, g, y FROM t FULL JOIN u USING (k, g)",
    "SELECT * FROM t FULL JOIN u USING (k, g)",
    "SELECT t.k AS tk, u.k AS uk, k FROM t FULL JOIN u USING (k)",
    "SELECT k, count(*) AS n FROM t RIGHT JOIN u USING (k) GROUP BY k",
    "SELECT k, count(*) AS n FROM t FULL JOIN u USING (k) FULL JOIN v USING (k) GROUP BY k",
    "FROM t NATURAL JOIN u",
    "FROM t NATURAL LEFT JOIN u",
    "SELECT k, z, y FROM t LEFT JOIN u USING (k) LEFT JOIN v USING (k)",
    "SELECT t.k, v.z FROM t LEFT JOIN (u JOIN v USING (k)) ON t.k = u.k",
    "SELECT t.n, u.y, v.z FROM t LEFT JOIN u ON t.k = u.k LEFT JOIN v ON u.k = v.k",
    "SELECT t.n, u.y, v.z FROM t LEFT JOIN u ON t.k = u.k JOIN v ON v.k = t.k AND u.y > v.z",
    # What DuckDB's own printing of a query gets wrong
    "SELECT t.n, v.z, u.y FROM t CROSS JOIN v RIGHT JOIN u ON v.k = u.k",
    "SELECT t.n, v.z, u.y FROM t CROSS JOIN v LEFT JOIN u ON t.k = u.k",
    "SELECT t.n, v.z, u.y FROM v CROSS JOIN t FULL JOIN u ON t.k = u.k AND t.n = 2",
    "SELECT u.y, v.z FROM u LEFT JOIN (t CROSS JOIN v) ON u.k = t.k",
    'SELECT "x y".* FROM t AS "x y"',
    'SELECT "order".* EXCLUDE (g) FROM t AS "order" JOIN u USING (k)',
    'SELECT "a.b".* FROM u AS "a.b"',
    "SELECT k, (k * 0.1e0)::VARCHAR AS v FROM t",
    "SELECT k, 1e400 AS i FROM t",
    "SELECT k, x'41' AS b, 170141183460469231731687303715884105727 AS h FROM t",
    # Names
    "WITH t AS (SELECT * FROM t WHERE n > 1) SELECT count(*) AS n FROM t",
    "WITH t AS (SELECT k FROM v) SELECT count(*) AS n FROM t JOIN main.t AS real USING (k)",
    "WITH c AS (SELECT k FROM t) SELECT * FROM c WHERE k IN (SELECT k FROM main.c)",
    "WITH plain AS (SELECT k FROM v) SELECT * FROM plain JOIN nested USING (k)",
    "SELECT * FROM nested",
    "SELECT * FROM (WITH c AS (SELECT 5 AS k) SELECT * FROM c) a JOIN c USING (k)",
    "WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a), a2 AS (SELECT * FROM a) "
    "SELECT b.n, a2.k FROM b JOIN a2 USING (k)",
    "WITH a(q, r) AS (SELECT k, g FROM t) SELECT r, count(q) AS n FROM a GROUP BY r",
    "WITH a AS MATERIALIZED (SELECT k, count(*) AS n FROM t GROUP BY k) "
    "SELECT x.k, y.n FROM a x JOIN a y ON x.k = y.n",
    'SELECT "a.b", "c""d" FROM "odd.na""me" WHERE "SELECT" > 0',
    'SELECT "odd.na""me"."a.b" FROM "odd.na""me"',
    'SELECT o."a.b" AS "x.y" FROM "odd.na""me" o GROUP BY o."a.b"',
    "SELECT T.K, U.Y FROM T JOIN U ON t.k = u.K",
    "SELECT main.t.k, main.t.g FROM main.t JOIN u ON main.t.k = u.k",
    "SELECT lake.main.t.k FROM lake.main.t",
    "SELECT main.t.k, other.t.o FROM main.t JOIN other.t ON main.t.k = other.t.k",
    "SELECT a.k, b.o FROM t a JOIN other.t b USING (k)",
    "SELECT t.k AS g, g AS k FROM t",
    "SELECT k + 1 AS k, count(*) AS n FROM t GROUP BY k",
    "SELECT k + 1 AS kk, count(*) AS n FROM t GROUP BY kk",
    "SELECT k + 1 AS k, count(*) AS n FROM t GROUP BY ALL",
    "SELECT k % 2 AS p, g, count(*) AS n FROM t GROUP BY 1, 2",
    "SELECT k AS a, a + 1 AS b FROM t WHERE b > 1",
    "SELECT g, count(*) AS n FROM t GROUP BY g HAVING n > 1",
    "SELECT u.k AS t, t.k AS u FROM t, u WHERE t.k = u.k",
    "SELECT t FROM t",
    "SELECT t.t.k AS a, t.k AS b FROM s AS t",
    "SELECT t.k AS a FROM s",
    "SELECT t.k AS a, s.k AS b FROM s JOIN t ON s.k = t.n",
    "SELECT r.k FROM (SELECT t FROM t) q(r)",
    "SELECT count(*) AS n FROM t AS u JOIN u AS t ON t.y > u.n",
    "SELECT a.n, b.n AS m, c.n AS o FROM t a JOIN t b ON a.k = b.k JOIN t c ON b.n = c.n",
    "SELECT p.k, q, r FROM u p(k, q, r)",
    "SELECT * FROM wide WHERE c0 > 2",
    "SELECT c3, sum(c59) AS s FROM wide GROUP BY c3",
    "SELECT COLUMNS('c1.') FROM wide",
    "SELECT * EXCLUDE (c59) FROM wide",
    "SELECT * REPLACE (c58 + 1 AS c59) FROM wide",
    "SELECT k, max(COLUMNS(* EXCLUDE (k, g))) FROM t GROUP BY k",
    # Subqueries
    "SELECT k FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND EXISTS "
    "(SELECT 1 FROM v WHERE v.k = t.k AND v.z < u.y))",
    "SELECT k, (SELECT max(y) FROM u WHERE u.k = t.k) AS m FROM t",
    "SELECT k, (SELECT max(y) FROM u WHERE u.k > t.k) AS m FROM t",
    "SELECT k FROM t WHERE x > (SELECT avg(x) FROM t b WHERE b.g = t.g)",
    "SELECT k FROM t WHERE x > (SELECT avg(x) FROM t)",
    "SELECT k FROM t WHERE k IN (SELECT k FROM u GROUP BY k HAVING count(*) > 1)",
    "SELECT k FROM t WHERE k IN (SELECT u.k + t.n FROM u)",
    "SELECT k FROM t WHERE (k, g) IN (SELECT k, g FROM u)",
    "SELECT k FROM t WHERE (SELECT count(*) FROM u WHERE u.k = t.k) = 0",
    "SELECT k FROM t WHERE (SELECT count(*) FROM u WHERE u.k = t.k AND u.g = t.g) < 1",
    "SELECT k FROM t WHERE EXISTS (SELECT count(*) FROM u WHERE u.k = t.k)",
    "SELECT k FROM t WHERE EXISTS (SELECT max(y) FROM u WHERE u.k = t.k HAVING max(y) > 15)",
    "SELECT k FROM t WHERE k = 1 OR EXISTS (SELECT 1 FROM u WHERE u.k = t.k)",
    "SELECT k FROM t WHERE NOT (EXISTS (SELECT 1 FROM u WHERE u.k = t.k) AND n > 1)",
    "SELECT k, CASE WHEN k IN (SELECT k FROM u) THEN 'in' ELSE 'out' END AS w FROM t",
    "SELECT g, count(*) AS n FROM t GROUP BY g HAVING count(*) > (SELECT count(*) FROM v) - 3",
    "SELECT g, (SELECT count(*) FROM u WHERE u.g = t.g) AS n FROM t GROUP BY g",
    "SELECT k FROM t WHERE k IN (SELECT k FROM u INTERSECT SELECT k FROM v)",
    "SELECT k FROM t WHERE k IN (SELECT k FROM u UNION ALL SELECT k FROM v)",
    "SELECT t.k, l.y FROM t, LATERAL (SELECT y FROM u WHERE u.k = t.k) l",
    "SELECT t.k, l.m FROM t LEFT JOIN LATERAL (SELECT max(y) AS m FROM u WHERE u.k = t.k) l ON TRUE",
    "SELECT k FROM t WHERE x = (SELECT max(x) FROM t b WHERE b.k = t.k AND b.g IN (SELECT g FROM u))",
    "SELECT k, ARRAY(SELECT y FROM u WHERE u.k = t.k ORDER BY y) AS ys FROM t",
    # Windows, groups of groups, DISTINCT
    "SELECT g, n, sum(n) OVER (PARTITION BY g ORDER BY n, k, x) AS s FROM t",
    "SELECT g, n, count(*) OVER (PARTITION BY g) AS s, count(*) OVER () AS c FROM t",
    "SELECT g, count(*) AS n, sum(count(*)) OVER (PARTITION BY g) AS s FROM t GROUP BY g, k",
    "SELECT g, sum(n) AS s, rank() OVER (ORDER BY sum(n)) AS r FROM t GROUP BY g",
    "SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY g ORDER BY n, k, x) = 1",
    "SELECT g, n, lag(n) OVER w AS l FROM t WINDOW w AS (PARTITION BY g ORDER BY n, k, x)",
    "SELECT DISTINCT g FROM t",
    "SELECT DISTINCT ON (g) g, n FROM t ORDER BY g, n DESC, k, x",
    "SELECT DISTINCT count(*) AS n FROM t GROUP BY g",
    "SELECT g, k, count(*) AS n FROM t GROUP BY ROLLUP (g, k)",
    "SELECT g, k, count(*) AS n, grouping(g) AS gg FROM t GROUP BY CUBE (g, k)",
    "SELECT g, count(*) AS n FROM t GROUP BY GROUPING SETS ((g), (k), ())",
    "SELECT c, count(*) AS n FROM (SELECT g, count(*) AS c FROM t GROUP BY g) GROUP BY c",
    "SELECT g, avg(x) AS a, stddev(n) AS s FROM t WHERE NOT isnan(x) GROUP BY g",
    "SELECT k, unnest([k, n]) AS e FROM t",
    "SELECT g, unnest(list(n ORDER BY n)) AS e FROM t GROUP BY g",
    "SELECT * FROM t ORDER BY n, k, g, x LIMIT 3",
    "SELECT * FROM (SELECT k, n FROM t ORDER BY n, k LIMIT 3) JOIN u USING (k)",
    "SELECT k FROM t UNION SELECT k FROM u",
    "SELECT k, n FROM t UNION ALL BY NAME SELECT y AS n, k FROM u",
    "SELECT k, g FROM t UNION BY NAME SELECT z AS g2, k FROM v",
    "PIVOT (SELECT g, n FROM t) ON g IN ('a', 'b') USING sum(n)",
    "UNPIVOT (SELECT k, n FROM t) ON k, n",
    "WITH RECURSIVE r(k, d) AS (SELECT k, 0 FROM v UNION ALL SELECT v.z, d + 1 FROM r JOIN v "
    "ON r.k = v.k WHERE d < 3) SELECT * FROM r JOIN t USING (k)",
    "VALUES (1), (2)",
    "SELECT 1 AS one",
    "SELECT a.k FROM t a ASOF JOIN (SELECT k, max(z) AS z FROM v GROUP BY k) b ON a.n >= b.k",
    # Values that are equal and are not the same
    "SELECT * FROM spans",
    "SELECT k, 1 / f AS r, DATE '2024-02-01' + i AS d FROM spans",
    "SELECT k, [f, f] AS l, {'i': i} AS st FROM spans",
    "SELECT k, x FROM t",
    # The moment of the refresh
    "SELECT k FROM clock WHERE seen > refresh_time() - INTERVAL 1 DAY",
    "SELECT k FROM clock WHERE seen <= refresh_time()",
    "SELECT count(*) AS n FROM clock WHERE seen BETWEEN refresh_time() - INTERVAL 1 DAY AND refresh_time()",
    "SELECT k FROM clock WHERE NOT (seen > refresh_time())",
    "SELECT k FROM clock WHERE seen > refresh_time() OR k = 5",
    "SELECT k, refresh_time() - seen AS age FROM clock",
    "SELECT refresh_time() AS now",
    "SELECT k FROM t WHERE k IN (SELECT k FROM clock WHERE seen < refresh_time())",
    "SELECT t.k FROM t LEFT JOIN clock c ON t.k = c.k AND c.seen < refresh_time() WHERE c.k IS NULL",
    "SELECT d, count(*) AS n FROM clock WHERE seen < refresh_time() GROUP BY d",
    "SELECT c.k, t.g FROM clock c JOIN t ON t.k = c.k WHERE c.seen < refresh_time() AND t.n > 0",
    "SELECT k FROM clock WHERE seen < refresh_time() ORDER BY seen DESC, k LIMIT 2",
    "WITH late AS (SELECT * FROM clock WHERE seen < refresh_time()) "
    "SELECT a.k FROM late a JOIN late b ON a.k = b.k + 1",
]


def cases():
    """Every query with the first change, some of them with each of the others."""
    return [
        (change, query)
        for at, change in enumerate(CHANGES)
        for query in (QUERIES[at::9] if at else QUERIES)
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


def test_old_rows_and_delta_are_the_new_rows_in_a_lake(engine):
    change = CHANGES["a value becomes one that equals it"]
    since, until = carry_out(engine, Scenario([], {}, [change], ambiguous=False, views=SETUP))
    views = [sql for sql in SETUP if sql.startswith("CREATE VIEW")]
    law = law_in_lake(engine, since, until, views)
    for query in QUERIES[::10]:
        assert not law.check(query).wrong
    assert law.left_over() == []
    law.close()

SELECT g, n, sum(n) OVER (PARTITION BY g ORDER BY n, k, x) AS s FROM t
SELECT g, n, count(*) OVER (PARTITION BY g) AS s, count(*) OVER () AS c FROM t
SELECT g, count(*) AS n, sum(count(*)) OVER (PARTITION BY g) AS s FROM t GROUP BY g, k
SELECT g, sum(n) AS s, rank() OVER (ORDER BY sum(n)) AS r FROM t GROUP BY g
SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY g ORDER BY n, k, x) = 1
SELECT g, n, lag(n) OVER w AS l FROM t WINDOW w AS (PARTITION BY g ORDER BY n, k, x)
SELECT DISTINCT g FROM t
SELECT DISTINCT ON (g) g, n FROM t ORDER BY g, n DESC, k, x
SELECT DISTINCT count(*) AS n FROM t GROUP BY g
SELECT g, k, count(*) AS n FROM t GROUP BY ROLLUP (g, k)
SELECT g, k, count(*) AS n, grouping(g) AS gg FROM t GROUP BY CUBE (g, k)
SELECT g, count(*) AS n FROM t GROUP BY GROUPING SETS ((g), (k), ())
SELECT c, count(*) AS n FROM (SELECT g, count(*) AS c FROM t GROUP BY g) GROUP BY c
SELECT g, avg(x) AS a, stddev(n) AS s FROM t WHERE NOT isnan(x) GROUP BY g
SELECT k, unnest([k, n]) AS e FROM t
SELECT g, unnest(list(n ORDER BY n)) AS e FROM t GROUP BY g
SELECT * FROM t ORDER BY n, k, g, x LIMIT 3
SELECT * FROM (SELECT k, n FROM t ORDER BY n, k LIMIT 3) JOIN u USING (k)
SELECT k FROM t UNION SELECT k FROM u
SELECT k, n FROM t UNION ALL BY NAME SELECT y AS n, k FROM u
SELECT k, g FROM t UNION BY NAME SELECT z AS g2, k FROM v
PIVOT (SELECT g, n FROM t) ON g IN ('a', 'b') USING sum(n)
UNPIVOT (SELECT k, n FROM t) ON k, n
WITH RECURSIVE r(k, d) AS (SELECT k, 0 FROM v UNION ALL SELECT v.z, d + 1 FROM r JOIN v ON r.k = v.k WHERE d < 3) SELECT r.k, r.d, t.n FROM r JOIN t USING (k)
VALUES (1), (2)
SELECT 1 AS one
SELECT a.k FROM t a ASOF JOIN (SELECT k, max(z) AS z FROM v GROUP BY k) b ON a.n >= b.k
SELECT y + 1 AS k, count(*) AS c FROM u WHERE k > 1 GROUP BY ALL
SELECT g, array_agg(n ORDER BY n) AS a, first(n ORDER BY n) AS f FROM t GROUP BY g
SELECT g, max(n) AS m FROM t GROUP BY g ORDER BY m LIMIT 2
SELECT count(*) AS c FROM t GROUP BY k HAVING count(*) > 1
SELECT 1 AS one FROM t GROUP BY k
SELECT 1 AS one FROM t HAVING count(*) > 3
SELECT max(n) AS m FROM t GROUP BY ()
SELECT g FROM t GROUP BY 1
SELECT g AS k, k AS g, count(*) AS c FROM t GROUP BY 1, 2
SELECT k AS g, count(*) AS c FROM t GROUP BY g, k
SELECT lower(g) AS g, count(*) AS c FROM t GROUP BY lower(t.g)
SELECT lower(g) AS gg, count(*) AS c FROM t GROUP BY gg HAVING gg > 'a'
SELECT k, g, count(*) OVER (PARTITION BY k) AS a, count(*) OVER (PARTITION BY g) AS b FROM t
SELECT k, g, count(*) OVER (PARTITION BY k, g) AS a, count(*) OVER (PARTITION BY g) AS b FROM t
SELECT k % 2 AS p, count(*) OVER (PARTITION BY p) AS c FROM t
SELECT count(DISTINCT t) AS c FROM t
UNPIVOT (SELECT k, n FROM t) ON k, n INTO NAME nm VALUE v
SELECT d, count(*) AS c FROM t WHERE d >= DATE '2024-01-01' GROUP BY d
SELECT k % 2 AS n, count(*) OVER (PARTITION BY n) AS c FROM t
SELECT 'x' AS c, count(*) AS n FROM t GROUP BY c
SELECT count(*) AS n FROM t GROUP BY 'a'
SELECT count(*) AS n FROM t GROUP BY NULL
SELECT count(*) AS n FROM t GROUP BY k IS NULL, NULL
SELECT d + 1 AS d, count(*) AS n FROM t GROUP BY d
SELECT k, c FROM (SELECT k, count(*) AS c FROM t GROUP BY k) QUALIFY rank() OVER (ORDER BY c DESC) = 1
SELECT first_value(n) OVER w AS f, last_value(n) OVER w AS l FROM t WINDOW w AS (PARTITION BY g ORDER BY n, k, d ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
SELECT g, mode(n ORDER BY n) AS m, quantile_cont(n, [0.25, 0.5]) AS q, histogram(n) AS h, approx_count_distinct(n) AS a FROM t GROUP BY g
SELECT arg_min(g, n ORDER BY g) AS a, bool_and(n > 0) AS b, product(n) AS p, stddev(n) AS s FROM t GROUP BY k
SELECT g, k, count(*) AS n FROM t WHERE k > 99 GROUP BY GROUPING SETS ((g), (), (k), ())
SELECT g, k, sum(n) AS s FROM t GROUP BY GROUPING SETS ((g, k), (g), (g)) HAVING sum(n) > 2
SELECT lower(t.g) AS g2, lower(g) || '!' AS e, count(*) AS n FROM t GROUP BY ROLLUP (lower(g))
SELECT k + 1 AS kk, kk * 2 AS d, grouping(kk) AS gg, count(*) AS n FROM t GROUP BY CUBE (kk, g) HAVING kk IS NULL OR n > 1
SELECT k, g, count(*) FILTER (n > 1) AS c, max(max(n)) OVER (PARTITION BY grouping(k, g)) AS m FROM t GROUP BY ROLLUP (k, g)
SELECT t.k, u.g, grouping_id(t.k, u.g) AS i, max(y) AS y FROM t LEFT JOIN u ON t.k = u.k GROUP BY CUBE (t.k, u.g)
SELECT k, count(*) AS c FROM t JOIN u USING (k) GROUP BY ROLLUP (k)
SELECT 1 AS one, g FROM t GROUP BY GROUPING SETS ((g), ())
SELECT grouping(g) AS i FROM t GROUP BY ROLLUP (g)
SELECT DISTINCT g, grouping(k) AS i FROM t GROUP BY ROLLUP (g, k)
SELECT g, k, count(*) AS n FROM t GROUP BY g, ROLLUP (k) QUALIFY row_number() OVER (PARTITION BY g ORDER BY k NULLS LAST) = 1
SELECT g, count(*) AS n FROM t GROUP BY ROLLUP (g) HAVING count(*) > (SELECT count(*) FROM v) - 3
SELECT g, (SELECT max(y) FROM u WHERE u.g = t.g) AS m FROM t GROUP BY ROLLUP (g)
SELECT g, k IN (SELECT k FROM v) AS i, count(*) AS n FROM t GROUP BY ROLLUP (g, k)
SELECT count(*) AS c, rank() OVER (PARTITION BY count(*) ORDER BY g) AS r FROM t GROUP BY g
SELECT g, n FROM (SELECT g, d, count(*) AS n FROM t GROUP BY CUBE (g, d)) WHERE d IS NULL
SELECT x.t AS r, count(*) AS n FROM s AS x GROUP BY ROLLUP (x.t, x.k)
SELECT g, list(n ORDER BY n) AS l, avg(n) AS a FROM t GROUP BY GROUPING SETS ((g), (k), (d, g)) ORDER BY g
SELECT * FROM (SELECT g, count(*) AS n FROM t GROUP BY ROLLUP (g)) JOIN u USING (g)
SELECT k, NULL AS x, count(*) AS n FROM t GROUP BY k UNION ALL SELECT NULL, g, NULL FROM u UNION ALL SELECT y, NULL, 3 FROM u
SELECT NULL AS d, k FROM t UNION SELECT d, NULL FROM t

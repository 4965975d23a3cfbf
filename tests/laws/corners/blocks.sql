SELECT c0, w FROM kk
SELECT y + 1 AS k, g FROM u WHERE k > 1
SELECT n, e FROM t, unnest(range(n)) r(e)
SELECT n, e FROM t, range(t.n) r(e)
SELECT n, unnest([k, n]) AS e, unnest(['a']) AS f FROM t
SELECT COLUMNS('^[kn]') FROM t
SELECT t AS r, n FROM t
SELECT struct_pack(a := k, b := n) AS p FROM t
SELECT list_transform([n], lambda k: k + t.k) AS l FROM t
SELECT list_transform([n], lambda q: q + k) AS l FROM t
SELECT k, [x + n FOR x IN [1, 2]] AS l FROM t
SELECT k, k::BIGINT AS b, g FROM t WHERE CASE WHEN k IS NULL THEN g = 'B' ELSE k > 1 END
SELECT x'0041' AS b, n, 0.1e0 * n AS f, 1e0 AS one, TRUE AS t, 10::DECIMAL(5,0) AS q FROM t
SELECT COLUMNS('(k|n)') AS 'p_\1' FROM t
SELECT k AS n, n AS k FROM t WHERE k > 1
SELECT k FROM t1 WHERE v::INTEGER > 0 OR v IS NULL
SELECT k, 10 // y AS q FROM once
WITH c AS (SELECT * FROM t), unused AS (SELECT * FROM u) SELECT k FROM c
SELECT k, n FROM t ORDER BY n DESC, k, g, d LIMIT 2 OFFSET 1
SELECT * EXCLUDE (d) REPLACE (n * 2 AS n) FROM t WHERE n > 2
SELECT t.k FROM t, s WHERE t.k = s.k
WITH c0 AS (SELECT k, count(*) AS n FROM t GROUP BY k), c1 AS (SELECT a.k, a.n + b.n AS n FROM c0 a JOIN c0 b USING (k)), c2 AS (SELECT a.k, a.n + b.n AS n FROM c1 a JOIN c1 b USING (k)), c3 AS (SELECT a.k, a.n + b.n AS n FROM c2 a JOIN c2 b USING (k)), c4 AS (SELECT a.k, a.n + b.n AS n FROM c3 a JOIN c3 b USING (k)), c5 AS (SELECT a.k, a.n + b.n AS n FROM c4 a JOIN c4 b USING (k)), c6 AS (SELECT a.k, a.n + b.n AS n FROM c5 a JOIN c5 b USING (k)) SELECT k, n FROM c6 WHERE n NOT IN (SELECT n FROM c5)
SELECT k, n + 0 AS n FROM t WHERE k <> 0 UNION ALL SELECT k, n + 1 AS n FROM t WHERE k <> 1 UNION ALL SELECT k, n + 2 AS n FROM t WHERE k <> 2 UNION ALL SELECT k, n + 3 AS n FROM t WHERE k <> 3 UNION ALL SELECT k, n + 4 AS n FROM t WHERE k <> 4 UNION ALL SELECT k, n + 5 AS n FROM t WHERE k <> 5 UNION ALL SELECT k, n + 6 AS n FROM t WHERE k <> 6 UNION ALL SELECT k, n + 7 AS n FROM t WHERE k <> 7 UNION ALL SELECT k, n + 8 AS n FROM t WHERE k <> 8 UNION ALL SELECT k, n + 9 AS n FROM t WHERE k <> 9 UNION ALL SELECT k, n + 10 AS n FROM t WHERE k <> 10 UNION ALL SELECT k, n + 11 AS n FROM t WHERE k <> 11
(SELECT k, n + 0 AS n FROM t WHERE k <> 0 UNION ALL SELECT k, y FROM u) UNION SELECT k, z FROM v
SELECT k FROM t UNION ALL SELECT 2.5 UNION ALL SELECT y FROM u

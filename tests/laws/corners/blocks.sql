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

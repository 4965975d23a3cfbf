SELECT k, g, y FROM t FULL JOIN u USING (k, g)
SELECT * FROM t FULL JOIN u USING (k, g)
SELECT t.k AS tk, u.k AS uk, k FROM t FULL JOIN u USING (k)
SELECT k, count(*) AS n FROM t RIGHT JOIN u USING (k) GROUP BY k
SELECT k, count(*) AS n FROM t FULL JOIN u USING (k) FULL JOIN v USING (k) GROUP BY k
FROM t NATURAL JOIN u
FROM t NATURAL LEFT JOIN u
SELECT k, z, y FROM t LEFT JOIN u USING (k) LEFT JOIN v USING (k)
SELECT t.k, v.z FROM t LEFT JOIN (u JOIN v USING (k)) ON t.k = u.k
SELECT t.n, u.y, v.z FROM t LEFT JOIN u ON t.k = u.k LEFT JOIN v ON u.k = v.k
SELECT t.n, u.y, v.z FROM t LEFT JOIN u ON t.k = u.k JOIN v ON v.k = t.k AND u.y > v.z
SELECT t.n, x.c FROM t LEFT JOIN (SELECT k, count(*) AS c FROM u GROUP BY k) x USING (k)
SELECT t.n, x.c FROM t LEFT JOIN (SELECT k, count(*) AS c FROM u GROUP BY k) x ON x.k = t.k WHERE x.c IS NULL OR x.c > 1
SELECT count(*) AS c FROM t, u WHERE t.k = u.k OR t.n = u.y
SELECT u.g, count(*) AS c, count(t.n) AS s FROM t LEFT JOIN u ON t.k = u.k GROUP BY u.g
SELECT coalesce(t.k, u.k) AS kk, count(*) AS c FROM t FULL JOIN u ON t.k = u.k GROUP BY kk
SELECT k, count(*) AS c FROM t FULL JOIN u USING (k) GROUP BY k
SELECT * FROM t NATURAL JOIN u
SELECT k, g, y FROM t NATURAL FULL JOIN u
SELECT t.k FROM t NATURAL LEFT JOIN u WHERE y IS NULL
SELECT * FROM t SEMI JOIN u USING (k)
SELECT * FROM t ANTI JOIN u USING (k, g)
WITH u AS (SELECT k, n AS y FROM t) SELECT x.y, z.y AS y2 FROM u x JOIN main.u z USING (k)
SELECT t.n, b.y FROM t ASOF JOIN (SELECT k, max(y) AS y FROM u GROUP BY k) b ON t.k >= b.k
SELECT t.n, b.y FROM t ASOF LEFT JOIN (SELECT k, max(y) AS y FROM u GROUP BY k) b ON t.k >= b.k
SELECT a.n, b.n AS m FROM t a LEFT JOIN t b ON a.k = b.k AND a.n < b.n
SELECT a.n, b.n AS m FROM t a FULL JOIN t b ON a.k = b.n
SELECT k_1, y FROM (SELECT t.*, u.* FROM t JOIN u ON t.k = u.k) q
SELECT n FROM t JOIN u ON TRUE AND t.k = u.k
SELECT n FROM t JOIN u ON t.k IS NOT NULL
SELECT t.n, u.y FROM t LEFT JOIN u ON NULL
SELECT t.n, u.y FROM t LEFT JOIN u ON u.y > 3
SELECT t.n, u.y FROM t LEFT JOIN u ON t.n > 2
SELECT n, y FROM t LEFT JOIN u ON n = y
SELECT n, y FROM t FULL JOIN u ON n = y
SELECT n, y FROM t FULL JOIN u ON n = y AND u.k > 1
SELECT n, y FROM t FULL JOIN u ON n = y + 1 AND t.g = u.g
SELECT t1.k, (t1.v || once.v)::INTEGER AS i FROM t1 JOIN once USING (k)
SELECT t1.k FROM t1 JOIN once ON t1.k = once.v::INTEGER
WITH c AS (SELECT k, count(*) AS n FROM t GROUP BY k), d AS (SELECT n, count(*) AS m FROM c GROUP BY n) SELECT c.k, d.m FROM c LEFT JOIN d USING (n)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(k, w) LEFT JOIN t USING (k)
SELECT v.k, count(t.n) AS c FROM (VALUES (1), (2), (77)) v(k) LEFT JOIN t USING (k) GROUP BY v.k
SELECT r.i, count(n) AS c FROM range(5) r(i) LEFT JOIN t ON t.k = r.i GROUP BY r.i
SELECT corr(n, y) AS c, regr_slope(n, y) AS r FROM t JOIN u USING (k)
SELECT a.n FROM t a JOIN t b ON a.k = b.k JOIN t c ON c.n = b.n LEFT JOIN t d ON d.k = c.n
SELECT a.n, b.n AS m FROM t a LEFT JOIN t b USING (k, g)
SELECT k, g, count(*) AS c FROM t a LEFT JOIN t b USING (k, g) GROUP BY k, g
SELECT t.* REPLACE (t.k + 1 AS k), u.y FROM t JOIN u ON t.k = u.k

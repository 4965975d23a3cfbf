WITH t AS (SELECT * FROM t WHERE n > 1) SELECT count(*) AS n FROM t
WITH t AS (SELECT k FROM v) SELECT count(*) AS n FROM t JOIN main.t AS real USING (k)
WITH c AS (SELECT k FROM t) SELECT * FROM c WHERE k IN (SELECT k FROM main.c)
WITH plain AS (SELECT k FROM v) SELECT * FROM plain JOIN nested USING (k)
SELECT * FROM nested
SELECT * FROM (WITH c AS (SELECT 5 AS k) SELECT * FROM c) a JOIN c USING (k)
WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a), a2 AS (SELECT * FROM a) SELECT b.n, a2.k FROM b JOIN a2 USING (k)
WITH a(q, r) AS (SELECT k, g FROM t) SELECT r, count(q) AS n FROM a GROUP BY r
WITH a AS MATERIALIZED (SELECT k, count(*) AS n FROM t GROUP BY k) SELECT x.k, y.n FROM a x JOIN a y ON x.k = y.n
SELECT "a.b", "c""d" FROM "odd.na""me" WHERE "SELECT" > 0
SELECT "odd.na""me"."a.b" FROM "odd.na""me"
SELECT o."a.b" AS "x.y" FROM "odd.na""me" o GROUP BY o."a.b"
SELECT T.K, U.Y FROM T JOIN U ON t.k = u.K
SELECT main.t.k, main.t.g FROM main.t JOIN u ON main.t.k = u.k
SELECT lake.main.t.k FROM lake.main.t
SELECT main.t.k, other.t.o FROM main.t JOIN other.t ON main.t.k = other.t.k
SELECT a.k, b.o FROM t a JOIN other.t b USING (k)
SELECT t.k AS g, g AS k FROM t
SELECT k + 1 AS k, count(*) AS n FROM t GROUP BY k
SELECT k + 1 AS kk, count(*) AS n FROM t GROUP BY kk
SELECT k + 1 AS k, count(*) AS n FROM t GROUP BY ALL
SELECT k % 2 AS p, g, count(*) AS n FROM t GROUP BY 1, 2
SELECT k AS a, a + 1 AS b FROM t WHERE b > 1
SELECT g, count(*) AS n FROM t GROUP BY g HAVING n > 1
SELECT u.k AS t, t.k AS u FROM t, u WHERE t.k = u.k
SELECT t FROM t
SELECT t.t.k AS a, t.k AS b FROM s AS t
SELECT t.k AS a FROM s
SELECT t.k AS a, s.k AS b FROM s JOIN t ON s.k = t.n
SELECT r.k FROM (SELECT t FROM t) q(r)
SELECT count(*) AS n FROM t AS u JOIN u AS t ON t.y > u.n
SELECT a.n, b.n AS m, c.n AS o FROM t a JOIN t b ON a.k = b.k JOIN t c ON b.n = c.n
SELECT p.k, q, r FROM u p(k, q, r)
SELECT * FROM wide WHERE c0 > 2
SELECT c3, sum(c59) AS s FROM wide GROUP BY c3
SELECT COLUMNS('c1.') FROM wide
SELECT * EXCLUDE (c59) FROM wide
SELECT * REPLACE (c58 + 1 AS c59) FROM wide
SELECT k, max(COLUMNS(* EXCLUDE (k, g))) FROM t GROUP BY k
SELECT t.n, s.m FROM t LEFT JOIN s ON t.k = s.k
SELECT t.n, s.m FROM s RIGHT JOIN t ON t.k = s.k
SELECT t.n, s.m FROM t FULL JOIN s ON t.k = s.k
SELECT t.n FROM t WHERE EXISTS (SELECT 1 FROM s WHERE t.k = s.k)
SELECT t.n FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.k = t.k)
SELECT t.n FROM t SEMI JOIN s ON t.k = s.k
SELECT t.n FROM t ANTI JOIN s ON t.k = s.k
SELECT t.k AS tk, count(*) AS c FROM t JOIN s ON t.k = s.m GROUP BY t.k
SELECT s.t.k AS tk, count(*) AS c FROM s GROUP BY s.t.k
SELECT t.k AS tk, count(*) AS c FROM s GROUP BY t.k
SELECT k0 FROM kk WHERE EXISTS (SELECT 1 FROM u WHERE u.y = k0 + 1)
SELECT k0, (SELECT max(g) FROM u WHERE u.y = k0 + k1) AS m FROM kk
SELECT k0 FROM kk WHERE k1 IN (SELECT y FROM u WHERE u.k = k0)
SELECT k1 FROM kk WHERE NOT EXISTS (SELECT 1 FROM u WHERE y = k0 + 1 AND u.k = k1)
SELECT kk.k0, u.y FROM kk FULL JOIN u ON k0 = y
SELECT kk.k1, u.y FROM kk FULL JOIN u ON k0 + 1 = y
SELECT k0, k1, count(*) AS c FROM kk GROUP BY k0, k1
SELECT k0 + k1 AS q, count(*) AS c FROM kk GROUP BY q
SELECT k0 + k1 AS k0, count(*) AS c FROM kk GROUP BY ALL
SELECT k1, sum(w) OVER (PARTITION BY k0 + 1 ORDER BY k1, c0, w, k0) AS c0 FROM kk
SELECT DISTINCT k0, w FROM kk
(SELECT k0, w FROM kk) EXCEPT (SELECT k1, c0 FROM kk)
SELECT min(n) AS m, count(*) AS c FROM nocase GROUP BY g
SELECT count(*) AS c FROM nocase a JOIN nocase b ON a.g = b.g
SELECT count(*) AS c FROM (SELECT g COLLATE NOCASE AS g FROM t) q GROUP BY g
SELECT n FROM nocase WHERE g IN (SELECT g FROM u)
SELECT n, count(*) OVER (PARTITION BY g) AS c FROM nocase
SELECT nocase.n, u.y FROM nocase LEFT JOIN u ON nocase.g = u.g
SELECT u.y, nocase.n FROM u LEFT JOIN nocase ON nocase.g = u.g
SELECT nocase.n, u.y FROM nocase FULL JOIN u ON nocase.g = u.g
SELECT y FROM u WHERE EXISTS (SELECT 1 FROM nocase WHERE nocase.g = u.g)
SELECT y, (SELECT count(*) FROM nocase WHERE nocase.g = u.g) AS c FROM u
SELECT n FROM nocase WHERE g = 'A'
SELECT count(*) AS c FROM (SELECT DISTINCT g FROM nocase)
SELECT count(*) AS c FROM ((SELECT g FROM nocase) EXCEPT (SELECT g FROM u))
SELECT (SELECT sum(t.n)) AS x FROM t
SELECT k FROM t WHERE n > (SELECT count(*) FROM u WHERE u.g = t.g AND EXISTS (SELECT 1 FROM s WHERE s.k = t.k))
SELECT n FROM t WHERE k IN (SELECT k FROM u) AND k NOT IN (SELECT k FROM s WHERE k IS NOT NULL)
SELECT t.n, u.y FROM t LEFT JOIN u ON t.k = u.k AND u.y IN (SELECT m FROM s)
SELECT t.n, u.y FROM t JOIN u ON t.k = u.k AND u.y NOT IN (SELECT m FROM s)
SELECT t.g, count(*) AS c, sum(y) AS s FROM t LEFT JOIN u ON t.k = u.k GROUP BY t.g
SELECT k, count(*) AS c, max(m) AS m FROM t FULL JOIN u USING (k) LEFT JOIN s USING (k) GROUP BY k
SELECT k, max(m) AS m FROM t RIGHT JOIN u USING (k) LEFT JOIN s USING (k) GROUP BY k
SELECT k, n, y, m FROM t RIGHT JOIN u USING (k) LEFT JOIN s USING (k)
SELECT k, n, y, m FROM t FULL JOIN u USING (k) LEFT JOIN s USING (k)
SELECT k, n, y, m FROM t LEFT JOIN u USING (k) RIGHT JOIN s USING (k)
SELECT k, n, y, m FROM t LEFT JOIN u USING (k) FULL JOIN s USING (k)
SELECT t.n, u.y, s.m FROM t LEFT JOIN (u LEFT JOIN s ON u.k = s.k) ON t.k = u.k
SELECT t.n, u.y, s.m FROM t LEFT JOIN (u JOIN s ON u.k = s.k) ON t.k = u.k AND s.m > 1
SELECT t.n, u.y, s.m FROM (t JOIN u ON t.k = u.k) RIGHT JOIN s ON s.k = t.k AND s.m = u.y
SELECT t.n, u.y, s.m FROM t JOIN u USING (k) LEFT JOIN s ON s.m = t.n AND s.k = u.k
SELECT g, sum(n) AS c FROM t GROUP BY g HAVING sum(n) > (SELECT min(y) FROM u)
SELECT count(*) AS c, sum(n) AS s FROM t WHERE n > 100
SELECT k, n, sum(n) OVER w AS s FROM t WINDOW w AS (PARTITION BY k, g ORDER BY n, d)
SELECT k, sum(count(*)) OVER (PARTITION BY k) AS s FROM t GROUP BY k, g
SELECT g, sum(count(*)) OVER (PARTITION BY g) AS s FROM t GROUP BY k, g
SELECT t.* EXCLUDE (d), (t).n AS m FROM t
SELECT to_json(t) AS j FROM t
WITH vn AS (SELECT 1 AS k, 2 AS n) SELECT * FROM vn UNION ALL SELECT * FROM main.vn
PIVOT t ON g IN ('a','A') USING sum(n) GROUP BY k
SELECT t.n FROM t WHERE t.n IN (SELECT y FROM u UNION SELECT m FROM s)
SELECT t.n FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k UNION ALL SELECT 1 FROM s WHERE s.k = t.k)
SELECT t.n FROM t WHERE EXISTS (SELECT y FROM u WHERE u.k = t.k EXCEPT SELECT m FROM s WHERE s.k = t.k)
SELECT t.n, (SELECT list(y ORDER BY y) FROM u WHERE u.k = t.k) AS o, (SELECT list(m ORDER BY m) FROM s WHERE s.k = t.k) AS p FROM t
SELECT t.n FROM t WHERE (SELECT count(*) FROM u WHERE u.k = t.k) = (SELECT count(*) FROM s WHERE s.k = t.k)
SELECT t.n FROM t WHERE (SELECT count(*) FROM u WHERE u.k = t.k) + (SELECT count(*) FROM s) > 4
SELECT t.n FROM t WHERE t.k IN (SELECT k FROM u) OR t.n IN (SELECT m FROM s)
SELECT sum(n) AS s FROM t WHERE k IN (SELECT k FROM u WHERE u.g = t.g)
SELECT g, sum(n) AS s FROM t WHERE k IN (SELECT k FROM u) AND n NOT IN (SELECT m FROM s) GROUP BY g
SELECT x, y2 FROM va
SELECT y2, count(*) AS c FROM va JOIN u ON va.x = u.k GROUP BY y2
SELECT "left"(g, 1) AS l FROM t
SELECT k % 2 AS p, sum(n) AS s FROM t GROUP BY p HAVING p = 0 OR p IS NULL
SELECT k + 100 AS n, sum(n) AS s FROM t GROUP BY k
SELECT "Ä", "ä" FROM um
SELECT "Ä", count(*) AS c FROM um GROUP BY "Ä"
SELECT "ä" AS "Ä", count(*) AS c FROM um GROUP BY "ä"
SELECT a."Ä", b."ä" FROM um a LEFT JOIN um b ON a."Ä" = b."ä"
SELECT n FROM t WHERE EXISTS (SELECT 1 FROM (SELECT * FROM u WHERE u.k = t.k) q JOIN s ON s.k = q.k)
SELECT n FROM t WHERE k = (SELECT max(k) FROM u WHERE u.g = t.g) AND n IN (SELECT m FROM s WHERE s.k = t.k)
SELECT n FROM t WHERE NOT (k IN (SELECT k FROM u) AND n IN (SELECT m FROM s))
SELECT n, EXISTS (SELECT 1 FROM u WHERE u.k = t.k) AS i, NOT EXISTS (SELECT 1 FROM s WHERE s.k = t.k) AS j FROM t
SELECT g, sum(n) OVER (PARTITION BY g) AS c FROM t WHERE k NOT IN (SELECT k FROM s WHERE k IS NOT NULL)
WITH c AS (SELECT k FROM u), t2 AS (WITH c AS (SELECT k FROM s) SELECT * FROM c) SELECT c.k, t2.k AS j FROM c JOIN t2 USING (k)
SELECT k FROM t UNION ALL SELECT k FROM u UNION ALL SELECT k FROM s
(SELECT k FROM t UNION ALL SELECT k FROM u) EXCEPT (SELECT k FROM s)
(SELECT k FROM t EXCEPT ALL SELECT k FROM u) UNION (SELECT k FROM s)
SELECT * FROM (SELECT k FROM t INTERSECT SELECT k FROM u) JOIN s USING (k)
SELECT k, sum(sum(n)) OVER (PARTITION BY k ORDER BY g) AS r FROM t GROUP BY k, g
SELECT n FROM t, u WHERE t.k = u.k AND t.n IN (SELECT m FROM s WHERE s.k = u.k)
SELECT t.n, l.y, z.m FROM t LEFT JOIN LATERAL (SELECT y FROM u WHERE u.k = t.k) l ON TRUE LEFT JOIN s z ON z.k = l.y
SELECT n FROM t WHERE (k, n) IN (SELECT k, y FROM u WHERE (u.k, u.g) NOT IN (SELECT k, t.g FROM s))
SELECT a.k, sum(b.n) AS s FROM t a SEMI JOIN u ON a.k = u.k LEFT JOIN t b ON b.k = a.k GROUP BY a.k
SELECT k.k FROM t k
SELECT k.g, count(*) AS c FROM t k GROUP BY k.g
SELECT s.t.g AS sg, t.g FROM s JOIN t ON s.t.k = t.k
SELECT n, m FROM s LEFT JOIN t USING (k)
SELECT (t).g AS tg FROM s
SELECT t.g AS tg, count(*) AS c FROM s GROUP BY t.g
SELECT x.t.g AS tg FROM s x WHERE x.t.k IN (SELECT k FROM t)
SELECT n FROM t WHERE g COLLATE NOCASE = 'A'
SELECT g, count(*) AS c FROM t WHERE g COLLATE NOCASE <> 'b' GROUP BY g
SELECT k, row_number() OVER (PARTITION BY k ORDER BY g COLLATE NOCASE, g, n, x, d) AS r FROM t
SELECT t.n, u.y FROM t JOIN u ON t.g = u.g COLLATE NOCASE
SELECT t.n, u.y FROM t LEFT JOIN u ON t.g = u.g COLLATE NOCASE
SELECT t.n, u.y FROM t FULL JOIN u ON t.g = u.g COLLATE NOCASE
SELECT n FROM t WHERE g COLLATE NOCASE IN (SELECT g FROM u)
SELECT n FROM t WHERE g COLLATE NOCASE NOT IN ('a', 'n')
SELECT n FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.g = t.g COLLATE NOCASE)
SELECT n FROM t WHERE g = (SELECT min(g COLLATE NOCASE) FROM u)
SELECT g, n FROM t ORDER BY g COLLATE NOCASE, n
SELECT g COLLATE NOCASE = 'a' AS a, count(*) AS c FROM t GROUP BY a
SELECT first(g ORDER BY g COLLATE NOCASE, g) AS f, k FROM t GROUP BY k
SELECT DISTINCT g FROM t WHERE g COLLATE NOCASE BETWEEN 'a' AND 'b'

SELECT count(*) AS n FROM last
SELECT sum(k) AS s, count(*) AS n, min(k) AS m FROM last WHERE k > 0
SELECT count(*) AS n FROM t GROUP BY ()
SELECT count(*) AS n FROM empty HAVING count(*) > 0
SELECT t.k, (SELECT count(*) FROM empty e WHERE e.k = t.k) AS n FROM t
SELECT t.k FROM t, (SELECT max(k) AS m FROM last) WHERE m IS NULL OR t.k = m
SELECT k FROM t WHERE k >= ALL (SELECT k FROM last)
SELECT k FROM t WHERE k > ANY (SELECT k FROM empty)
SELECT * FROM t LEFT JOIN empty USING (k)
SELECT count(*) AS n, count(e.k) AS m FROM t FULL JOIN empty e ON t.k = e.k

SELECT k FROM clock WHERE seen > refresh_time() - INTERVAL 1 DAY
SELECT k FROM clock WHERE seen <= refresh_time()
SELECT count(*) AS n FROM clock WHERE seen BETWEEN refresh_time() - INTERVAL 1 DAY AND refresh_time()
SELECT k FROM clock WHERE NOT (seen > refresh_time())
SELECT k FROM clock WHERE seen > refresh_time() OR k = 5
SELECT k, refresh_time() - seen AS age FROM clock
SELECT refresh_time() AS now
SELECT k FROM t WHERE k IN (SELECT k FROM clock WHERE seen < refresh_time())
SELECT t.k FROM t LEFT JOIN clock c ON t.k = c.k AND c.seen < refresh_time() WHERE c.k IS NULL
SELECT d, count(*) AS n FROM clock WHERE seen < refresh_time() GROUP BY d
SELECT c.k, t.g FROM clock c JOIN t ON t.k = c.k WHERE c.seen < refresh_time() AND t.n > 0
SELECT k FROM clock WHERE seen < refresh_time() ORDER BY seen DESC, k LIMIT 2
WITH late AS (SELECT * FROM clock WHERE seen < refresh_time()) SELECT a.k FROM late a JOIN late b ON a.k = b.k + 1
SELECT k FROM t WHERE d BETWEEN DATE '2024-01-01' AND refresh_time()::DATE
SELECT d, count(*) AS c FROM t GROUP BY d HAVING max(d) < refresh_time()
SELECT t.n FROM t JOIN u ON t.k = u.k AND t.d < refresh_time()
SELECT n, count(*) FILTER (d < refresh_time()) OVER (PARTITION BY k) AS c FROM t
SELECT CASE WHEN d < refresh_time() THEN 1 END AS c FROM t
SELECT date_trunc('month', refresh_time()) AS m, count(*) AS c FROM t GROUP BY m
SELECT k FROM t WHERE d > date_trunc('day', refresh_time()) - INTERVAL 60 DAYS AND k IN (SELECT k FROM u)
SELECT x.k FROM (SELECT k, refresh_time() AS now FROM t) x WHERE now IS NOT NULL
SELECT k FROM t WHERE d < (SELECT max(refresh_time()) FROM u)
SELECT n FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.k = t.k AND refresh_time() > TIMESTAMPTZ '2024-03-02 00:00:00+00')
SELECT n FROM t WHERE refresh_time() > TIMESTAMPTZ '2024-03-02 00:00:00+00'
SELECT n, refresh_time() FROM t
(SELECT n FROM t WHERE refresh_time() > TIMESTAMPTZ '2024-03-02 00:00:00+00') EXCEPT SELECT y FROM u
SELECT t.n FROM t LEFT JOIN u ON t.k = u.k WHERE (u.k IS NULL) = (refresh_time() > TIMESTAMPTZ '2024-03-02 00:00:00+00')

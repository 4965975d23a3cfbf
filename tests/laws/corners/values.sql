SELECT * FROM spans
SELECT k, 1 / f AS r, DATE '2024-02-01' + i AS d FROM spans
SELECT k, [f, f] AS l, {'i': i} AS st FROM spans
SELECT k, x FROM t
SELECT * FROM fl
SELECT k, i FROM fl
SELECT k, f FROM fl
SELECT l FROM fl
SELECT st FROM fl
SELECT tz FROM fl
SELECT k, m, js, uu, bl, h FROM fl
SELECT count(*) AS c FROM fl GROUP BY l
SELECT count(*) AS c, max(k) AS k FROM fl GROUP BY st
SELECT count(*) AS c, max(k) AS k FROM fl GROUP BY i
SELECT count(*) AS c, max(k) AS k FROM fl GROUP BY tz
SELECT count(*) AS c, max(k) AS k FROM fl GROUP BY js
SELECT a.k, b.k AS k2 FROM fl a JOIN fl b ON a.i = b.i AND a.f = b.f
SELECT count(*) AS c, max(k) AS mk, max(f::VARCHAR) AS f FROM fl GROUP BY f
SELECT k, f::VARCHAR AS f, count(*) OVER (PARTITION BY l) AS c FROM fl
SELECT k, 1/f AS x FROM fl WHERE st IN (SELECT st FROM fl WHERE k = 1)

SELECT t.n, v.z, u.y FROM t CROSS JOIN v RIGHT JOIN u ON v.k = u.k
SELECT t.n, v.z, u.y FROM t CROSS JOIN v LEFT JOIN u ON t.k = u.k
SELECT t.n, v.z, u.y FROM v CROSS JOIN t FULL JOIN u ON t.k = u.k AND t.n = 2
SELECT u.y, v.z FROM u LEFT JOIN (t CROSS JOIN v) ON u.k = t.k
SELECT "x y".* FROM t AS "x y"
SELECT "order".* EXCLUDE (g) FROM t AS "order" JOIN u USING (k)
SELECT "a.b".* FROM u AS "a.b"
SELECT k, (k * 0.1e0)::VARCHAR AS v FROM t
SELECT k, 1e400 AS i FROM t
SELECT k, x'41' AS b, 170141183460469231731687303715884105727 AS h FROM t

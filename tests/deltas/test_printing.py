"""Trees survive DuckDB's printer, or it is noticed that they do not."""

import json

import pytest

from mlview.deltas.printing import printable, quoted, same_meaning
from mlview.deltas.trees import statement

FAITHFUL = [
    "SELECT 3 * 0.1e0, 1e300, 1e-7, TRUE, 1., -5, 170141183460469231731687303715884105727",
    'SELECT "x y".* EXCLUDE ("a b"), "order".* FROM "x y", "order"',
    "SELECT a FROM t CROSS JOIN v RIGHT JOIN u ON v.k = u.k",
    "SELECT a FROM t LEFT JOIN (u CROSS JOIN v) ON t.a = u.a",
    "SELECT a FROM t, u JOIN v ON u.a = v.a, w",
    "SELECT a IS NOT TRUE, a NOT BETWEEN 1 AND 2, a LIKE 'b!%' ESCAPE '!' FROM t",
    "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(\"p q\", r)",
    "SELECT {'a b': 1}, [1, 2][1:2], list_transform(l, lambda x: x + 1) FROM t",
    "SELECT sum(a) FILTER (b) OVER (PARTITION BY c ORDER BY d ROWS 2 PRECEDING EXCLUDE TIES)",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 3",
    "(SELECT a FROM t ORDER BY a LIMIT 3) UNION ALL BY NAME (SELECT b FROM u) ORDER BY 1",
    "SELECT any_value(a) FILTER (FALSE) FROM t GROUP BY ()",
    "SELECT a FROM t GROUP BY GROUPING SETS ((a, b), ()), c HAVING count(*) > 1 QUALIFY true",
]


@pytest.mark.parametrize("query", FAITHFUL)
def test_a_query_is_read_again_as_it_was_printed(facts, query):
    tree = printable(facts.tree(query))
    whole = json.dumps({"error": False, "statements": [statement(quoted(tree))]})
    row = facts.connection.execute("SELECT json_deserialize_sql(?::JSON)", [whole]).fetchone()
    assert same_meaning(tree, facts.tree(row[0]))


def test_a_difference_in_meaning_is_noticed(facts):
    for left, right in (
        ("SELECT 0.1e0", "SELECT 0.1"),
        ("FROM t CROSS JOIN v RIGHT JOIN u ON true", "FROM t, v RIGHT JOIN u ON true"),
        ("SELECT count(DISTINCT a) FROM t", "SELECT count(a) FROM t"),
        ("SELECT 0", "SELECT 1"),
        ("SELECT NULL", "SELECT ''"),
    ):
        assert not same_meaning(facts.tree(left), facts.tree(right))


def test_a_chain_that_was_nested_to_the_left_is_printed_in_line(facts):
    tree = facts.tree("(SELECT 1 UNION ALL SELECT 2) UNION SELECT 3")
    put = printable({**tree, "setop_all": True})
    whole = json.dumps({"error": False, "statements": [statement(quoted(put))]})
    row = facts.connection.execute("SELECT json_deserialize_sql(?::JSON)", [whole]).fetchone()
    assert same_meaning(put, facts.tree(row[0]))

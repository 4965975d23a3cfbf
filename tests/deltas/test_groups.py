"""What a grouped query says of its groups, told from what it says of rows."""

# ruff: noqa: E501 - a query is easier to read on one line

import pytest

from mlview.deltas.expanding import NotFollowed
from mlview.deltas.groups import Groups
from mlview.deltas.known import shows_collation
from mlview.deltas.nulls import with_typed_nulls


@pytest.fixture
def groups(facts):
    def of(query):
        return Groups.of(facts.expanded(query, {}), facts)

    return of


def test_each_grouping_set_is_a_group_by_of_its_own(groups, facts):
    found = groups("SELECT plane, id, grouping(plane, id) AS g FROM flights GROUP BY CUBE (1, 2)")
    assert found.are_bare
    texts = [facts.sql(found.of_set(places)) for places in sorted(found.sets)]
    nothing = "FILTER (WHERE CAST('f' AS BOOLEAN))"
    short = [text.replace(nothing, "OF NOTHING").replace("AS __mlview_c", "c") for text in texts]
    assert [text.replace(" FROM flights AS flights", "") for text in short] == [
        "SELECT any_value(plane) OF NOTHING c0, any_value(id) OF NOTHING c1, CAST(3 AS BIGINT) AS g GROUP BY ()",
        "SELECT plane c0, any_value(id) OF NOTHING c1, CAST(1 AS BIGINT) AS g GROUP BY plane",
        "SELECT plane c0, id c1, CAST(0 AS BIGINT) AS g GROUP BY plane, id",
        "SELECT any_value(plane) OF NOTHING c0, id c1, CAST(2 AS BIGINT) AS g GROUP BY id",
    ]


@pytest.mark.parametrize(
    ("query", "above"),
    [
        (
            "SELECT f.carrier, max(delay) + 1 AS late FROM flights f GROUP BY ROLLUP (carrier) HAVING late > 3",
            (
                "SELECT __mlview_g.__mlview_c0 AS carrier, (__mlview_g.__mlview_a0 + 1) AS late "
                "WHERE ((__mlview_g.__mlview_a0 + 1) > 3)"
            ),
        ),
        (
            (
                "SELECT lower(carrier) AS c, count(*) AS n, rank() OVER (PARTITION BY grouping(c) ORDER BY n) AS r "
                "FROM flights GROUP BY ROLLUP (c)"
            ),
            (
                "SELECT __mlview_g.__mlview_c0 AS c, __mlview_g.__mlview_a0 AS n, rank() OVER (PARTITION BY "
                "__mlview_g.__mlview_a1 ORDER BY __mlview_g.__mlview_a0) AS r"
            ),
        ),
        (
            "SELECT plane IS NULL AS alone FROM flights GROUP BY plane QUALIFY count(*) OVER () > 1",
            "SELECT (__mlview_g.__mlview_c0 IS NULL) AS alone QUALIFY (count() OVER () > 1)",
        ),
    ],
)
def test_what_is_made_of_groups_is_a_query_over_them(groups, facts, query, above):
    found = groups(query)
    assert not found.are_bare
    text = facts.sql(found.above())
    before, _, rest = text.partition(" FROM (")
    assert before + rest.rpartition(") AS __mlview_g")[2] == above


@pytest.mark.parametrize(
    "query",
    [
        "SELECT carrier, (SELECT max(temp) FROM weather WHERE temp = plane) AS t FROM flights GROUP BY carrier, plane",
        "SELECT 1 AS one, count(*) AS n FROM flights GROUP BY 'x'",
        "SELECT count(*) AS n FROM flights f JOIN flights g USING (id) GROUP BY ROLLUP (id, f.id)",
        "SELECT * FROM (SELECT id FROM flights) GROUP BY ROLLUP (id)",
    ],
)
def test_what_cannot_be_told_is_not_guessed(groups, query):
    with pytest.raises(NotFollowed):
        groups(query).above()


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("SELECT id FROM flights WHERE carrier COLLATE nocase = 'aa'", False),
        ("SELECT id FROM flights WHERE carrier COLLATE nocase IN ('aa', 'b6')", False),
        ("SELECT id FROM flights ORDER BY carrier COLLATE nocase", False),
        ("SELECT rank() OVER (ORDER BY carrier COLLATE nocase) FROM flights", False),
        ("SELECT carrier COLLATE nocase AS c FROM flights", True),
        ("SELECT id FROM flights GROUP BY id, carrier COLLATE nocase", True),
        (
            "SELECT id FROM flights WHERE carrier = (SELECT min(model COLLATE nocase) FROM planes)",
            True,
        ),
    ],
)
def test_a_collation_counts_where_values_come_out_of_it(facts, query, shown):
    assert shows_collation(facts.tree(query)) == shown


def test_null_in_a_branch_has_the_type_that_the_union_gives_it(facts):
    tree = facts.tree(
        "SELECT id, NULL AS d, NULL AS x FROM flights UNION ALL "
        "SELECT NULL, day, 1.50::DECIMAL(9, 2) FROM flights UNION ALL SELECT NULL, NULL, NULL"
    )
    assert facts.sql(with_typed_nulls(tree, facts)) == (
        "(SELECT id, CAST(NULL AS DATE) AS d, CAST(NULL AS DECIMAL(9,2)) AS x FROM flights) UNION ALL "
        '((SELECT CAST(NULL AS INTEGER), "day", CAST(1.50 AS DECIMAL(9,2)) FROM flights) UNION ALL '
        "(SELECT CAST(NULL AS INTEGER), CAST(NULL AS DATE), CAST(NULL AS DECIMAL(9,2))))"
    )

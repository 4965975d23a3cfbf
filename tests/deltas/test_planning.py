"""What is done for the change of a query, and why."""

# ruff: noqa: E501 - a query is easier to read on one line

import pytest

from mlview.deltas.inputs import Side

SAID = {
    "SELECT id FROM flights WHERE delay > 1": ["FROM flights: LINEAR"],
    "SELECT f.id FROM flights f JOIN weather w USING (day), planes": [
        "JOIN flights: TELESCOPED",
        "JOIN weather: TELESCOPED",
        "JOIN planes: TELESCOPED",
    ],
    "SELECT f.id FROM flights f LEFT JOIN weather w ON w.day = f.day": [
        "LEFT JOIN flights: TELESCOPED",
        "LEFT JOIN weather: TOUCHED_KEYS",
    ],
    "SELECT f.id FROM flights f FULL JOIN planes p ON p.plane = f.plane": [
        "FULL JOIN flights: TOUCHED_KEYS",
        "FULL JOIN planes: TOUCHED_KEYS",
    ],
    "SELECT carrier, count(*) FROM flights GROUP BY carrier": [
        "GROUP BY carrier: TOUCHED_KEYS",
        "FROM flights: LINEAR",
    ],
    "SELECT DISTINCT carrier FROM flights": ["DISTINCT: TOUCHED_KEYS"],
    "SELECT sum(delay) OVER (PARTITION BY plane) FROM flights": [
        "OVER (PARTITION BY plane): TOUCHED_KEYS",
        "FROM flights: LINEAR",
    ],
    "SELECT id FROM flights UNION ALL SELECT plane FROM planes": ["UNION ALL: LINEAR"],
    "SELECT id FROM flights EXCEPT SELECT plane FROM planes": ["EXCEPT: TOUCHED_KEYS"],
    "SELECT id FROM flights WHERE plane IN (SELECT plane FROM planes)": [
        "FROM flights: LINEAR",
        "WHERE (plane = ANY(SELECT plane FROM planes)): TOUCHED_KEYS",
    ],
    "SELECT id FROM flights WHERE plane NOT IN (SELECT plane FROM planes) OR delay > 9": [
        "FROM flights: LINEAR",
        "WHERE ((NOT (plane = ANY(SELECT plane FROM planes))) OR (delay > 9)): TOUCHED_KEYS",
    ],
    "SELECT count(*), max(delay) FROM flights WHERE plane > 3": [
        "aggregates: ONE_GROUP",
        "FROM flights: LINEAR",
    ],
    "SELECT carrier, day, count(*) FROM flights GROUP BY ROLLUP (carrier, day)": [
        'GROUPING SETS of carrier, "day": TOUCHED_KEYS',
    ],
    "SELECT carrier, GROUPING(day), avg(delay) FROM flights GROUP BY CUBE (carrier, day) HAVING count(*) > 1": [
        "FROM (query): LINEAR",
    ],
    "SELECT carrier, max(delay), rank() OVER (PARTITION BY max(delay)) FROM flights GROUP BY carrier": [
        "OVER (PARTITION BY max(delay)): TOUCHED_KEYS",
        "FROM (query): LINEAR",
    ],
    "SELECT id FROM flights WHERE day > refresh_time()::DATE": [
        "FROM flights: LINEAR",
        'WHERE ("day" > CAST(refresh_time() AS DATE)): WINDOW_MOVED',
    ],
}
FULL = {
    "SELECT row_number() OVER (ORDER BY id) FROM flights": (
        "a window without a PARTITION BY that all its windows share"
    ),
    "SELECT id FROM flights ORDER BY delay LIMIT 3": "any row may take the place of another",
    "SELECT id FROM flights TABLESAMPLE 10%": "a sample",
    "FROM flights POSITIONAL JOIN planes": "POSITIONAL JOIN",
    "SELECT refresh_time(), id FROM flights": "a subquery or refresh_time() in the select list",
    "SELECT mine(id) FROM flights": "the function mine()",
    "SELECT (SELECT sum(delay)) FROM flights": "an aggregate of columns of an outer query",
    "PIVOT flights ON carrier IN ('AA') USING count(*)": "PIVOT",
    "SELECT carrier COLLATE nocase AS c, count(*) FROM flights GROUP BY c": (
        "COLLATE, by which texts that differ are put together"
    ),
    "SELECT id FROM flights f LEFT JOIN weather w ON w.temp IN (SELECT plane FROM planes)": (
        "a subquery or refresh_time() in ON"
    ),
}


def said(plan):
    return [f"{operator.what}: {operator.strategy}" for operator in plan.operators]


@pytest.mark.parametrize("query", SAID)
def test_the_structure_of_a_query_decides_how_its_change_is_had(planned, query):
    plan, _ = planned(query, alike=True)
    assert said(plan) == SAID[query]
    assert not plan.full


@pytest.mark.parametrize("query", FULL)
def test_what_no_rule_is_sure_about_is_a_full_difference_with_a_reason(planned, query):
    plan, _ = planned(query)
    assert plan.full
    assert [operator.reason for operator in plan.operators] == [FULL[query]]


def test_what_reads_nothing_that_changed_has_no_plan(planned):
    assert planned("SELECT id FROM flights JOIN weather USING (day)", ["planes"])[0] is None
    assert planned("SELECT 1 AS one, refresh_time() AS at", ["planes"])[0] is None


def test_tables_that_stayed_take_no_part_in_the_telescope(planned):
    query = "SELECT id FROM flights JOIN weather USING (day) JOIN planes USING (plane)"
    plan, facts = planned(query, ["weather", "planes"])
    assert said(plan) == ["JOIN weather: TELESCOPED", "JOIN planes: TELESCOPED"]
    sides = [
        (term.sign, {facts.title(name): side for name, side in term.sides.items()})
        for term in plan.terms
    ]
    assert sides == [
        (1, {"weather": Side.PLUS, "planes": Side.OLD}),
        (-1, {"weather": Side.MINUS, "planes": Side.OLD}),
        (1, {"weather": Side.NEW, "planes": Side.PLUS}),
        (-1, {"weather": Side.NEW, "planes": Side.MINUS}),
    ]


def test_existence_that_is_the_same_at_both_ends_changes_nothing(planned):
    query = "SELECT id FROM flights WHERE EXISTS (FROM weather)"
    assert planned(query, ["weather"], alike=True)[0] is None
    assert said(planned(query, ["weather"])[0]) == [
        "WHERE EXISTS(SELECT * FROM weather): FULL_DIFFERENCE"
    ]


def test_views_and_ctes_are_opened(planned):
    query = "WITH big AS (FROM late WHERE delay > 9) SELECT id FROM big JOIN planes USING (plane)"
    plan, _ = planned(query, ["flights"], late="SELECT * FROM flights WHERE delay > 1")
    assert said(plan) == ["JOIN big: TELESCOPED"]
    assert len(plan.inner) == 1


def test_grouped_keys_are_looked_up_before_the_join(planned):
    query = "SELECT f.carrier, max(temp) FROM flights f JOIN weather USING (day) GROUP BY f.carrier"
    plan, _ = planned(query, ["flights"])
    assert plan.terms[0].query["from_table"]["left"]["type"] == "SUBQUERY"
    assert plan.terms[0].query["where_clause"] is None


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("SELECT carrier AS c, count(*) FROM flights GROUP BY c", 1),
        ("SELECT lower(carrier) AS carrier, count(*) FROM flights GROUP BY carrier", 0),
        ("SELECT plane, carrier, count(*) FROM flights GROUP BY 1, 2", 1),
    ],
)
def test_a_key_that_may_be_a_column_or_an_item_is_not_guessed(planned, query, keys):
    plan, _ = planned(query)
    assert len(plan.keys) == keys
    assert plan.full == (keys == 0)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT DISTINCT sum(delay) FROM flights GROUP BY plane",
        "SELECT d, count(*) FROM mean GROUP BY d",
        "SELECT a.plane FROM mean a JOIN mean b ON a.d = b.d",
        "SELECT plane FROM mean WHERE d = (SELECT max(d) FROM mean)",
        "SELECT d FROM mean EXCEPT SELECT delay FROM flights",
    ],
)
def test_sums_of_floats_do_not_decide_what_belongs_together(planned, query):
    mean = "SELECT plane, avg(delay) AS d FROM flights GROUP BY plane"
    plan, _ = planned(query, mean=mean)
    assert plan.full
    assert "sums of floats" in plan.operators[0].reason
    exact = mean.replace("avg", "max")
    assert not planned(query.replace("sum", "max"), mean=exact)[0].full


def test_sums_of_floats_may_be_filtered_and_joined_along(planned):
    query = "SELECT model, d FROM mean JOIN planes USING (plane) WHERE d > 3"
    mean = "SELECT plane, avg(delay) AS d FROM flights GROUP BY plane"
    assert not planned(query, mean=mean)[0].full

"""Names of a query as inputs."""

import pytest

from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, Relation


def relations(facts):
    return [given.name for given in facts.inputs.known.values() if isinstance(given, Relation)]


def test_a_cte_hides_a_table_except_from_itself(facts):
    facts.expanded("WITH flights AS (FROM flights) SELECT * FROM flights, planes", {})
    assert relations(facts) == ["flights", "planes"]
    assert sum(isinstance(given, Query) for given in facts.inputs.known.values()) == 1


def test_a_view_does_not_see_the_ctes_around_it(facts):
    query = "WITH flights AS (SELECT 1 AS id) SELECT * FROM late, flights"
    facts.expanded(query, {"late": "FROM flights"})
    assert relations(facts) == ["flights"]


def test_names_differ_in_case_only_where_ddl_says_so(facts):
    facts.expanded("WITH Busy AS (FROM Flights) SELECT * FROM BUSY b, flights", {})
    assert relations(facts) == ["Flights", "Flights"]


def test_columns_lose_their_schema(facts):
    tree = facts.expanded("SELECT main.flights.id FROM main.flights WHERE flights.id > 1", {})
    assert tree["select_list"][0]["column_names"] == ["flights", "id"]


def test_tables_of_one_name_in_two_schemas_stay_apart(facts):
    tree = facts.expanded("SELECT main.t.a, other.t.a FROM main.t, other.t", {})
    assert [item["column_names"] for item in tree["select_list"]] == [
        ["main.t", "a"],
        ["other.t", "a"],
    ]


def test_a_recursive_cte_is_one_input(facts):
    facts.expanded("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL FROM r) FROM r, flights", {})
    assert relations(facts) == ["flights"]


def test_a_relation_at_a_moment_of_its_own_is_not_followed(facts):
    with pytest.raises(NotFollowed, match="moment"):
        facts.expanded("FROM flights AT (VERSION => 3)", {})

"""Plans of queries over tables of a DuckDB in memory, all or some of which have changed."""

import json

import duckdb
import pytest

from mlview.deltas.expanding import Expander
from mlview.deltas.inputs import Inputs, Moment, Query, Relation, in_place
from mlview.deltas.planning import plan_query
from mlview.deltas.trees import call, derived, rewrite, select, statement, table

TABLES = """
CREATE TABLE flights (id INTEGER, carrier VARCHAR, day DATE, plane INTEGER, delay DOUBLE);
CREATE TABLE weather (day DATE, temp INTEGER);
CREATE TABLE planes (plane INTEGER, model VARCHAR);
CREATE MACRO refresh_time() AS TIMESTAMPTZ '2024-01-01 00:00:00+00';
"""
AGGREGATES = frozenset(["count", "count_star", "sum", "avg", "max", "min", "list", "row_number"])


class Facts:
    """What plans ask for, where nothing is computed: an input is live if its tables changed."""

    def __init__(self, changed, *, alike=False):
        self.connection = duckdb.connect()
        self.connection.execute(TABLES)
        self.changed, self.alike = changed, alike
        self.inputs = Inputs()
        self.tables_of_keys = 0
        self.aggregates = AGGREGATES
        names = self.connection.execute("SELECT DISTINCT function_name FROM duckdb_functions()")
        self.functions = frozenset(name for (name,) in names.fetchall()) - AGGREGATES

    def tree(self, sql):
        found = json.loads(
            self.connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()[0]
        )
        return found["statements"][0]["node"]

    def sql(self, tree):
        whole = json.dumps({"error": False, "statements": [statement(self.bound(tree))]})
        row = self.connection.execute("SELECT json_deserialize_sql(?::JSON)", [whole]).fetchone()
        return row[0]

    def bound(self, tree):
        def change(node):
            if node.get("stands_for") is None:
                return None
            match self.inputs[node["stands_for"]]:
                case Relation() as relation:
                    return in_place(node, table(relation.name))
                case Query() as query:
                    return in_place(node, derived(self.bound(query.tree)))
                case Moment():
                    return call("refresh_time", ())

        return rewrite(tree, change)

    def expanded(self, sql, views):
        def view(_catalog, _schema, name):
            return self.tree(views[name]) if name in views else None

        return Expander(view, self.inputs).expand(self.tree(sql))

    def add(self, given):
        return self.inputs.add(given)

    def input(self, name):
        return self.inputs[name]

    def name_keys(self):
        self.tables_of_keys += 1
        return f"keys{self.tables_of_keys}"

    def may_change(self, name):
        match self.inputs[name]:
            case Relation() as relation:
                return relation.name in self.changed
            case Query() as query:
                inside = [node.get("stands_for") for node in _nodes(query.tree)]
                return any(self.may_change(each) for each in inside if each is not None)
            case Moment():
                return "refresh_time" in self.changed

    def is_live(self, name, _used):
        return self.may_change(name)

    def exists_alike(self, _name):
        return self.alike

    def nulls_alike(self, _name):
        return self.alike

    def columns(self, query):
        try:
            rows = self.connection.execute(f"DESCRIBE {self.sql(query)}").fetchall()
        except duckdb.Error:
            return None
        return tuple((row[0], row[1]) for row in rows)

    def words(self, expression):
        def change(node):
            if node.get("stands_for") is None or isinstance(
                self.inputs[node["stands_for"]], Moment
            ):
                return None
            return table(self.title(node["stands_for"]))

        expression = rewrite(expression, change)
        empty = {"type": "EMPTY", "alias": "", "sample": None}
        return self.sql(select([{**expression, "alias": ""}], empty)).removeprefix("SELECT ")

    def title(self, name):
        given = self.inputs[name]
        return given.name if isinstance(given, Relation) else ""


def _nodes(tree):
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


@pytest.fixture
def facts():
    """Facts where every table has changed."""
    return Facts({"flights", "weather", "planes", "refresh_time"})


@pytest.fixture
def planned():
    """The plan of a query and its facts, with some tables changed."""

    def plan(
        sql, changed=("flights", "weather", "planes", "refresh_time"), *, alike=False, **views
    ):
        facts = Facts(set(changed), alike=alike)
        return plan_query(facts.expanded(sql, views), facts), facts

    return plan

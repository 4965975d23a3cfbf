"""Ordinary SQL through a connection of mlview."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest

from mlview.definitions import Kind, Name
from mlview.engines import DEFINITION_SETTINGS
from mlview.errors import (
    BindProblem,
    LakeProblem,
    NameTaken,
    StatementError,
    SyntaxProblem,
    UnknownName,
    UsageProblem,
)

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def flights(connection):
    connection.run("CREATE TABLE flights AS SELECT range AS id, range % 3 AS d FROM range(9)")
    return connection


def test_several_tables_change_together_or_not_at_all(flights):
    flights.run("CREATE TABLE log (n INTEGER)")
    flights.begin()
    flights.run("DELETE FROM flights")
    flights.run("INSERT INTO log VALUES (1)")
    assert flights.in_transaction
    flights.rollback()
    assert not flights.in_transaction
    assert flights.run("SELECT count(*) FROM flights").fetchall() == [(9,)]
    flights.run("BEGIN")
    flights.run("DELETE FROM flights")
    flights.run("INSERT INTO log VALUES (1)")
    flights.run("COMMIT")
    assert flights.run("SELECT (SELECT count(*) FROM flights), n FROM log").fetchall() == [(0, 1)]


def test_commit_after_a_failed_statement_says_that_nothing_was_kept(flights):
    flights.begin()
    flights.run("DELETE FROM flights")
    with pytest.raises(LakeProblem):
        flights.run("SELECT 'x'::INTEGER FROM flights UNION ALL SELECT 'x'::INTEGER").fetchall()
    with pytest.raises(LakeProblem) as caught:
        flights.commit()
    assert caught.value.error_code == "TRANSACTION_ABORTED"
    assert not flights.in_transaction
    assert flights.run("SELECT count(*) FROM flights").fetchall() == [(9,)]


def test_a_result_stays_valid_when_the_next_statement_runs(flights):
    first = flights.run("SELECT id FROM flights ORDER BY id")
    streamed = flights.run("FROM range(200000)").reader(1000)
    begun = streamed.read_next_batch()
    flights.run("DELETE FROM flights")
    assert [row[0] for row in first.fetchall()] == list(range(9))
    assert begun.num_rows + sum(batch.num_rows for batch in streamed) == 200_000


def test_a_result_can_be_asked_in_every_shape_and_twice(flights):
    result = flights.run("SELECT id, d FROM flights ORDER BY id LIMIT 2")
    assert result.fetchall() == result.fetchall() == [(0, 0), (1, 1)]
    assert result.arrow().to_pylist() == [{"id": 0, "d": 0}, {"id": 1, "d": 1}]
    assert result.df().shape == result.pl().shape == (2, 2)
    assert result.reader().read_all().num_rows == result.rowcount == 2


def test_a_streamed_result_is_not_silently_empty_the_second_time(flights):
    result = flights.run("FROM flights")
    assert result.reader().read_all().num_rows == 9
    with pytest.raises(LakeProblem, match="streamed already"):
        result.fetchall()


def test_an_error_in_the_middle_of_a_stream_is_mlviews(flights):
    sql = "SELECT (CASE WHEN i = 500000 THEN 'x' ELSE '1' END)::INTEGER FROM range(900000) t(i)"
    with pytest.raises(LakeProblem, match="Could not convert"):
        flights.run(sql).reader(1000).read_all()


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("170141183460469231731687303715884105727::HUGEINT", 2**127 - 1),
        ("'5bc26ab6-3ee6-4b41-9a04-a5d4d1a8e3cd'::UUID", None),
        ("TIMETZ '12:00:00+02'", None),
        ("'101'::BIT", "101"),
        ("1.5::DECIMAL(9, 3)", Decimal("1.500")),
        ("INTERVAL 3 HOURS", timedelta(hours=3)),
        ("{'a': [1, NULL]}", {"a": [1, None]}),
        ("42::VARIANT", 42),
        ("'{\"a\": 1}'::JSON", '{"a": 1}'),
        ("TIMESTAMPTZ '2020-01-01 12:00:00+00'", NOON),
    ],
)
def test_python_values_are_duckdbs_own_even_after_other_statements(connection, sql, value):
    result = connection.run(f"SELECT {sql} AS x")
    connection.run("SELECT 1")
    (found,) = result.fetchall()[0]
    if "UUID" in sql:
        assert isinstance(found, uuid.UUID)
    elif "TIMETZ" in sql:
        assert found.tzinfo == timezone(timedelta(hours=2))
    else:
        assert found == value


def test_arrow_has_arrows_own_types(connection):
    result = connection.run("SELECT uuid() AS u, '{}'::JSON AS j, 1::HUGEINT AS h")
    assert result.arrow().schema.types == [pa.string(), pa.string(), pa.decimal128(38, 0)]
    streamed = connection.run("SELECT uuid() AS u FROM range(3)").reader()
    assert streamed.schema.types == [pa.string()]
    assert streamed.read_all().num_rows == 3


def test_timestamps_come_in_the_users_time_zone(connection):
    connection.run("SET TimeZone = 'America/New_York'")
    (found,) = connection.run("SELECT TIMESTAMPTZ '2020-01-01 12:00:00+00'").fetchall()[0]
    assert (found, found.utcoffset()) == (NOON, timedelta(hours=-5))


def test_duplicate_columns_and_types_are_reported_as_they_are(connection):
    result = connection.run("SELECT 1 AS a, 'x' AS a")
    assert [(column.name, column.type) for column in result.columns] == [
        ("a", "INTEGER"),
        ("a", "VARCHAR"),
    ]
    assert result.fetchall() == [(1, "x")]


def test_parameters_come_by_place_or_by_name(connection):
    assert connection.run("SELECT ?, ?", [1, "x"]).fetchall() == [(1, "x")]
    assert connection.run("SELECT $a", {"a": None}).fetchall() == [(None,)]


def test_rowcount_is_what_a_statement_changed(flights):
    assert flights.run("INSERT INTO flights VALUES (10, 1), (11, 1)").rowcount == 2
    assert flights.run("UPDATE flights SET d = 5 WHERE id >= 10").rowcount == 2
    assert flights.run("DELETE FROM flights WHERE id = 10").rowcount == 1


@pytest.mark.parametrize(
    ("sql", "error", "place", "hint"),
    [
        ("SELECT * FRM flights", SyntaxProblem, (1, 14), None),
        ("", SyntaxProblem, None, "statement"),
        ("SELECT\n  iid\nFROM flights", BindProblem, (2, 3), '"id"'),
        ("FROM flihgts", UnknownName, (1, 6), "flights"),
        ("DROP TABLE flihgts", UnknownName, None, "flights"),
        ("CREATE TABLE flights (a INTEGER)", NameTaken, None, "drop"),
        ("INSERT INTO flights VALUES ('x', 1)", LakeProblem, (1, 29), None),
        ("CREATE TABLE k (a INTEGER PRIMARY KEY)", LakeProblem, None, "DuckLake"),
        ("SELECT 1; SELECT 2", UsageProblem, None, "one after the other"),
        ("SELECT nofunction(id) FROM flights", UnknownName, (1, 8), None),
        ("COMMIT", LakeProblem, None, None),
    ],
)
def test_errors_say_where_and_what_to_do(flights, sql, error, place, hint):
    with pytest.raises(error) as caught:
        flights.run(sql).fetchall()
    if place is not None:
        assert (caught.value.line, caught.value.column) == place
    if hint is not None:
        assert hint in caught.value.hint


def test_describe_binds_without_running(flights):
    columns = flights.describe("SELECT id, 1 / (id - id) AS x, id AS id FROM flights")
    assert [(c.name, c.type) for c in columns] == [
        ("id", "BIGINT"),
        ("x", "DOUBLE"),
        ("id", "BIGINT"),
    ]
    with pytest.raises(BindProblem) as caught:
        flights.describe("SELECT id,\n  nope FROM flights")
    assert (caught.value.line, caught.value.column) == (2, 3)
    with pytest.raises(StatementError):
        flights.describe("DELETE FROM flights")
    assert flights.run("SELECT count(*) FROM flights").fetchall() == [(9,)]


def test_exists_sees_the_transaction_and_ignores_case(flights):
    flights.run("CREATE VIEW late AS FROM flights WHERE d > 1")
    assert flights.exists(Name("FLIGHTS")) is Kind.TABLE
    assert flights.exists(Name("late")) is Kind.VIEW
    flights.begin()
    flights.run("CREATE TABLE fresh (a INTEGER)")
    assert flights.exists(Name("fresh")) is Kind.TABLE
    flights.rollback()
    assert flights.exists(Name("fresh")) is None


@pytest.mark.parametrize("name", ['a"; DROP TABLE z', "two words", "straße", "東京", "select", "'"])
def test_any_quoted_name_works(engine, connection, name):
    table = Name(name)
    connection.run(f"CREATE TABLE {table} AS SELECT 1 AS {Name(name)}")
    since = engine.current_snapshot().id
    connection.run(f"INSERT INTO {table} VALUES (2), (3)")
    until = engine.current_snapshot().id
    assert engine.change(table, since, until).inserted == 2
    assert engine.tables(until)[table].columns[0].name == name
    assert connection.exists(table) is Kind.TABLE
    connection.bind_view(name, "SELECT 7 AS x")
    assert connection.run(f"FROM {table}").fetchall() == [(7,)]


def test_bound_names_come_before_the_lakes_and_go_again(flights):
    flights.bind_table("flights", pa.table({"x": [1]}))
    assert flights.run("FROM flights").fetchall() == [(1,)]
    flights.bind_view("flights", "SELECT 2 AS x")
    assert flights.run("FROM flights").fetchall() == [(2,)]
    flights.unbind("flights")
    assert flights.run("SELECT count(*) FROM flights").fetchall() == [(9,)]


def test_cursors_share_bound_names_but_no_transaction(flights):
    flights.bind_table("local", pa.table({"x": [1]}))
    flights.bind_view("seen", "FROM local")
    flights.bind_system_table("models", pa.table({"name": ["m"]}))
    with flights.cursor() as other:
        assert other.run("FROM seen").fetchall() == [(1,)]
        assert other.run("FROM mlview.models").fetchall() == [("m",)]
        other.begin()
        assert not flights.in_transaction


def test_system_tables_answer_inside_a_transaction_that_wrote(flights):
    flights.begin()
    flights.run("DELETE FROM flights WHERE id = 0")
    flights.bind_system_table("staleness", pa.table({"name": ["m"]}))
    flights.bind_system_table("staleness", pa.table({"name": ["n"], "lag": [1]}))
    assert flights.run("FROM mlview.staleness").fetchall() == [("n", 1)]
    flights.commit()


def test_python_variables_are_never_read_by_name(flights):
    secret = pa.table({"x": [1]})
    with pytest.raises(UnknownName):
        flights.run("FROM secret")
    assert secret.num_rows == 1


def test_definition_settings_hold_inside_and_the_users_come_back(connection):
    connection.run("SET TimeZone = 'Asia/Tokyo'")
    connection.run("SET default_null_order = 'NULLS_FIRST'")
    query = "SELECT current_setting('TimeZone'), x FROM (VALUES (1), (NULL)) t(x) ORDER BY x"
    with connection.definition_settings(NOON):
        inside = connection.run(query).fetchall()
        assert connection.run("SELECT refresh_time()").fetchall() == [(NOON,)]
    assert inside == [("UTC", 1), ("UTC", None)]
    assert connection.run(query).fetchall() == [("Asia/Tokyo", None), ("Asia/Tokyo", 1)]
    with pytest.raises(UnknownName):
        connection.run("SELECT refresh_time()")


def test_settings_come_back_after_an_error_and_for_every_setting(connection):
    before = connection.run("SELECT name, value FROM duckdb_settings()").fetchall()
    with (
        pytest.raises(BindProblem),
        connection.definition_settings(),
    ):
        connection.run("SELECT nope")
    assert connection.run("SELECT name, value FROM duckdb_settings()").fetchall() == before


def test_every_definition_setting_is_one_duckdb_knows(connection):
    known = {row[0] for row in connection.run("SELECT name FROM duckdb_settings()").fetchall()}
    assert set(DEFINITION_SETTINGS) <= known


def test_pivot_and_temporary_tables_work_like_any_query(flights):
    pivoted = flights.run("PIVOT flights ON d USING count(*)")
    assert len(pivoted.fetchall()) == 9
    flights.run("CREATE TEMP TABLE mine AS SELECT 1 AS x")
    assert flights.run("FROM mine").fetchall() == [(1,)]


def test_the_store_is_read_only(connection):
    with pytest.raises(LakeProblem, match="read-only"):
        connection.run("CREATE TABLE store.main.v1 (a INTEGER)")


def test_a_closed_connection_may_be_closed_again(engine):
    connection = engine.connection()
    connection.close()
    connection.close()

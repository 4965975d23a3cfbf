"""`mlview sql`: where statements come from, what is printed, what errors say."""

import subprocess
import sys

import pytest


@pytest.fixture(autouse=True)
def _on_a_database(database):
    return database


def test_each_result_is_printed(command):
    said = command("sql", "SELECT 41 AS x; SELECT 42 AS x")
    assert said.code == 0
    assert "41" in said.out
    assert "42" in said.out


def test_json_prints_the_rows_of_the_last_result_only(command):
    assert command("sql", "--json", "SELECT 41 AS x; SELECT 42 AS x, 43 AS x").rows == [
        {"x": 42, "x_1": 43}
    ]


def test_json_of_a_statement_without_rows_is_an_empty_array(command):
    for text in ["CREATE TABLE u (x INT)", "INSERT INTO u VALUES (1)", "SET threads = 1", "BEGIN"]:
        assert command("sql", "--json", text).rows == []
    assert command("sql", "--json", "ALTER MATERIALIZED VIEW per_a SUSPEND").rows == []


def test_json_of_duckdb_types(command):
    text = """SELECT 1::HUGEINT << 70 AS h, 'nan'::FLOAT AS f, MAP {'k': 1} AS m, {'s': [1]} AS st,
              1.50 AS d, 'ab'::BLOB AS b, TIMESTAMP '2013-01-02 03:04:05' AS t, '[1]'::JSON AS j,
              array_value((1, 2), (3, 4)) AS a, 'x"\n' AS s, 1::VARIANT AS v"""
    (row,) = command("sql", "--json", text).rows
    assert row == {
        "h": str(2**70),
        "f": None,
        "m": {"k": 1},
        "st": {"s": [1]},
        "d": "1.50",
        "b": "YWI=",
        "t": "2013-01-02T03:04:05",
        "j": "[1]",
        "a": row["a"],
        "s": 'x"\n',
        "v": 1,
    }


def test_a_map_in_a_system_table_is_an_object(command):
    (row,) = command("sql", "--json", "FROM mlview.versions WHERE name = 'total'").rows
    assert row["upstream_versions"] == {"per_a": 1}


def test_statements_come_from_a_file(command, folder):
    (folder / "s.sql").write_text("\ufeffSELECT 'é' AS x;", encoding="utf-8")
    assert command("sql", "-f", "s.sql", "--json").rows == [{"x": "é"}]


@pytest.mark.parametrize("arguments", [[], ["-f", "-"]])
def test_statements_come_from_stdin(command, arguments):
    assert command("sql", "--json", *arguments, stdin="SELECT 42 AS x").rows == [{"x": 42}]


def test_a_text_and_a_file_is_bad_usage(command):
    assert command("sql", "SELECT 1", "-f", "s.sql").code == 3


def test_a_file_that_is_not_there_is_named(command):
    said = command("sql", "-f", "nope.sql", "--json")
    assert (said.code, said.error["name"]) == (3, "nope.sql")


def test_a_file_that_is_not_utf_8_is_said_to_be(command, folder):
    (folder / "s.sql").write_bytes(b"SELECT '\xe9'")
    assert "0xe9 at 8" in command("sql", "-f", "s.sql").err


def test_no_statement_is_bad_usage(command):
    assert command("sql", " -- nothing\n").code == 3


def test_an_error_shows_its_line_within_the_script(command):
    said = command("sql", "SELECT 1;\n\nSELECT a,\n  nope FROM t;\nSELECT 2")
    assert said.code == 3
    assert "  4 |   nope FROM t;\n    |   ^\n" in said.err
    assert "(line 4, column 3)" in said.err
    assert "2" not in said.out


def test_an_error_on_the_line_of_an_earlier_statement_has_the_column_of_the_line(command):
    said = command("sql", "--json", "SELECT 1; FROM nowhere")
    assert (said.error["line"], said.error["column"]) == (1, 16)


def test_an_error_without_a_place_is_put_at_its_statement(command):
    said = command("sql", "--json", "SELECT 1;\n REFRESH MODEL nope; SELECT 2")
    assert (said.error["code"], said.error["line"], said.error["column"]) == ("UNKNOWN_NAME", 2, 2)


def test_an_error_while_rows_are_read_has_a_place_too(command):
    said = command("sql", "--json", "SELECT 1;\nSELECT 'x'::INT FROM t")
    assert (said.code, said.error["line"]) == (3, 2)


def test_what_ran_before_the_error_stays(command):
    assert command("sql", "CREATE TABLE kept (x INT); SELEC").code == 3
    assert command("sql", "--json", "FROM kept").rows == []


def test_a_variable_of_this_program_is_no_table(command):
    pytest.importorskip("pandas")
    assert command("sql", "FROM options").code == 3


def test_a_transaction_that_is_left_open_is_given_up(command):
    assert command("sql", "BEGIN; INSERT INTO t VALUES (1000, 1, true)").code == 0
    assert command("sql", "--json", "SELECT count(*) AS n FROM t").rows == [{"n": 60}]


def test_notices_are_json_lines_beside_json_rows(command):
    text = "CREATE MODEL m PREDICT late USING LogisticRegression AS SELECT a, late FROM t"
    said = command("sql", "--json", text)
    assert said.code == 0
    assert said.rows
    assert all(line.startswith('{"notice": ') for line in said.err.splitlines())


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break in another way there")
def test_a_reader_that_has_gone_is_exit_code_3_without_a_traceback(database):
    program = "import sys; sys.stdin.read(); from mlview.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "--db", str(database), "sql", "--json", "SELECT 42"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 3


def test_a_refresh_of_all_that_fails_in_part_prints_its_steps_and_ends_the_script(command):
    command("sql", "ALTER TABLE t DROP COLUMN a")
    said = command("sql", "REFRESH ALL; SELECT 42 AS answer")
    assert said.code == 3
    assert "FAILED" in said.out
    assert "UPSTREAM_FAILED" in said.out
    assert "answer" not in said.out


def test_a_transaction_that_is_left_open_is_told(command):
    assert "left open" in command("sql", "BEGIN; INSERT INTO t VALUES (1000, 1, true)").err


def test_infinite_moments_are_texts_in_json(command):
    said = command("sql", "--json", "SELECT 'infinity'::DATE AS d, DATE '9999-12-31' AS n")
    assert said.rows == [{"d": "infinity", "n": "9999-12-31"}]

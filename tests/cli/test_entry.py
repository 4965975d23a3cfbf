"""What holds for every command: help, exit codes, options before and after, a quick start."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlview.cli.entry import cli

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
HEAVY = ["rich", "prompt_toolkit", "duckdb", "pyarrow", "sqlglot", "sqlalchemy", "sklearn", "numpy"]


@pytest.mark.parametrize("name", ["", *cli.commands])
def test_the_page_shows_the_help_of_every_command(name):
    arguments = [*name.split(), "--help"]
    shown = CliRunner().invoke(cli, arguments, prog_name="mlview", terminal_width=80)
    line = " ".join(["mlview", *arguments])
    assert f"```text\n$ {line}\n{shown.output.rstrip()}\n```" in PAGE.read_text()


def test_the_page_shows_no_command_that_is_not_there():
    shown = re.findall(r"^\$ mlview (\w+) --help$", PAGE.read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(cli.commands)


def test_help_loads_nothing_heavy():
    program = (
        "import sys; from mlview.cli.entry import run; code = run(['--help']); "
        f"sys.exit(code or ' '.join(m for m in {HEAVY} if m in sys.modules) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "mlview", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("mlview 0.")


def test_without_a_command_the_help_is_shown(command):
    said = command()
    assert said.code == 0
    assert "Commands:" in said.out


def test_a_misspelt_command_is_an_error_with_the_nearest_name(command):
    said = command("stauts")
    assert said.code == 3
    assert "did you mean 'status'?" in said.err
    assert "Traceback" not in said.err


def test_bad_usage_is_exit_code_3(command):
    assert command("status", "--chek").code == 3
    assert command("init").code == 3
    assert command("restore", "a").code == 3


def test_bad_usage_is_json_where_json_was_asked_for(command):
    said = command("status", "--chek", "--json")
    assert said.code == 3
    assert said.error["code"] == "USAGE"
    assert said.error["hint"] == "mlview status --help"


def test_options_stand_before_or_after_the_command(command, database):
    before = command("--db", database, "--json", "sql", "SELECT 42 AS x")
    after = command("sql", "SELECT 42 AS x", "--json", "--db", database)
    assert before.rows == after.rows == [{"x": 42}]


def test_the_option_counts_more_than_the_environment(command, database, monkeypatch):
    monkeypatch.setenv("MLVIEW_DB", "elsewhere.mlv")
    assert command("sql", "SELECT 1").code == 3
    assert command("sql", "SELECT 1", "--db", database).code == 0
    assert command("--db", database, "sql", "SELECT 1").code == 0


def test_the_environment_names_the_database(command, database, monkeypatch):
    monkeypatch.chdir("/")
    monkeypatch.setenv("MLVIEW_DB", str(database))
    assert command("sql", "SELECT 1").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["sql", "SELECT 1"],
        ["shell"],
        ["status"],
        ["plan"],
        ["refresh"],
        ["verify"],
        ["gc"],
        ["doctor"],
        ["backup", "b.mlv"],
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_no_command_but_init_creates_a_database(command, folder, arguments, there):
    if there:
        (folder / "new.mlv").mkdir()
    said = command("--db", "new.mlv", *arguments)
    assert said.code == 3
    assert "mlview init new.mlv" in said.err
    assert [path.name for path in folder.rglob("*")] == (["new.mlv"] if there else [])


def test_a_fault_of_mlview_itself_is_told_without_a_traceback(command, database):
    (database / "catalog.sqlite").unlink()
    (database / "catalog.sqlite").mkdir()
    said = command("status", "--json")
    assert said.code == 3
    assert said.error["code"]

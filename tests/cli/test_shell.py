"""`mlview shell`: pipes, meta commands, completion, and Enter."""

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import mlview
from mlview.cli.options import Options
from mlview.cli.shell.loop import Shell, Went
from mlview.cli.shell.prompt import Words, session
from mlview.cli.shell.vocabulary import Vocabulary, vocabulary_of

KNOWN = Vocabulary(
    {"flights": ("carrier", "dep_delay"), "two words": ("x y",)}, ("models", "staleness")
)


def offered(before, known=KNOWN):
    return [candidate.text for candidate in known.complete(before)]


def test_a_pipe_is_read_statement_by_statement(command, database):
    said = command("shell", stdin="SELECT 40\n + 1 AS x;\nSELECT ';' AS y; SELECT 43 AS z")
    assert said.code == 0
    assert [word in said.out for word in ("41", ";", "43")] == [True] * 3


def test_a_pipe_stops_at_the_first_error(command, database):
    said = command("shell", stdin="SELEC;\nSELECT 42;\n")
    assert said.code == 3
    assert "42" not in said.out
    assert "SYNTAX" in said.err


def test_quit_leaves_without_an_error(command, database):
    said = command("shell", stdin=".quit\nSELECT 42;\n")
    assert (said.code, said.out) == (0, "")


def test_json_is_for_every_result(command, database):
    said = command("shell", "--json", stdin="SELECT 1 AS x;\nSELECT 2 AS x;\n")
    assert said.out == '[{"x": 1}]\n[{"x": 2}]\n'


def test_a_mode_can_be_changed_on_the_way(command, database):
    said = command("shell", stdin=".mode json\nSELECT 1 AS x;\n.mode table\nSELECT 2 AS x;\n")
    assert said.out.startswith('[{"x": 1}]\n')
    assert "1 row" in said.out


def test_tables_lists_what_can_be_read(command, database):
    said = command("shell", "--json", stdin=".tables\n")
    assert [(row["name"], row["kind"]) for row in said.rows] == [
        ("t", "TABLE"),
        ("per_a", "MATERIALIZED VIEW"),
        ("total", "MATERIALIZED VIEW"),
    ]


def test_an_unknown_meta_command_names_the_nearest(command, database):
    said = command("shell", stdin=".tabels\n")
    assert said.code == 3
    assert "did you mean '.tables'?" in said.err


def test_a_conversation_goes_on_after_an_error(database, capsys):
    with mlview.connect(database) as db:
        shell = Shell(db, Options())
        assert shell.run("SELEC;") is Went.WRONG
        assert shell.run("SELECT 42;") is Went.WELL
        assert shell.run(".timing on") is Went.WELL
        assert shell.run("SELECT 43;") is Went.WELL
        assert shell.run(".quit") is Went.LEFT
    told = capsys.readouterr()
    assert "42" in told.out
    assert " s\n" in told.err


def test_a_conversation_goes_on_after_ctrl_c(capsys):
    def interrupted(text):
        raise KeyboardInterrupt if text == "SELECT 1;" else SystemExit

    shell = Shell(None, Options())
    shell.run = interrupted
    with pytest.raises(SystemExit):
        shell.converse(["SELECT 1;", "SELECT 2;"])
    assert capsys.readouterr().err == "interrupted\n"


def test_names_columns_and_keywords_are_completed():
    assert offered("FROM fl") == ["flights"]
    assert offered("SELECT dep") == ["dep_delay"]
    assert offered("SEL") == ["SELECT"]
    assert offered("sel") == ["select"]
    assert offered("FROM tw") == ['"two words"']


def test_behind_a_dot_come_columns_or_system_tables():
    assert offered("FROM mlview.") == ["models", "staleness"]
    assert offered("FROM mlview.st") == ["staleness"]
    assert offered("SELECT flights.d") == ["dep_delay"]
    assert offered('SELECT "two words".') == ['"x y"']
    assert offered("SELECT f.c") == ["carrier"]


def test_nothing_is_completed_in_a_string_or_from_nothing():
    assert offered("SELECT 'fl") == []
    assert offered("SELECT ") == []


def test_the_vocabulary_is_that_of_the_database(database):
    with mlview.connect(database) as db:
        known = vocabulary_of(db)
    assert known.columns["t"] == ("id", "a", "late")
    assert known.columns["per_a"] == ("a", "n")
    assert "refresh_history" in known.system_tables


def test_meta_commands_are_completed():
    words = Words(lambda: KNOWN)
    assert [c.text for c in words.get_completions(Document(".ta"), None)] == [".tables"]
    assert [c.text for c in words.get_completions(Document("FROM fl"), None)] == ["flights"]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("SELECT 1;\r", "SELECT 1;"),
        ("SELECT ';\r';\r", "SELECT ';\n';"),
        ("SELECT (1\r);\r", "SELECT (1\n);"),
        (".help\r", ".help"),
        ("\r", ""),
    ],
)
def test_enter_runs_a_finished_text_and_else_begins_a_new_line(typed, text):
    with create_pipe_input() as keys, create_app_session(keys, DummyOutput()):
        keys.send_text(typed)
        assert session(lambda: KNOWN, InMemoryHistory()).prompt() == text


def test_ctrl_c_clears_and_ctrl_d_leaves():
    with create_pipe_input() as keys, create_app_session(keys, DummyOutput()):
        prompt = session(lambda: KNOWN, InMemoryHistory())
        keys.send_text("SELECT\x03")
        with pytest.raises(KeyboardInterrupt):
            prompt.prompt()
        keys.send_text("\x04")
        with pytest.raises(EOFError):
            prompt.prompt()

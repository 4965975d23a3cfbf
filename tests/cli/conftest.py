"""Command lines run in this process, on copies of one small database."""

import io
import json
import shutil
from dataclasses import dataclass

import pytest

import mlview
from mlview.cli.entry import run

SCRIPT = """
CREATE TABLE t AS SELECT i AS id, i % 7 AS a, i % 3 = 0 AS late FROM range(60) r(i);
CREATE MATERIALIZED VIEW per_a TARGET_LAG '1 hour' AS SELECT a, count(*) AS n FROM t GROUP BY a;
CREATE MATERIALIZED VIEW total AS SELECT sum(n) AS n FROM per_a;
"""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def rows(self):
        return json.loads(self.out)

    @property
    def error(self):
        return json.loads(self.err.splitlines()[-1])["error"]


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "t.mlv"
    with mlview.connect(path) as db:
        list(db.script(SCRIPT))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current directory: empty, with nothing of the user's environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLVIEW_DB", raising=False)
    return tmp_path


@pytest.fixture
def database(folder, template):
    return shutil.copytree(template, folder / "t.mlv")


@pytest.fixture
def command(folder, capfdbinary, monkeypatch):
    """Run `mlview` with these arguments, and what it wrote."""

    def call(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return call

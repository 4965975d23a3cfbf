"""Statements that nobody understands: what they may have meant."""

import pytest

from mlview.sql import meant

TABLES = ["staleness", "refresh_history", "models"]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("SHOW MODLES", "write SHOW MODELS"),
        ("SHOW MATERIALIZED VIEW;", "write SHOW MATERIALIZED VIEWS"),
        ("show staleness", "write FROM mlview.staleness"),
        ("SHOW REFRESHES", "write FROM mlview.refresh_history"),
        ("SHOW STATUS", "write FROM mlview.staleness"),
        ("SHOW CREATE s.v", "write SHOW CREATE MATERIALIZED VIEW s.v, or SHOW CREATE MODEL s.v"),
        (
            'ALTER VIEW s."a b" SUSPEND',
            'write ALTER MATERIALIZED VIEW s."a b" SUSPEND, or ALTER MODEL s."a b" SUSPEND',
        ),
        (
            "ALTER VIEW v SET PRIORITY 2",
            "write ALTER MATERIALIZED VIEW v SET PRIORITY 2, or ALTER MODEL v SET PRIORITY 2",
        ),
        ("RESUME v", "write ALTER MATERIALIZED VIEW v RESUME, or ALTER MODEL v RESUME"),
        ("VERIFY v", "db.verify('name') in Python, or mlview verify name in a shell"),
        ("REFERSH MODEL m", "did you mean 'REFRESH'?"),
    ],
)
def test_a_hint_names_the_statement_that_there_is(typed, hint):
    assert meant(typed, TABLES) == hint


@pytest.mark.parametrize(
    "typed",
    [
        "SELEC 1",
        "ALTER TABLE t ADD COLUMN suspend INT 5",
        "ALTER TABLE suspend DROP",
        "SHOW",
        "SHOW something_else_entirely",
        "SUSPEND",
        "",
        "'never ends",
    ],
)
def test_what_is_not_ours_gets_no_hint(typed):
    assert meant(typed, TABLES) is None

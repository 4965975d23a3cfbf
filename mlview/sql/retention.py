"""`ALTER DATABASE SET RETENTION`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.errors import did_you_mean
from mlview.sql.statements import SetRetention
from mlview.sql.tokens import problem

if TYPE_CHECKING:
    from mlview.sql.cursor import Cursor


def read_retention(cursor: Cursor) -> SetRetention:
    """`ALTER DATABASE SET RETENTION (versions => n, snapshots => '30 days')`."""
    cursor.expect("ALTER", "DATABASE", "SET", "RETENTION")
    if not cursor.take_mark("("):
        cursor.expected("what to keep in parentheses", "(versions => 10, snapshots => '30 days')")
    fields: dict[str, Any] = {}
    while True:
        _retention(cursor, fields)
        if not cursor.take_mark(","):
            break
    cursor.expect_mark(")")
    return SetRetention(**fields)


def _retention(cursor: Cursor, fields: dict[str, Any]) -> None:
    start = cursor.start
    name = cursor.identifier("versions or snapshots").lower()
    if name in fields:
        raise problem(cursor.text, start, f"{name} is given twice", "keep one of them")
    if name not in ("versions", "snapshots"):
        hint = did_you_mean(name, ("versions", "snapshots"))
        raise problem(cursor.text, start, f"expected versions or snapshots, found '{name}'", hint)
    cursor.expect_mark("=>")
    fields[name] = cursor.integer("a count") if name == "versions" else cursor.duration()

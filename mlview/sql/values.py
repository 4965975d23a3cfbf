"""Values and methods: `USING name (parameter => value, ...)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlview.definitions import ArtifactMethod, Method, literal
from mlview.sql.tokens import Lexeme, problem

if TYPE_CHECKING:
    from mlview.definitions import Value
    from mlview.sql.cursor import Cursor

_CONSTANTS: dict[str, bool | None] = {"TRUE": True, "FALSE": False, "NULL": None}
_CLOSING = {"[": "]", "(": ")"}
_SHA256 = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)


def read_value(cursor: Cursor) -> Value:
    """A number, string, TRUE, FALSE, NULL, or a list of values in brackets or parentheses."""
    token = cursor.token
    if token is None:
        cursor.expected("a value")
    if token.word in _CONSTANTS:
        cursor.advance()
        return _CONSTANTS[token.word]
    if token.kind is Lexeme.STRING:
        return cursor.string("a value")
    if token.kind is Lexeme.MARK and token.text in _CLOSING:
        return _list(cursor)
    if token.is_name:
        cursor.expected("a value", f"a text is quoted: {literal(token.value)}")
    return _number(cursor)


def _list(cursor: Cursor) -> tuple[Value, ...]:
    closing = _CLOSING[cursor.advance().text]
    values: list[Value] = []
    while not cursor.take_mark(closing):
        if values:
            cursor.expect_mark(",")
            if cursor.take_mark(closing):
                break
        values.append(read_value(cursor))
    return tuple(values)


def _number(cursor: Cursor) -> int | float:
    negative = cursor.take_mark("-")
    if not negative:
        cursor.take_mark("+")
    token = cursor.token
    if token is None or token.kind is not Lexeme.NUMBER:
        cursor.expected("a value", "a number, 'text', TRUE, FALSE, NULL or [a, list]")
    cursor.advance()
    text = token.text.replace("_", "")
    value = int(text) if text.isdigit() else float(text)
    return -value if negative else value


def read_parameters(cursor: Cursor) -> tuple[tuple[str, Value], ...]:
    """`(name => value, ...)`, each name once, in the order they were written."""
    cursor.expect_mark("(")
    parameters: dict[str, Value] = {}
    while not cursor.take_mark(")"):
        if parameters:
            cursor.expect_mark(",")
            if cursor.take_mark(")"):
                break
        start = cursor.start
        name = cursor.identifier("the name of a parameter")
        if name in parameters:
            raise problem(cursor.text, start, f"the parameter {name} is given twice")
        if not cursor.take_mark("=>"):
            cursor.expected("'=>'", f"write {name} => value")
        parameters[name] = read_value(cursor)
    return tuple(parameters.items())


def read_method(cursor: Cursor) -> Method | ArtifactMethod:
    """What follows USING: a method's name with its parameters, or ARTIFACT 'sha256:...'."""
    following = cursor.ahead(1)
    if cursor.at("ARTIFACT") and following is not None and following.kind is Lexeme.STRING:
        cursor.advance()
        return _artifact(cursor)
    name = ".".join(cursor.path("the name of a method"))
    return Method(name, read_parameters(cursor) if cursor.at_mark("(") else ())


def _artifact(cursor: Cursor) -> ArtifactMethod:
    start = cursor.start
    text = cursor.string("a digest")
    digest = _SHA256.fullmatch(text)
    if digest is None:
        message = f"expected 'sha256:' and 64 hexadecimal digits, found {literal(text)}"
        raise problem(cursor.text, start, message)
    return ArtifactMethod(digest[1].lower())

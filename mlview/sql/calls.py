"""`ML.PREDICT(...)` and its siblings, found and read on tokens."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from mlview.definitions import fold, parse_duration
from mlview.errors import MlviewError, did_you_mean
from mlview.sql.cursor import Cursor
from mlview.sql.facts import Call, Function
from mlview.sql.foreign import QUERY_WORDS
from mlview.sql.tokens import position, problem
from mlview.sql.values import read_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.definitions import Name, Scalar
    from mlview.sql.tokens import Token

FUNCTIONS: tuple[Function, ...] = get_args(Function)
_SHAPE = "write ML.PREDICT(MODEL name, TABLE rows), or (SELECT ...) for the rows"
_TAKES_ROWS = ("PREDICT", "EVALUATE", "CONFUSION_MATRIX")
_OPTIONS: dict[Function, dict[str, type]] = {
    "PREDICT": {"version": int, "max_staleness": str, "on_stale": str},
    "EVALUATE": {"version": int},
    "FEATURE_IMPORTANCE": {"version": int},
    "CONFUSION_MATRIX": {"version": int},
}
_SPELLED = {int: "a whole number", str: "a text in quotes"}


def find_calls(text: str, tokens: Sequence[Token]) -> tuple[Call, ...]:
    """The calls of a query; those inside the query of another call are left to it.

    Raises:
        SyntaxProblem: a function, an option or an argument that cannot be meant.
    """
    calls: list[Call] = []
    cursor = Cursor(text, tokens)
    while not cursor.at_end:
        if _at_call(cursor):
            calls.append(_call(cursor))
        else:
            cursor.index += 1
    return tuple(calls)


def _at_call(cursor: Cursor) -> bool:
    schema, dot, function, bracket = (cursor.ahead(count) for count in range(4))
    before = cursor.tokens[cursor.index - 1] if cursor.index else None
    return (
        schema is not None
        and dot is not None
        and function is not None
        and bracket is not None
        and schema.is_name
        and fold(schema.value) == "ml"
        and (dot.text, bracket.text) == (".", "(")
        and function.is_name
        and not (before is not None and before.text == ".")
    )


def _call(cursor: Cursor) -> Call:
    start = cursor.start
    cursor.index += 2
    named = cursor.advance()
    function = named.value.upper()
    if function not in FUNCTIONS:
        message = f"ML has no function {named.text}"
        near = did_you_mean(function, FUNCTIONS) or f"it has {', '.join(FUNCTIONS)}"
        raise problem(cursor.text, named.start, message, near)
    end = cursor.tokens[cursor.matching()].end
    cursor.expect_mark("(")
    if not cursor.take("MODEL"):
        cursor.expected("MODEL and a name", _SHAPE)
    model = cursor.name("the name of a model")
    arguments = _Arguments(cursor, function)
    while cursor.take_mark(","):
        arguments.read()
    cursor.expect_mark(")")
    return arguments.call(model, start, end)


class _Arguments:
    """What follows the model: rows in one of three spellings, and options by name."""

    def __init__(self, cursor: Cursor, function: Function) -> None:
        self.cursor = cursor
        self.function = function
        self.replaced: dict[Name, Name] = {}
        self.table: Name | None = None
        self.query: str | None = None
        self.options: dict[str, Scalar] = {}

    def call(self, model: Name, start: int, end: int) -> Call:
        """All of it; PREDICT needs rows."""
        if self.function == "PREDICT" and not self._rows():
            raise problem(self.cursor.text, start, "ML.PREDICT needs rows to answer", _SHAPE)
        return Call(
            self.function,
            model,
            start,
            end,
            end_with_at=end,
            replaced=tuple(self.replaced.items()),
            table=self.table,
            query=self.query,
            options=MappingProxyType(self.options),
        )

    def _rows(self) -> bool:
        return self.table is not None or self.query is not None or bool(self.replaced)

    def read(self) -> None:
        """One argument."""
        cursor = self.cursor
        token, following = cursor.token, cursor.ahead(1)
        if cursor.at_mark("("):
            self._one_kind_of_rows()
            self.query = _query(cursor)
        elif cursor.at("TABLE"):
            self._one_kind_of_rows()
            cursor.advance()
            self.table = cursor.name("the name of a table")
        elif token is not None and following is not None and _is_option(token, following, cursor):
            self._option()
        else:
            self._replacement()

    def _one_kind_of_rows(self) -> None:
        if self.function not in _TAKES_ROWS:
            self.cursor.expected("an option", f"ML.{self.function} takes no rows")
        if self._rows():
            self.cursor.expected("rows in one spelling", "TABLE name, (SELECT ...) or old => new")

    def _replacement(self) -> None:
        cursor = self.cursor
        if self.table is not None or self.query is not None or self.function not in _TAKES_ROWS:
            self._one_kind_of_rows()
        start = cursor.start
        old = cursor.name("TABLE name, a query in parentheses or table => table")
        if old in self.replaced:
            raise problem(cursor.text, start, f"{old} is replaced twice", "keep one of them")
        if not cursor.take_mark("=>"):
            cursor.expected("'=>'", f"write TABLE {old} for rows that have the feature columns")
        self.replaced[old] = cursor.name("the name of the table that stands in")

    def _option(self) -> None:
        cursor, known = self.cursor, _OPTIONS[self.function]
        start, name = cursor.start, cursor.identifier("an option").lower()
        if name not in known:
            message = f"ML.{self.function} has no option {name}"
            near = did_you_mean(name, known) or f"it has {', '.join(known)}"
            raise problem(cursor.text, start, message, near)
        if name in self.options:
            raise problem(cursor.text, start, f"{name} is given twice", "keep one of them")
        cursor.expect_mark("=>")
        self.options[name] = _option_value(cursor, name, known[name])


def _is_option(token: Token, following: Token, cursor: Cursor) -> bool:
    """`name => value`, where the value is no name; a known option never is a table."""
    value = cursor.ahead(2)
    if not (token.is_name and following.text == "=>" and value is not None):
        return False
    known = any(token.word.lower() in options for options in _OPTIONS.values())
    constant = value.word in ("TRUE", "FALSE", "NULL")
    return known or constant or not value.is_name


def _option_value(cursor: Cursor, name: str, kind: type) -> Scalar:
    start = cursor.start
    value = read_value(cursor)
    if type(value) is not kind or isinstance(value, tuple):
        typed = cursor.text[start : cursor.tokens[cursor.index - 1].end]
        raise problem(cursor.text, start, f"{name} is {_SPELLED[kind]}, found {typed}")
    if name == "max_staleness":
        try:
            parse_duration(str(value), zero=True)
        except MlviewError as error:
            raise error.at(*position(cursor.text, start)) from None
    return value


def _query(cursor: Cursor) -> str:
    inner = cursor.ahead(1)
    if inner is None or not (inner.word in QUERY_WORDS or inner.text == "("):
        cursor.advance()
        cursor.expected("a query", "write TABLE name for a table")
    return cursor.group("a query in parentheses")

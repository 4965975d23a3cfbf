"""The clauses of a definition, in any order before AS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mlview.definitions import (
    DOWNSTREAM,
    Holdout,
    HoldoutLast,
    HoldoutShare,
    Kind,
    RefreshMode,
    TargetLag,
)
from mlview.errors import did_you_mean
from mlview.sql import foreign
from mlview.sql.cursor import Cursor
from mlview.sql.gates import (
    read_expectation,
    read_freshness,
    read_requirement,
    read_rollout,
    read_share,
)
from mlview.sql.tokens import Lexeme, problem
from mlview.sql.values import read_method

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause word, the field it fills and how its value is read.

    `content` marks what decides the rows or the model: such a clause is not altered, the
    definition is replaced. A clause that may be `repeated` collects a tuple.
    """

    field: str
    read: Callable[[Cursor], object]
    model_only: bool = False
    content: bool = False
    repeated: bool = False


def _target_lag(cursor: Cursor) -> TargetLag:
    if cursor.take(DOWNSTREAM):
        return DOWNSTREAM
    token = cursor.token
    what = "a length of time such as '1 hour', or DOWNSTREAM"
    if token is None or token.kind is not Lexeme.STRING:
        cursor.expected(what, "write TARGET_LAG = '1 hour'")
    if token.value.strip().upper() == DOWNSTREAM:
        cursor.expected(what, "write it without quotes: TARGET_LAG DOWNSTREAM")
    return cursor.duration()


def _refresh_when(cursor: Cursor) -> str:
    cursor.expect("WHEN")
    return cursor.group("a condition in parentheses")


def _refresh_mode(cursor: Cursor) -> RefreshMode:
    token = cursor.token
    if token is not None and token.word in set(RefreshMode):
        cursor.advance()
        return RefreshMode(token.word)
    near = did_you_mean(token.text, RefreshMode) if token is not None else None
    return cursor.expected("AUTO, FULL, INCREMENTAL or APPROXIMATE", near)


def _holdout(cursor: Cursor) -> Holdout:
    if cursor.take("LAST"):
        token = cursor.token
        last = (
            cursor.duration()
            if token is not None and token.kind is Lexeme.STRING
            else read_share(cursor)
        )
        cursor.take("THEN", "REFIT")
        return HoldoutLast(last)
    share = read_share(cursor)
    by = cursor.columns("a column") if cursor.take("BY") else ()
    return HoldoutShare(share, by, refit=cursor.take("THEN", "REFIT"))


def _column(cursor: Cursor) -> str:
    return cursor.identifier("a column")


def _columns(cursor: Cursor) -> tuple[str, ...]:
    return cursor.columns("a column")


CLAUSES = {
    "PREDICT": Clause("target", _column, model_only=True, content=True),
    "USING": Clause("method", read_method, model_only=True, content=True),
    "KEY": Clause("key", _columns, model_only=True, content=True),
    "TIME": Clause("time", _column, model_only=True, content=True),
    "IGNORE": Clause("ignore", _columns, model_only=True, content=True),
    "HOLDOUT": Clause("holdout", _holdout, model_only=True, content=True),
    "EXPECT": Clause("expectations", read_expectation, content=True, repeated=True),
    "REQUIRE": Clause(
        "requirements", read_requirement, model_only=True, content=True, repeated=True
    ),
    "TARGET_LAG": Clause("target_lag", _target_lag),
    "FRESHNESS": Clause("freshness", read_freshness),
    "REFRESH": Clause("refresh_when", _refresh_when),
    "REFRESH_MODE": Clause("refresh_mode", _refresh_mode),
    "ROLLOUT": Clause("rollout", read_rollout, model_only=True),
    "PRIORITY": Clause("priority", lambda cursor: cursor.integer("a whole number")),
    "OWNER": Clause("owner", lambda cursor: cursor.string("a name in quotes")),
}
_SPELLED = {"REFRESH": "REFRESH WHEN"}
_ALTERED = [_SPELLED.get(word, word) for word, clause in CLAUSES.items() if not clause.content]
_CLAUSES = [_SPELLED.get(word, word) for word in CLAUSES]
_WORDS = ["CONSTRAINT", "AS", *CLAUSES]


def read_clauses(cursor: Cursor, kind: Kind) -> dict[str, object]:
    """Fields of the definition from the clauses up to AS, which is taken."""
    fields: dict[str, object] = {}
    while not cursor.take("AS"):
        if cursor.take("CONSTRAINT"):
            _constraint(cursor, kind, fields)
        else:
            word, clause = clause_at(cursor, kind)
            _add(cursor, fields, word, clause)
    return fields


def _constraint(cursor: Cursor, kind: Kind, fields: dict[str, object]) -> None:
    name = cursor.identifier("the name of the constraint")
    if not (cursor.at("REQUIRE") or cursor.at("EXPECT")):
        cursor.expected("EXPECT or REQUIRE")
    word, clause = clause_at(cursor, kind)
    read = read_requirement if word == "REQUIRE" else read_expectation
    _append(fields, clause, read(cursor, name))


def clause_at(cursor: Cursor, kind: Kind) -> tuple[str, Clause]:
    """The clause whose word comes next; the word is taken."""
    token = cursor.token
    clause = CLAUSES.get(token.word) if token is not None else None
    if token is None or clause is None:
        unknown_clause(cursor)
    if clause.model_only and kind is not Kind.MODEL:
        message = f"{token.word} belongs to a model, not to a {kind.lower()}"
        raise problem(cursor.text, token.start, message)
    cursor.advance()
    cursor.take_mark("=")
    return token.word, clause


def unknown_clause(cursor: Cursor) -> NoReturn:
    """Raise a SyntaxProblem that names the nearest right spelling."""
    token = cursor.token
    if token is None:
        cursor.expected("AS and a query", "every definition ends in AS SELECT ...")
    following = cursor.ahead(1)
    options = token.word == "WITH" and following is not None and following.text == "("
    if token.word in foreign.QUERY_WORDS and not options:
        cursor.expected("AS before the query", f"write AS {token.text}")
    hint = foreign.clause_hint(cursor) or did_you_mean(token.text, _WORDS)
    cursor.expected("a clause or AS", hint or f"clauses are {', '.join(_CLAUSES)}")


def _add(cursor: Cursor, fields: dict[str, object], word: str, clause: Clause) -> None:
    if clause.repeated:
        _append(fields, clause, clause.read(cursor))
        return
    if clause.field in fields:
        start = cursor.tokens[cursor.index - 1].start
        spelled = _SPELLED.get(word, word)
        raise problem(cursor.text, start, f"{spelled} is given twice", "keep one of them")
    fields[clause.field] = clause.read(cursor)


def _append(fields: dict[str, object], clause: Clause, rule: object) -> None:
    given = fields.get(clause.field, ())
    fields[clause.field] = (*given, rule) if isinstance(given, tuple) else (rule,)


def condition_start(text: str) -> int | None:
    """Where the condition of a statement's REFRESH WHEN begins; None if it has none.

    >>> condition_start("ALTER MODEL m SET REFRESH WHEN (lag_sec > 5)")
    32
    """
    cursor = Cursor(text)
    for place in range(len(cursor.tokens)):
        cursor.index = place
        if cursor.take("REFRESH", "WHEN") and cursor.take_mark("(") and cursor.token is not None:
            return cursor.start
    return None


def read_changes(cursor: Cursor, kind: Kind) -> dict[str, object]:
    """What follows ALTER ... SET: one or more clauses, commas between them optional."""
    fields: dict[str, object] = {}
    while not fields or not cursor.at_end:
        start = cursor.start
        word, clause = _alterable(cursor, kind, start)
        _add(cursor, fields, word, clause)
        if cursor.take_mark(",") and cursor.at_end:
            cursor.expected("a clause")
    return fields


def read_unset(cursor: Cursor, kind: Kind) -> dict[str, object]:
    """What follows ALTER ... UNSET: clause words; each field gets its default back."""
    fields: dict[str, object] = {}
    while not fields or cursor.take_mark(","):
        word, clause = _alterable(cursor, kind, cursor.start)
        if word == "REFRESH":
            cursor.expect("WHEN")
        fields[clause.field] = RefreshMode.AUTO if word == "REFRESH_MODE" else None
    return fields


def _alterable(cursor: Cursor, kind: Kind, start: int) -> tuple[str, Clause]:
    token = cursor.token
    if token is None or token.word not in CLAUSES:
        near = did_you_mean(token.text, _ALTERED) if token is not None else None
        cursor.expected("a clause", near or f"clauses are {', '.join(_ALTERED)}")
    word, clause = clause_at(cursor, kind)
    if clause.content:
        hint = f"CREATE OR REPLACE {kind} ... (SHOW CREATE {kind} prints the statement)"
        raise problem(cursor.text, start, f"{word} is part of what the {kind.lower()} is", hint)
    return word, clause

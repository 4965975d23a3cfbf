"""One statement of text to one Statement."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mlview.definitions import Kind
from mlview.errors import MlviewError, did_you_mean
from mlview.sql import later
from mlview.sql.clauses import read_changes, read_unset
from mlview.sql.create import QUERY_STARTS, read_create, refuse_misspelt_kind
from mlview.sql.cursor import Cursor
from mlview.sql.ddl import read_ddl
from mlview.sql.retention import read_retention
from mlview.sql.script import Piece
from mlview.sql.statements import (
    Action,
    Alter,
    CommentOn,
    CreateMaterializedView,
    CreateModel,
    Describe,
    Drop,
    ExplainCreate,
    ExplainQuery,
    ExplainRefresh,
    Ordinary,
    PinVersion,
    Refresh,
    RefreshAll,
    RefreshWord,
    RenameTo,
    Resume,
    Rollback,
    SetClauses,
    Show,
    ShowCreate,
    ShowWhat,
    Statement,
    Suspend,
    Undrop,
    Unpin,
)
from mlview.sql.tokens import Lexeme, check_depth, problem

if TYPE_CHECKING:
    from collections.abc import Callable

_OURS = ("MODEL", "MATERIALIZED")
_ACTIONS = ["SET", "UNSET", "SUSPEND", "RESUME", "RENAME TO", "PIN VERSION", "UNPIN", "ROLLBACK"]
_SHOWN: tuple[ShowWhat, ...] = ("MODELS", "MATERIALIZED VIEWS", "INCIDENTS")


def parse_statement(piece: Piece | str) -> Statement:
    """What a statement says. Everything that is not mlview's own is `Ordinary`.

    Raises:
        SyntaxProblem: with line and column, within the script if a `Piece` is given.

    >>> parse_statement("REFRESH MODEL churn FULL").mode
    'FULL'
    """
    text = piece if isinstance(piece, str) else piece.text
    try:
        cursor = Cursor(text)
        _one_statement(cursor)
        check_depth(text, cursor.tokens)
        return _statement(cursor)
    except MlviewError as error:
        if isinstance(piece, Piece) and error.line is not None:
            if error.line == 1 and error.column is not None:
                error.column += piece.column - 1
            error.line += piece.line - 1
        raise


def _one_statement(cursor: Cursor) -> None:
    tokens = list(cursor.tokens)
    while tokens and tokens[-1].kind is Lexeme.MARK and tokens[-1].text == ";":
        tokens.pop()
    for place, token in enumerate(tokens):
        if token.kind is Lexeme.MARK and token.text == ";" and place:
            hint = "split_script cuts a text into its statements"
            raise problem(cursor.text, token.start, "expected one statement, found more", hint)
    cursor.tokens = tuple(tokens)


def _statement(cursor: Cursor) -> Statement:
    reader = _READERS.get(cursor.token.word) if cursor.token is not None else None
    statement = reader(cursor) if reader is not None else None
    if statement is None:
        return _ordinary(cursor)
    cursor.expect_end("the statement")
    return statement


def _ordinary(cursor: Cursor) -> Ordinary:
    cursor.index = 0
    return Ordinary(cursor.text, read_ddl(cursor))


def _kind_ahead(cursor: Cursor) -> Kind | None:
    """Take MODEL or MATERIALIZED VIEW, if a name follows."""
    if cursor.take("MATERIALIZED", "VIEW"):
        return Kind.MATERIALIZED_VIEW
    if cursor.take("MODEL"):
        return Kind.MODEL
    return None


def _kind(cursor: Cursor, hint: str | None = None) -> Kind:
    kind = _kind_ahead(cursor)
    if kind is None:
        token = cursor.token
        near = did_you_mean(token.text, ["MODEL", "MATERIALIZED VIEW"]) if token else None
        cursor.expected("MODEL or MATERIALIZED VIEW", near or hint)
    return kind


def _what(kind: Kind) -> str:
    return f"the name of a {kind.lower()}"


def _refresh(cursor: Cursor) -> Refresh | RefreshAll:
    cursor.expect("REFRESH")
    if cursor.at("ALL"):
        cursor.advance()
        mode = _mode(cursor)
        _refuse_word(cursor, [] if mode else ["FULL", "INCREMENTAL"])
        return RefreshAll(mode)
    kind = _kind(cursor, "REFRESH MODEL name, REFRESH MATERIALIZED VIEW name or REFRESH ALL")
    name = cursor.name(_what(kind))
    mode = _mode(cursor)
    cascade = cursor.take("CASCADE")
    _refuse_word(cursor, ["CASCADE"] if mode else ["FULL", "INCREMENTAL", "CASCADE"])
    return Refresh(kind, name, mode, cascade)


def _refuse_word(cursor: Cursor, known: list[str]) -> None:
    """Raise a SyntaxProblem at what follows, with the nearest of the words that may."""
    token = cursor.token
    if token is not None:
        near = did_you_mean(token.text, known)
        may = f"what may follow: {', '.join(known)}" if known else None
        cursor.expected("the end of the statement", near or may)


def _mode(cursor: Cursor) -> RefreshWord | None:
    if cursor.take("FULL"):
        return "FULL"
    return "INCREMENTAL" if cursor.take("INCREMENTAL") else None


def _drop(cursor: Cursor) -> Drop | None:
    cursor.advance()
    kind = _kind_ahead(cursor)
    if kind is None:
        refuse_misspelt_kind(cursor)
        return None
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.name(_what(kind))
    if cursor.at_mark(","):
        cursor.expected("one name", f"write DROP {kind} once for each")
    cascade = cursor.take("CASCADE")
    if not cascade:
        cursor.take("RESTRICT")
    return Drop(kind, name, if_exists, cascade)


def _undrop(cursor: Cursor) -> Undrop:
    cursor.advance()
    kind = _kind(cursor)
    return Undrop(kind, cursor.name(_what(kind)))


def _alter(cursor: Cursor) -> Statement | None:
    if cursor.at("ALTER", "DATABASE", "SET", "RETENTION"):
        return read_retention(cursor)
    cursor.advance()
    kind = _kind_ahead(cursor)
    if kind is None:
        refuse_misspelt_kind(cursor)
        return None
    if_exists = cursor.take("IF", "EXISTS")
    name = cursor.name(_what(kind))
    return Alter(kind, name, if_exists, _action(cursor, kind))


def _action(cursor: Cursor, kind: Kind) -> Action:
    if cursor.take("SET"):
        return SetClauses(MappingProxyType(read_changes(cursor, kind)))
    if cursor.take("UNSET"):
        return SetClauses(MappingProxyType(read_unset(cursor, kind)))
    if cursor.take("RENAME", "TO"):
        return RenameTo(cursor.name("the new name"))
    if cursor.take("PIN", "VERSION"):
        return PinVersion(cursor.integer("the number of a version"))
    for word, action in _PLAIN_ACTIONS.items():
        if cursor.take(word):
            return action
    token = cursor.token
    near = did_you_mean(token.text, _ACTIONS) if token is not None else None
    return cursor.expected("what to alter", near or f"one of {', '.join(_ACTIONS)}")


_PLAIN_ACTIONS: dict[str, Action] = {
    "SUSPEND": Suspend(),
    "RESUME": Resume(),
    "UNPIN": Unpin(),
    "ROLLBACK": Rollback(),
}


def _comment(cursor: Cursor) -> CommentOn | None:
    cursor.advance()
    if not cursor.take("ON"):
        return None
    kind = _kind_ahead(cursor)
    if kind is None:
        refuse_misspelt_kind(cursor)
        return None
    name = cursor.name(_what(kind))
    cursor.expect("IS")
    if cursor.take("NULL"):
        return CommentOn(kind, name, None)
    return CommentOn(kind, name, cursor.string("a comment in quotes, or NULL"))


def _show(cursor: Cursor) -> Show | ShowCreate | None:
    cursor.advance()
    if cursor.take("CREATE"):
        kind = _kind_ahead(cursor)
        return ShowCreate(kind, cursor.name(_what(kind))) if kind is not None else None
    for what in _SHOWN:
        if cursor.take(*what.split()):
            return Show(what, cursor.text) if cursor.at_end else None
    return None


def _describe(cursor: Cursor) -> Describe | None:
    cursor.advance()
    following = cursor.ahead(1)
    if cursor.at("MODEL") and (following is None or not following.is_name):
        return None
    kind = _kind_ahead(cursor)
    return Describe(kind, cursor.name(_what(kind))) if kind is not None else None


def _explain(cursor: Cursor) -> Statement | None:
    if cursor.at("EXPLAIN", "INCIDENT"):
        return later.read_explain_incident(cursor)
    cursor.advance()
    token, following = cursor.token, cursor.ahead(1)
    if token is not None and following is not None and following.word in _OURS:
        near = did_you_mean(token.text, ["REFRESH", "CREATE"])
        if near is not None and token.word not in ("REFRESH", "CREATE"):
            cursor.expected("REFRESH or CREATE", near)
    if cursor.at("REFRESH"):
        return ExplainRefresh(_refresh(cursor))
    if cursor.at("CREATE"):
        statement = read_create(cursor)
        if isinstance(statement, CreateModel | CreateMaterializedView):
            return ExplainCreate(statement)
        return None
    analyze = cursor.take("ANALYZE")
    if _at_options(cursor):
        cursor.index = cursor.matching() + 1
    token = cursor.token
    if token is None or not (token.word in QUERY_STARTS or token.text == "("):
        return None
    query = cursor.text[token.start : cursor.tokens[-1].end]
    cursor.index = len(cursor.tokens)
    return ExplainQuery(query, cursor.text, analyze)


def _at_options(cursor: Cursor) -> bool:
    following = cursor.ahead(1)
    return (
        cursor.at_mark("(")
        and following is not None
        and following.word in ("FORMAT", "ANALYZE", "CODEC")
    )


def _two_words(
    second: str, reader: Callable[[Cursor], Statement]
) -> Callable[[Cursor], Statement | None]:
    def read(cursor: Cursor) -> Statement | None:
        following = cursor.ahead(1)
        return reader(cursor) if following is not None and following.word == second else None

    return read


_READERS: dict[str, Callable[[Cursor], Statement | None]] = {
    "CREATE": read_create,
    "REFRESH": _refresh,
    "DROP": _drop,
    "UNDROP": _undrop,
    "ALTER": _alter,
    "COMMENT": _comment,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "EXPLAIN": _explain,
    "DIAGNOSE": later.read_diagnose,
    "ACKNOWLEDGE": _two_words("INCIDENT", later.read_acknowledge),
    "RESOLVE": _two_words("INCIDENT", later.read_resolve),
    "RECOMMEND": _two_words("MATERIALIZATIONS", later.read_recommend),
}

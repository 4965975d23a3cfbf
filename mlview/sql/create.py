"""CREATE MODEL, CREATE MATERIALIZED VIEW, CREATE VIEW."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.definitions import Kind, MaterializedView, Model, PlainView
from mlview.errors import SyntaxProblem, did_you_mean
from mlview.sql import foreign
from mlview.sql.clauses import CLAUSES, read_clauses
from mlview.sql.later import at_monitor, read_monitor
from mlview.sql.statements import CreateMaterializedView, CreateModel, CreateView
from mlview.sql.tokens import problem

if TYPE_CHECKING:
    from mlview.definitions import Name
    from mlview.sql.cursor import Cursor
    from mlview.sql.statements import CreateMonitor

QUERY_STARTS = foreign.QUERY_WORDS
_DYNAMIC = "CREATE MATERIALIZED VIEW name TARGET_LAG '1 hour' AS SELECT ..."
_FOLLOWING = frozenset(["AS", "CONSTRAINT", *CLAUSES])


def read_create(
    cursor: Cursor,
) -> CreateModel | CreateMaterializedView | CreateView | CreateMonitor | None:
    """A CREATE of mlview's own, or of a view; None for the rest, which is DuckDB's."""
    start = cursor.start
    cursor.expect("CREATE")
    or_replace = cursor.take("OR", "REPLACE")
    temporary = cursor.take("TEMP") or cursor.take("TEMPORARY")
    if at_monitor(cursor):
        return read_monitor(cursor, or_replace)
    if cursor.at("DYNAMIC", "TABLE"):
        cursor.expected("TABLE, VIEW, MATERIALIZED VIEW or MODEL", _DYNAMIC)
    kind = _kind(cursor)
    match kind:
        case None:
            refuse_misspelt_kind(cursor)
            return None
        case Kind.VIEW:
            return _view(cursor, or_replace, temporary)
        case _ if temporary:
            message = f"a {kind.lower()} is kept in the database, it cannot be temporary"
            raise problem(cursor.text, start, message, f"write CREATE {kind}")
        case Kind.MODEL:
            return _model(cursor, or_replace)
        case _:
            return _materialized_view(cursor, or_replace)


def refuse_misspelt_kind(cursor: Cursor) -> None:
    """Raise a SyntaxProblem at a word that is nearly MODEL or MATERIALIZED; DuckDB has none such.

    What is not followed by a name, or by VIEW, is left to DuckDB.
    """
    token, following = cursor.token, cursor.ahead(1)
    if token is None or following is None or not following.is_name or not token.word:
        return
    meant = "MATERIALIZED" if following.word == "VIEW" else "MODEL"
    near = did_you_mean(token.text, [meant])
    if near is not None and token.word != meant:
        cursor.expected("MODEL or MATERIALIZED VIEW", near)


def _kind(cursor: Cursor) -> Kind | None:
    if cursor.take("MODEL"):
        return Kind.MODEL
    if cursor.take("MATERIALIZED"):
        cursor.expect("VIEW")
        return Kind.MATERIALIZED_VIEW
    return Kind.VIEW if cursor.take("VIEW") else None


def _head(cursor: Cursor, or_replace: bool) -> bool:
    """Take IF NOT EXISTS; it cannot stand beside OR REPLACE."""
    start = cursor.start
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    if cursor.at("IF", "EXISTS"):
        cursor.expected("IF NOT EXISTS or a name")
    if if_not_exists and or_replace:
        message = "OR REPLACE and IF NOT EXISTS contradict each other"
        raise problem(cursor.text, start, message, "keep one of them")
    return if_not_exists


def _model(cursor: Cursor, or_replace: bool) -> CreateModel:
    if_not_exists = _head(cursor, or_replace)
    name = _name(cursor, Kind.MODEL)
    fields: dict[str, Any] = read_clauses(cursor, Kind.MODEL)
    query, no_data = _body(cursor)
    definition = Model(name=name, query=query, **fields)
    return CreateModel(definition, cursor.text, or_replace, if_not_exists, no_data)


def _materialized_view(cursor: Cursor, or_replace: bool) -> CreateMaterializedView:
    if_not_exists = _head(cursor, or_replace)
    name = _name(cursor, Kind.MATERIALIZED_VIEW)
    fields: dict[str, Any] = read_clauses(cursor, Kind.MATERIALIZED_VIEW)
    query, no_data = _body(cursor)
    definition = MaterializedView(name=name, query=query, **fields)
    return CreateMaterializedView(definition, cursor.text, or_replace, if_not_exists, no_data)


def _name(cursor: Cursor, kind: Kind) -> Name:
    """The name, which may be a clause's word if a clause or AS follows it."""
    token, following = cursor.token, cursor.ahead(1)
    what = f"the name of a {kind.lower()}"
    if (
        token is not None
        and token.word in CLAUSES
        and following is not None
        and following.text != "."
        and following.word not in _FOLLOWING
    ):
        cursor.expected(what, f"CREATE {kind} name {token.text} {following.text} ...")
    return cursor.name(what)


def _body(cursor: Cursor) -> tuple[str, bool]:
    """The query after AS up to its last token, and whether WITH NO DATA follows it."""
    token = cursor.token
    if token is None or not (token.word in QUERY_STARTS or token.text == "("):
        cursor.expected("a query after AS", "AS SELECT ... FROM ...")
    words = [token.word for token in cursor.tokens[-3:]]
    no_data = words == ["WITH", "NO", "DATA"]
    trailing = 3 if no_data else 2 if words[1:] == ["WITH", "DATA"] else 0
    last = len(cursor.tokens) - trailing
    _balanced(cursor, last)
    start = cursor.tokens[cursor.index - 1].end
    query = cursor.text[start : cursor.tokens[last - 1].end].lstrip()
    cursor.index = len(cursor.tokens)
    return query, no_data


def _balanced(cursor: Cursor, last: int) -> None:
    start = cursor.index
    while cursor.index < last:
        if any(cursor.at_mark(mark) for mark in "([{"):
            cursor.index = cursor.matching()
        elif any(cursor.at_mark(mark) for mark in ")]}"):
            raise problem(cursor.text, cursor.start, f"{cursor.found()} closes nothing")
        cursor.index += 1
    cursor.index = start


def _view(cursor: Cursor, or_replace: bool, temporary: bool) -> CreateView | None:
    """A view as far as it can be followed; DuckDB judges the rest."""
    try:
        if_not_exists = cursor.take("IF", "NOT", "EXISTS")
        name, catalog = cursor.full_name("the name of a view")
        columns = cursor.columns("a column") if cursor.at_mark("(") else ()
        cursor.expect("AS")
        query, no_data = _body(cursor)
    except SyntaxProblem:
        return None
    if no_data:
        return None
    view = PlainView(name, query, columns)
    return CreateView(view, cursor.text, or_replace, if_not_exists, temporary, catalog)

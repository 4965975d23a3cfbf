"""What an ordinary CREATE, DROP or ALTER does to which name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlview.definitions import Name
from mlview.errors import SyntaxProblem
from mlview.sql.statements import BaseDdl

if TYPE_CHECKING:
    from mlview.sql.cursor import Cursor

_KINDS = frozenset(["TABLE", "VIEW", "SCHEMA", "SEQUENCE", "INDEX", "TYPE", "MACRO", "FUNCTION"])
_WHAT = "a name"


def read_ddl(cursor: Cursor) -> BaseDdl | None:
    """What the statement does to a name of the catalog; None for everything else.

    Never an error: DuckDB judges a statement that this cannot follow.
    """
    try:
        if cursor.take("CREATE"):
            return _create(cursor)
        if cursor.take("DROP"):
            return _drop(cursor)
        if cursor.take("ALTER"):
            return _alter(cursor)
    except SyntaxProblem:
        return None
    return None


def _kind(cursor: Cursor) -> str | None:
    cursor.take("RECURSIVE")
    cursor.take("UNIQUE")
    token = cursor.token
    if token is None or token.word not in _KINDS:
        return None
    return cursor.advance().word


def _name(cursor: Cursor, kind: str) -> tuple[Name, str | None]:
    """A schema's own name is its `name`, in the schema of that name."""
    if kind == "SCHEMA":
        parts = cursor.path(_WHAT)
        return Name(parts[-1], parts[-1]), parts[0] if len(parts) > 1 else None
    return cursor.full_name(_WHAT)


def _create(cursor: Cursor) -> BaseDdl | None:
    or_replace = cursor.take("OR", "REPLACE")
    temporary = cursor.take("TEMP") or cursor.take("TEMPORARY")
    cursor.take("PERSISTENT")
    kind = _kind(cursor)
    if kind is None:
        return None
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name, catalog = _name(cursor, kind)
    return BaseDdl(
        "CREATE",
        kind,
        name,
        catalog,
        or_replace=or_replace,
        if_not_exists=if_not_exists,
        temporary=temporary,
    )


def _drop(cursor: Cursor) -> BaseDdl | None:
    kind = _kind(cursor)
    if kind is None:
        return None
    if_exists = cursor.take("IF", "EXISTS")
    name, catalog = _name(cursor, kind)
    return BaseDdl("DROP", kind, name, catalog, if_exists=if_exists, cascade=cursor.take("CASCADE"))


def _alter(cursor: Cursor) -> BaseDdl | None:
    kind = _kind(cursor)
    if kind is None:
        return None
    if_exists = cursor.take("IF", "EXISTS")
    name, catalog = _name(cursor, kind)
    operation: Literal["ALTER", "RENAME"] = "ALTER"
    new_name = None
    if cursor.take("RENAME", "TO"):
        operation = "RENAME"
        new = cursor.identifier(_WHAT)
        new_name = Name(new, new if kind == "SCHEMA" else name.schema)
    elif cursor.take("SET", "SCHEMA"):
        operation = "RENAME"
        new_name = Name(name.name, cursor.identifier(_WHAT))
    return BaseDdl(operation, kind, name, catalog, if_exists=if_exists, new_name=new_name)

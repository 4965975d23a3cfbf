"""DuckDB's errors in mlview's words; no raw DuckDB exception leaves the engine."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import duckdb
from pyarrow.lib import ArrowException

from mlview.errors import (
    BindProblem,
    DatabaseDamaged,
    DiskFull,
    LakeProblem,
    MlviewError,
    NameTaken,
    StorageProblem,
    SyntaxProblem,
    UnknownName,
    WriteConflict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = re.compile(r"^(?:[A-Z][\w-]*(?: [A-Za-z]\w*)* )?Error: ")
_CARET = re.compile(r"\n\nLINE (\d+): ([^\n]*)\n( *)\^", re.DOTALL)
_UNKNOWN = re.compile(
    r'^(?:Table|View|Schema|Macro|[\w ]+ Function) with name "?(?P<name>.+?)"? does not exist'
)
_TAKEN = re.compile(r'^(?:Table|View|Schema) with name "?(?P<name>.+?)"? already exists')
_SUGGESTED = re.compile(r'Did you mean "([^"]+)"')
_CANDIDATES = re.compile(r"Candidate bindings: ([^\n]+)")
_INTERNAL = ("pg_", "information_schema", "duckdb_", "sqlite_", "pragma_", "__")
_TRANSIENT = ("database is locked", "database table is locked", "Transaction conflict")
_FULL = ("No space left on device", "database or disk is full", "Disk quota exceeded")
_DAMAGED = ("file is not a database", "database disk image is malformed")
_UNUSABLE = {
    "unable to open database file": ("opened", "check that the database directory may be written"),
    "readonly database": ("written", "check that the database directory may be written"),
    "disk I/O error": ("read or written", "check the disk: it may be full, or fail"),
}
_RUNTIME: dict[str, type[duckdb.Error]] = {
    "Conversion Error": duckdb.ConversionException,
    "INTERRUPT Error": duckdb.InterruptException,
    "Invalid Input Error": duckdb.InvalidInputException,
    "IO Error": duckdb.IOException,
    "Out of Memory Error": duckdb.OutOfMemoryException,
    "Out of Range Error": duckdb.OutOfRangeException,
}


@contextmanager
def translated(
    connection: duckdb.DuckDBPyConnection | None = None, *, line_offset: int = 0
) -> Iterator[None]:
    """Raise mlview's errors in place of DuckDB's.

    Args:
        connection: where statements run that may take long, for Ctrl-C to stop them.
        line_offset: lines are reported less so many.
    """
    try:
        with keyboard_interrupts(connection):
            yield
    except duckdb.Error as error:
        raise translate(error, line_offset=line_offset) from error


@contextmanager
def keyboard_interrupts(connection: duckdb.DuckDBPyConnection | None = None) -> Iterator[None]:
    """Let Ctrl-C be the KeyboardInterrupt that it was, and stop what runs on the connection.

    DuckDB wraps it into a RuntimeError, and its workers go on with the statement: the next one on
    the same connection, and even closing it, would wait for them.
    """
    try:
        yield
    except (RuntimeError, KeyboardInterrupt) as error:
        pressed = error if isinstance(error, KeyboardInterrupt) else error.__cause__
        if not isinstance(pressed, KeyboardInterrupt):
            raise
        if connection is not None:
            with suppress(duckdb.ConnectionException):  # closed already
                connection.interrupt()
        raise pressed from None


@contextmanager
def streamed(connection: duckdb.DuckDBPyConnection | None) -> Iterator[None]:
    """The same for rows that come as a stream: Arrow wraps DuckDB's errors in its own."""
    try:
        with keyboard_interrupts(connection):
            yield
    except duckdb.Error as error:
        raise translate(error) from error
    except (OSError, ArrowException) as error:
        raise translate(_unwrapped(str(error))) from error


def _unwrapped(text: str) -> duckdb.Error:
    """DuckDB's error again, known by the words it begins with."""
    for words, kind in _RUNTIME.items():
        if text.startswith(words):
            return kind(text)
    return duckdb.Error(text)


def is_transient(error: BaseException) -> bool:
    """Whether a statement may succeed when it is simply run again."""
    return any(word in str(error) for word in _TRANSIENT)


def translate(error: duckdb.Error, *, line_offset: int = 0) -> MlviewError:
    """The error of mlview's tree that says the same as DuckDB's."""
    text = str(error)
    message = _PREFIX.sub("", _first_lines(text), count=1)
    found = _classified(error, text, message)
    caret = _CARET.search(text)
    if caret is not None:
        line, shown, spaces = caret.groups()
        if not shown.startswith("..."):
            return found.at(int(line) - line_offset, len(spaces) - len(f"LINE {line}: ") + 1)
        found.line, found.column = int(line) - line_offset, None
    return found


def _first_lines(text: str) -> str:
    """What DuckDB says went wrong, without the excerpt and its own hints."""
    text = text.split("\n\nLINE ", 1)[0]
    text = text.split("\nDid you mean", 1)[0].split("\nCandidate bindings", 1)[0]
    return text.strip()


def _classified(error: duckdb.Error, text: str, message: str) -> MlviewError:
    storage = _storage_problem(text, message)
    if storage is not None:
        return storage
    match error:
        case duckdb.ParserException() | duckdb.SyntaxException():
            return SyntaxProblem(message)
        case duckdb.CatalogException():
            return _catalog_problem(text, message)
        case duckdb.BinderException():
            return BindProblem(message, hint=_suggestion(text))
        case duckdb.InterruptException():
            return LakeProblem("the statement was interrupted", code="INTERRUPTED")
        case duckdb.OutOfMemoryException():
            return LakeProblem(
                message,
                hint="give DuckDB more memory, e.g. SET memory_limit = '8GB'",
                code="OUT_OF_MEMORY",
            )
        case duckdb.NotImplementedException():
            return LakeProblem(message, hint="DuckLake cannot do this; drop that part")
        case duckdb.FatalException() | duckdb.InternalException():
            return LakeProblem(message, hint="close the database and open it again")
        case _:
            return LakeProblem(message, hint=_suggestion(text))


def _storage_problem(text: str, message: str) -> MlviewError | None:
    if any(word in text for word in _FULL):
        return DiskFull(message, hint="free some space, e.g. mlview gc, and run it again")
    if is_transient(RuntimeError(text)):
        return WriteConflict(
            "another writer committed while this was running; nothing of it was kept",
            hint="run it again from BEGIN",
            cause=message,
        )
    if any(word in text for word in _DAMAGED):
        return DatabaseDamaged(message, hint="restore a backup: mlview restore")
    for words, (what, hint) in _UNUSABLE.items():
        if words in text:
            return StorageProblem(f"the lake cannot be {what}: {words}", hint=hint, cause=message)
    return None


def _catalog_problem(text: str, message: str) -> MlviewError:
    unknown = _UNKNOWN.match(message)
    if "name ducklake_inlined_data_" in message and "does not exist" in message:
        return LakeProblem(
            "another client flushed rows of a table that this process knows by an earlier shape",
            cause=message,
            hint="close the database and open it again",
        )
    if unknown is not None:
        return UnknownName(message, name=unknown["name"], hint=_suggestion(text))
    taken = _TAKEN.match(message)
    if taken is not None:
        return NameTaken(message, name=taken["name"], hint="choose another name, or drop it first")
    if "does not exist" in message:
        return UnknownName(message, hint=_suggestion(text))
    return BindProblem(message, hint=_suggestion(text))


def _suggestion(text: str) -> str | None:
    """DuckDB's own suggestion, unless it names its internals."""
    candidates = _CANDIDATES.search(text)
    if candidates is not None:
        return f"did you mean {candidates[1]}?"
    suggested = _SUGGESTED.search(text)
    if suggested is None or suggested[1].startswith(_INTERNAL):
        return None
    return f"did you mean '{suggested[1]}'?"

"""What kind of statement a text is, as DuckDB itself parses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mlview.engines.translate import translated
from mlview.errors import SyntaxProblem, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

_COMMENTS = re.compile(r"\s+|--[^\n]*(?:\n|$)|/\*.*?\*/", re.DOTALL)
_TEMPORARY = re.compile(r"create\s+(or\s+replace\s+)?temp(orary)?\b", re.IGNORECASE)
_ANALYZED = re.compile(r"explain\s*(analy[sz]e\b|\([^)]*analy[sz]e)", re.IGNORECASE)
_COPY_FROM = re.compile(r"copy\b.*?\bfrom\b", re.IGNORECASE | re.DOTALL)
_COPY_QUERY = re.compile(r"copy\s*\(", re.IGNORECASE)
_MAINTENANCE = re.compile(
    r"ducklake_(?!table_|snapshots|list_files|options|settings|last_committed|current)",
    re.IGNORECASE,
)
# Statements DuckDB runs as several, of which none is the text itself.
_REWRITTEN = ""


class Effect(Enum):
    """What a statement may do to the lake."""

    READS = "reads"
    WRITES = "writes"
    BEGINS = "begins"
    COMMITS = "commits"
    ROLLS_BACK = "rolls back"


@dataclass(frozen=True, slots=True)
class Statement:
    """DuckDB's name for the kind of statement, what it may do, and whether BEGIN may precede it."""

    kind: str
    effect: Effect
    in_transaction: bool = True


_WRITING = {
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE_INTO",
    "ALTER",
    "DROP",
    "EXECUTE",
    "CREATE",
    "CALL",
}
_WRITING_ALONE = {"VACUUM", "EXPORT", "COPY_DATABASE", "MULTI"}
_TRANSACTION = {
    "begin": Effect.BEGINS,
    "start": Effect.BEGINS,
    "commit": Effect.COMMITS,
    "end": Effect.COMMITS,
    "rollback": Effect.ROLLS_BACK,
    "abort": Effect.ROLLS_BACK,
}


def classify(connection: duckdb.DuckDBPyConnection, sql: str) -> Statement:
    """The kind and the effect of one statement; where in doubt, it may write.

    Raises:
        SyntaxProblem: the text does not parse, or holds no statement.
        UsageProblem: the text holds several statements.
    """
    with translated():
        parsed = connection.extract_statements(sql)
    if not parsed:
        raise SyntaxProblem("expected a statement, found nothing", hint="type a statement")
    if len(parsed) > 1:
        return _rewritten(parsed)
    kind = parsed[0].type.name
    # Comments are blanks to what follows: only the first words are looked at.
    text = _without_leading_comments(sql)
    return _classified(kind, text)


def _rewritten(parsed: Sequence[duckdb.Statement]) -> Statement:
    """PIVOT becomes CREATE TYPE and SELECT; `CREATE TABLE AS PIVOT` has its own BEGIN, too."""
    if any(part.query != _REWRITTEN for part in parsed):
        raise UsageProblem(
            f"expected one statement, found {len(parsed)}", hint="run them one after the other"
        )
    kinds = [part.type.name for part in parsed]
    if "TRANSACTION" in kinds or kinds[-1] != "SELECT":
        return Statement("CREATE", Effect.WRITES, in_transaction=False)
    return Statement("SELECT", Effect.READS)


def _classified(kind: str, text: str) -> Statement:
    match kind:
        case "TRANSACTION":
            first = re.match(r"\w+", text)
            return Statement(kind, _TRANSACTION[first[0].lower() if first else "begin"])
        case "CREATE" if _TEMPORARY.match(text):
            return Statement(kind, Effect.READS)
        case "COPY":
            reads = bool(_COPY_QUERY.match(text)) or not _COPY_FROM.match(text)
            return Statement(kind, Effect.READS if reads else Effect.WRITES)
        case "EXPLAIN":
            return Statement(kind, Effect.WRITES if _ANALYZED.match(text) else Effect.READS)
        case "SELECT" if _MAINTENANCE.search(text):
            return Statement(kind, Effect.WRITES, in_transaction=False)
        case "CALL" if not text.lower().startswith("call"):
            # CHECKPOINT, which DuckDB refuses inside a transaction that wrote.
            return Statement(kind, Effect.WRITES, in_transaction=False)
        case _ if kind in _WRITING_ALONE:
            return Statement(kind, Effect.WRITES, in_transaction=False)
        case _:
            return Statement(kind, Effect.WRITES if kind in _WRITING else Effect.READS)


def _without_leading_comments(sql: str) -> str:
    position = 0
    while (blank := _COMMENTS.match(sql, position)) and blank.end() > position:
        position = blank.end()
    return sql[position:]

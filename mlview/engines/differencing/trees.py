"""SQL to parse trees and back, by DuckDB itself."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from mlview.deltas.printing import printable, quoted, same_meaning
from mlview.deltas.trees import statement
from mlview.engines.translate import keyboard_interrupts
from mlview.errors import BindProblem, LakeProblem, UnknownName

if TYPE_CHECKING:
    from mlview.deltas.trees import Tree
    from mlview.engines.readers import SnapshotReader
    from mlview.records import Column

_INTERRUPTED = "INTERRUPTED"
NOT_PRINTED = "NOT_PRINTED"


def _not_printed() -> LakeProblem:
    return LakeProblem(
        "an expression that DuckDB does not print as it reads it", hint=None, code=NOT_PRINTED
    )


# The same views are taken apart at every look; both are functions of their text alone.
_PARSED: dict[str, str] = {}
_PRINTED: dict[str, str] = {}
_REMEMBERED = 2_000
_LONGEST = 100_000


def _remember(known: dict[str, str], key: str, value: str) -> None:
    """Keep an answer, forgetting the oldest ones."""
    if len(key) + len(value) > _LONGEST:
        return
    known[key] = value
    while len(known) > _REMEMBERED:
        known.pop(next(iter(known)), None)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A DuckDB without a lake, in which looking up a function takes a hundredth of the time."""
    return duckdb.connect(":memory:")


class Trees:
    """Parses, prints and describes on one reader."""

    def __init__(self, reader: SnapshotReader) -> None:
        self._reader = reader
        self._parser = _parser().cursor()
        self._described: dict[str, tuple[Column, ...] | None] = {}

    def parse(self, sql: str) -> Tree | None:
        """The tree of a query, None if DuckDB has none: several statements, a dynamic PIVOT.

        None as well if it is nested deeper than Python can follow.
        """
        text = _PARSED.get(sql)
        if text is None:
            text = self._asked("SELECT json_serialize_sql(?)", sql)
            _remember(_PARSED, sql, text)
        try:
            found = json.loads(text)
        except RecursionError:
            return None
        if found["error"] or len(found["statements"]) != 1:
            return None
        if found["statements"][0]["named_param_map"]:
            return None
        tree: Tree = found["statements"][0]["node"]
        return tree

    def _asked(self, sql: str, value: str) -> str:
        with keyboard_interrupts(self._parser):
            row = self._parser.execute(sql, [value]).fetchone()
        return "" if row is None else str(row[0])

    def relation(self, sql: str) -> Tree:
        """The FROM item that a text is after FROM."""
        tree = self.parse(f"SELECT * FROM {sql}\n")
        if tree is None:
            raise LakeProblem(f"expected a relation, found {sql}", hint="name a table, or a query")
        item: Tree = tree["from_table"]
        return item

    def sql(self, query: Tree) -> str:
        """A tree as SQL.

        Raises:
            LakeProblem: DuckDB prints something else than the tree says, `NOT_PRINTED`.
        """
        put = printable(query)
        whole = json.dumps({"error": False, "statements": [statement(quoted(put))]})
        known = _PRINTED.get(whole)
        if known is not None:
            return known
        try:
            text = self._asked("SELECT json_deserialize_sql(?::JSON)", whole)
        except duckdb.Error as problem:
            raise _not_printed() from problem
        again = self.parse(text)
        if again is None or not same_meaning(put, again):
            raise _not_printed()
        _remember(_PRINTED, whole, text)
        return text

    def describe(self, sql: str) -> tuple[Column, ...] | None:
        """The columns of a query, None if it does not bind."""
        if sql not in self._described:
            try:
                self._described[sql] = self._reader.describe(sql)
            except (BindProblem, UnknownName):
                self._described[sql] = None
            except LakeProblem as problem:
                if problem.error_code == _INTERRUPTED:
                    raise
                self._described[sql] = None
        return self._described[sql]

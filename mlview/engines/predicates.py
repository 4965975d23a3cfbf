"""Conditions over the columns of one row: what they may say, and what they come to."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING, Any

import duckdb

from mlview.definitions import fold, literal
from mlview.engines.channel import Channel
from mlview.engines.comparing import check_compared
from mlview.engines.translate import translated
from mlview.errors import (
    BindProblem,
    DefinitionRefused,
    MlviewError,
    Nondeterministic,
    SyntaxProblem,
    did_you_mean,
    unplaced,
)
from mlview.sql.tokens import position
from mlview.sql.words import CLOCK_FUNCTIONS, CLOCK_WORDS, SESSION_FUNCTIONS, SESSION_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from mlview.deltas.trees import Tree

RELATION = "mlview.staleness"
_BEFORE = "SELECT\n"
_WHICH = "__mlview_predicate"
_ROWS = frozenset(["unnest", "unlist", "generate_subscripts"])
_REFUSED = {
    "SUBQUERY": "reads other tables: a subquery",
    "WINDOW": "looks at other rows: a window function",
    "PARAMETER": "has a parameter, and nobody gives it a value",
    "STAR": "is about columns by name, found *",
    "DEFAULT": "is about columns by name, found DEFAULT",
}


LONGEST = 5.0
"""Seconds after which a condition has no answer: a look must stay a look."""
MEMORY = "128MB"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a condition came to: True, False, or None for NULL; `error` if it could not be had."""

    value: bool | None
    error: str | None = None


def check_predicate(
    predicate: str, columns: pa.Schema, values: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Refuse what is no condition over these columns, or whose answer they do not decide.

    Args:
        predicate: without parentheses around it; lines and columns of errors are counted in it.
        columns: of the row that it is about.
        values: of some of these columns, by folded name, all that they can be.

    Raises:
        SyntaxProblem: it does not parse, or is more than one expression.
        BindProblem: it names an unknown column or function, compares a column with what it never
            is, or does not come to a BOOLEAN.
        Nondeterministic: it asks for the time, a random number or the session.
        DefinitionRefused: it has an aggregate, a window function, a subquery or a parameter.
    """
    with about(columns.empty_table()) as channel:
        tree = parsed(channel, predicate)
        _Inspection(channel, tuple(columns.names), predicate, values or {}).check(tree, frozenset())
        with unplaced():
            (found,) = channel.describe(f"SELECT ({predicate}\n) FROM {RELATION}")
        if found.type != "BOOLEAN":
            raise BindProblem(
                f"expected a condition, found an expression of type {found.type}",
                hint="compare it: changed_fraction > 0.01",
            )


def is_never_true(predicate: str, columns: pa.Schema) -> bool:
    """Whether a condition is false or NULL whatever the columns are, as far as DuckDB sees that."""
    with about(columns.empty_table()) as channel, translated():
        # What it knows of the rows of an empty table must not count.
        channel.connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        plan = channel.connection.execute(
            f"EXPLAIN SELECT 1 FROM {RELATION} WHERE ({predicate}\n)"
        ).fetchall()
    return any("EMPTY_RESULT" in text for _, text in plan)


def answers(rows: pa.Table, predicates: Sequence[str]) -> list[Answer]:
    """What each predicate comes to on the row at its place, in one query.

    One that fails while it runs has its error for an answer, and spoils no other.
    """
    if not predicates:
        return []
    which = {text: number for number, text in enumerate(dict.fromkeys(predicates))}
    chosen = [which[text] for text in predicates]
    places = range(len(predicates))
    with about(rows.append_column(_WHICH, [chosen])) as channel:
        try:
            found = _booleans(channel, _case(which, "TRY"), places)
        except MlviewError:  # one of them cannot be bound any more
            return [_alone(channel, place, predicates[place]) for place in places]
        nulls = [place for place in places if found[place] is None]
        asked = {predicates[place]: chosen[place] for place in nulls}
        if not nulls or _runs(channel, _case(asked), nulls):
            return [Answer(value) for value in found]
        return [
            Answer(found[place])
            if place not in nulls
            else _alone(channel, place, predicates[place])
            for place in places
        ]


def _case(which: Mapping[str, int], around: str = "") -> str:
    """Each predicate for the rows that chose it."""
    cases = (f"WHEN {number} THEN {around}(({text}\n))" for text, number in which.items())
    return f"CASE {_WHICH} {' '.join(cases)} END"


def _runs(channel: Channel, expression: str, places: Sequence[int]) -> bool:
    """Whether nothing fails in these rows."""
    try:
        _booleans(channel, expression, places)
    except MlviewError:
        return False
    return True


def _alone(channel: Channel, place: int, text: str) -> Answer:
    """The answer of one predicate, or why it has none."""
    try:
        return Answer(_booleans(channel, f"({text}\n)", [place])[0])
    except MlviewError as error:
        return Answer(None, error.message)


def _booleans(channel: Channel, expression: str, places: Sequence[int]) -> list[bool | None]:
    """What an expression comes to in the rows at some places, in their order."""
    listed = ", ".join(map(str, places))
    query = (
        f"SELECT {expression} AS answer FROM {RELATION} WHERE rowid IN ({listed}) ORDER BY rowid"
    )
    stop = Timer(LONGEST, channel.connection.interrupt)
    stop.start()
    try:
        with translated(channel.connection):
            return [row[0] for row in channel.connection.execute(query).fetchall()]
    finally:
        stop.cancel()


@contextmanager
def about(rows: pa.Table) -> Iterator[Channel]:
    """A DuckDB of its own that has these rows and nothing else."""
    with translated():
        connection = duckdb.connect(config={"threads": 1})
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        channel = Channel(connection, lossless=False)
    try:
        channel.bind_table("given", rows)
        with translated():
            channel.connection.execute("CREATE SCHEMA mlview")
            channel.connection.execute(f"CREATE TABLE {RELATION} AS FROM given")
        channel.unbind("given")
        yield channel
    finally:
        channel.close()


def parsed(channel: Channel, predicate: str) -> Tree:
    """DuckDB's tree of the one expression that a text is."""
    tree = tree_of(channel, f"{_BEFORE}{predicate}\nFROM {RELATION}")
    nodes = [part["node"] for part in tree.get("statements", [])]
    if tree.get("error") or len(nodes) != 1 or nodes[0].get("type") != "SELECT_NODE":
        said = tree.get("error_message") or "it is not one expression"
        at = int(tree.get("position", 0))
        if at > len(_BEFORE + predicate):
            said = "it ends where more is expected"
        wrong = SyntaxProblem(f"expected a condition, found {predicate!r}: {said}")
        raise _placed(wrong, predicate, min(at, len((_BEFORE + predicate).encode())))
    (node,) = nodes
    selected = node["select_list"]
    whole = node["where_clause"] is None and not node["modifiers"] and not node["group_expressions"]
    if len(selected) != 1 or selected[0]["alias"] or not whole:
        raise SyntaxProblem(f"expected one condition, found {predicate!r}")
    expression: Tree = selected[0]
    return expression


def _placed(error: MlviewError, predicate: str, location: int) -> MlviewError:
    """An error with the place that DuckDB names, in bytes of what it was given, if it is one."""
    before, given = len(_BEFORE), predicate.encode()
    if not before <= location <= before + len(given):
        return error
    return error.at(*position(predicate, len(given[: location - before].decode(errors="ignore"))))


def tree_of(channel: Channel, query: str) -> Any:
    """What DuckDB reads a text as."""
    with translated():
        text = f"SELECT json_serialize_sql({literal(query)})"
        row = channel.connection.execute(text).fetchone()
    return json.loads(row[0]) if row else {}


class _Inspection:
    """Walks DuckDB's tree of a condition, and of the macros that it calls."""

    def __init__(
        self,
        channel: Channel,
        columns: tuple[str, ...],
        predicate: str,
        values: Mapping[str, Sequence[str]],
    ) -> None:
        self._channel = channel
        self._columns = columns
        self._known = {fold(column) for column in columns}
        self._predicate = predicate
        self._values = values

    def check(self, node: object, bound: frozenset[str]) -> None:
        """Raise what is wrong with a tree; `bound` are the parameters of lambdas around it."""
        try:
            self._check(node, bound)
        except MlviewError as error:
            if isinstance(node, dict):
                at = error.facts.pop("location", node.get("query_location", -1))
                _placed(error, self._predicate, at)
            raise

    def _check(self, node: object, bound: frozenset[str]) -> None:
        check_compared(node, self._values)
        match node:
            case {"class": "COLUMN_REF", "column_names": names}:
                self._column(names, bound)
            case {"class": "LAMBDA", "lhs": lhs, "expr": body}:
                self.check(body, bound | _parameters(lhs))
            case {"class": kind} if kind in _REFUSED:
                raise _refused(_REFUSED[kind])
            case {"class": "FUNCTION", "function_name": name, "children": children}:
                self._function(name, children)
                self.check(children, bound)
            case dict() | list():
                self._all(node, bound)
            case _:
                pass

    def _all(self, node: dict[str, Any] | list[Any], bound: frozenset[str]) -> None:
        for child in node.values() if isinstance(node, dict) else node:
            self.check(child, bound)

    def _column(self, names: Sequence[str], bound: frozenset[str]) -> None:
        first, last = fold(names[0]), fold(names[-1])
        if first in bound or first in self._known or last in self._known:
            return
        if len(names) == 1 and last in CLOCK_WORDS | SESSION_WORDS:
            raise _changing(last)
        raise BindProblem(
            f"mlview.staleness has no column {names[-1]}",
            hint=did_you_mean(names[-1], self._columns)
            or f"its columns are {', '.join(self._columns)}",
            columns=self._columns,
        )

    def _function(self, name: str, arguments: Sequence[object]) -> None:
        folded = fold(name)
        of_today = folded == "age" and len(arguments) == 1
        if of_today or folded in CLOCK_FUNCTIONS | SESSION_FUNCTIONS:
            raise _changing(f"{folded}()")
        with translated():
            rows = self._channel.connection.execute(
                "SELECT function_type, stability, macro_definition FROM duckdb_functions() "
                f"WHERE function_name = {literal(folded)}"
            ).fetchall()
        kinds = {kind for kind, _, _ in rows}
        if folded in _ROWS:
            raise _refused(f"has one answer, found {folded}(), which gives many")
        if kinds and kinds <= {"aggregate"}:
            raise _refused(f"looks at many rows: the aggregate {folded}()")
        if any(kind == "scalar" and how != "CONSISTENT" for kind, how, _ in rows):
            raise _changing(f"{folded}()")
        for text in {macro for kind, _, macro in rows if kind == "macro"}:
            self._macro(folded, text)

    def _macro(self, name: str, text: str) -> None:
        """What a macro of DuckDB's own calls; its columns are its parameters."""
        tree = tree_of(self._channel, f"SELECT {text}")
        calls = list(_calls(tree))
        if any(fold(word) in CLOCK_WORDS | SESSION_WORDS for word in _words(tree)):
            raise _changing(f"{name}()")
        for called, arguments in calls:
            if fold(called) != name:
                self._function(called, arguments)


def _calls(node: object) -> Iterator[tuple[str, list[object]]]:
    match node:
        case {"class": "FUNCTION", "function_name": name, "children": children}:
            yield name, children
            for child in children:
                yield from _calls(child)
        case dict():
            for child in node.values():
                yield from _calls(child)
        case list():
            for child in node:
                yield from _calls(child)
        case _:
            pass


def _words(node: object) -> Iterator[str]:
    match node:
        case {"class": "COLUMN_REF", "column_names": [name]}:
            yield name
        case dict():
            for child in node.values():
                yield from _words(child)
        case list():
            for child in node:
                yield from _words(child)
        case _:
            pass


def _parameters(lhs: object) -> frozenset[str]:
    """The names that a lambda gives to what it is called with."""
    return frozenset(fold(word) for word in _words(lhs))


def _refused(what: str) -> DefinitionRefused:
    return DefinitionRefused(
        f"a condition on staleness {what}",
        hint="it is about the columns of the view's own row of mlview.staleness",
    )


def _changing(what: str) -> Nondeterministic:
    return Nondeterministic(
        f"{what} is another value at every look, and a condition on staleness may not be",
        hint="lag_sec says how many seconds the view is behind",
    )

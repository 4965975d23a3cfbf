"""The relations of a query from the tree that sqlglot parses."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from mlview.definitions import DEFAULT_SCHEMA, Name, fold
from mlview.sql.facts import Relation
from mlview.sql.tokens import Lexeme
from mlview.sql.words import NOT_AN_ALIAS, PURE_TABLE_FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.sql.facts import At
    from mlview.sql.reading import Reading

_WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create)
_MAX_PARTS = 3
# Words after which sqlglot builds a tree; after others it warns and gives the text back.
_FOLLOWED = frozenset(
    [
        *("SELECT", "FROM", "WITH", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "INSERT", "UPDATE"),
        *("DELETE", "MERGE", "COPY", "DESCRIBE", "SUMMARIZE", "TRUNCATE"),
    ]
)
_CREATED = frozenset(["TABLE", "VIEW"])
_BETWEEN = frozenset(["OR", "REPLACE", "TEMP", "TEMPORARY", "RECURSIVE"])


@dataclass(slots=True)
class Found:
    """What a walk has met: `files` by span, `aliases` of calls by the offset of the call."""

    relations: list[Relation] = field(default_factory=list)
    targets: list[Name] = field(default_factory=list)
    files: list[tuple[int, int]] = field(default_factory=list)
    aliases: dict[int, tuple[str, At | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Step:
    """A node to visit, the names of common table expressions it sees, and whether it is written."""

    node: exp.Expr
    common: frozenset[str]
    written: bool = False


def parse_tree(reading: Reading) -> exp.Expr | None:
    """The tree of a statement, None if sqlglot cannot follow it."""
    if not _worth_a_try(reading):
        return None
    try:
        trees = sqlglot.parse(reading.plain, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError, AttributeError):
        return None
    if len(trees) != 1 or trees[0] is None or isinstance(trees[0], exp.Command):
        return None
    return trees[0]


def _worth_a_try(reading: Reading) -> bool:
    words = [token.word for token in reading.visible if token.text != "("][:6]
    words = [word for word in words if word not in ("EXPLAIN", "ANALYZE")]
    if words[:1] == ["CREATE"]:
        before = takewhile(lambda word: word not in _CREATED, words[1:])
        return not _CREATED.isdisjoint(words) and _BETWEEN.issuperset(before)
    return bool(words) and words[0] in _FOLLOWED


def walk(tree: exp.Expr, reading: Reading) -> Found:
    """The relations of a tree; names of common table expressions are none, as DuckDB scopes them.

    A recursive one sees itself only to the right of its UNION.
    """
    found = Found()
    steps = [_Step(tree, frozenset())]
    while steps:
        step = steps.pop()
        steps.extend(_steps(step, reading, found))
    found.relations.sort(key=lambda relation: relation.start)
    found.files.sort()
    return found


def _steps(step: _Step, reading: Reading, found: Found) -> Iterator[_Step]:
    node, common = step.node, step.common
    if isinstance(node, exp.Table):
        _meet(step, reading, found)
    with_ = node.args.get("with_")
    if isinstance(with_, exp.With):
        for cte in with_.expressions:
            name = fold(cte.alias)
            yield from _common_table(cte, name, common, bool(with_.args.get("recursive")))
            common |= {name}
    for key, child in _children(node):
        if child is not with_ and not (isinstance(node, exp.Table) and key in _NAME_PARTS):
            yield _Step(child, common, _is_written(step, key, child))


_NAME_PARTS = frozenset(["db", "catalog", "alias"])


def _children(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in node.args.items():
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expr):
                yield key, child


def _common_table(
    cte: exp.Expr, name: str, common: frozenset[str], recursive: bool
) -> Iterator[_Step]:
    body = cte.this
    if recursive and isinstance(body, exp.SetOperation):
        for key, child in _children(body):
            yield _Step(child, common if key == "this" else common | {name})
    elif isinstance(body, exp.Expr):
        yield _Step(body, common)


def _is_written(step: _Step, key: str, child: exp.Expr) -> bool:
    node = step.node
    if isinstance(node, exp.Schema):
        return step.written and key == "this"
    if isinstance(node, exp.TruncateTable):
        return True
    if isinstance(node, exp.Copy):
        # `kind` is True for COPY ... FROM, which writes what it names.
        return key == "this" and bool(node.args.get("kind"))
    return key == "this" and isinstance(node, _WRITES) and isinstance(child, exp.Table | exp.Schema)


def _meet(step: _Step, reading: Reading, found: Found) -> None:
    """Record a table of the tree as what it is: a target, a call, a file or a relation."""
    table = step.node
    parts = table.parts if isinstance(table, exp.Table) else []
    if not all(isinstance(part, exp.Identifier) for part in parts):
        _meet_function(table, reading, found)
        return
    first, last = (reading.place(parts[end].meta.get("start", -1)) for end in (0, -1))
    if first is None or last is None:
        return
    tokens = reading.visible[first : last + 1]
    names = tuple(token.value for token in tokens if token.text != ".")
    if step.written:
        found.targets.append(Name(names[-1], names[-2] if len(names) > 1 else DEFAULT_SCHEMA))
    elif tokens[0].kind is Lexeme.STRING:
        found.files.append((tokens[0].start, tokens[-1].end))
    elif tokens[0].start in reading.calls:
        alias, at, _ = alias_and_moment(reading, last + 1, first)
        found.aliases[tokens[0].start] = (alias or "", at)
    elif len(names) > 1 or fold(names[0]) not in step.common:
        found.relations.append(relation_at(reading, first, last + 1))


def relation_at(reading: Reading, first: int, behind: int) -> Relation:
    """The relation whose dotted name spans these places of the visible tokens."""
    tokens = reading.visible[first:behind]
    names = [token.value for token in tokens if token.text != "."]
    alias, at, _ = alias_and_moment(reading, behind, first)
    end = tokens[-1].end
    return Relation(
        Name(names[-1], names[-2] if len(names) > 1 else DEFAULT_SCHEMA),
        ".".join(names[:-2]) if len(names) >= _MAX_PARTS else None,
        len(names) > 1,
        tokens[0].start,
        end,
        max(end, at.end) if at is not None else end,
        alias,
        at,
    )


def alias_and_moment(
    reading: Reading, behind: int, first: int
) -> tuple[str | None, At | None, int]:
    """The alias and the AT of what ends before a place, and the place behind both.

    DuckDB puts AT behind the alias; before it is understood as well.
    """
    at = reading.moments.get(behind)
    alias, place = _prefix_alias(reading, first), behind
    if alias is None:
        alias, place = _suffix_alias(reading, behind)
    return alias, at or reading.moments.get(place), place


def _prefix_alias(reading: Reading, first: int) -> str | None:
    tokens = reading.visible
    if first >= 2 and tokens[first - 1].text == ":" and tokens[first - 2].is_name:  # noqa: PLR2004
        return tokens[first - 2].text
    return None


def _suffix_alias(reading: Reading, behind: int) -> tuple[str | None, int]:
    tokens = reading.visible
    spelled = behind < len(tokens) and tokens[behind].word == "AS"
    place = behind + spelled
    if place >= len(tokens) or not (tokens[place].is_name or tokens[place].kind is Lexeme.STRING):
        return None, behind
    token = tokens[place]
    if not spelled and (token.kind is Lexeme.STRING or _starts_a_clause(reading, place)):
        return None, behind
    alias, place = token.text, place + 1
    if place < len(tokens) and tokens[place].text == "(" and _is_column_list(reading, place):
        while tokens[place].text != ")":
            place += 1
        place += 1
    return alias, place


def _is_column_list(reading: Reading, place: int) -> bool:
    tokens = reading.visible
    place += 1
    while place + 1 < len(tokens) and tokens[place].is_name and tokens[place + 1].text == ",":
        place += 2
    return place + 1 < len(tokens) and tokens[place].is_name and tokens[place + 1].text == ")"


def _starts_a_clause(reading: Reading, place: int) -> bool:
    """Whether a word behind a relation goes on with the query instead of naming the relation."""
    word = reading.visible[place].word
    return bool(word) and word in NOT_AN_ALIAS


def _meet_function(table: exp.Expr, reading: Reading, found: Found) -> None:
    start = min((node.meta["start"] for node in table.walk() if "start" in node.meta), default=None)
    first = reading.place(start) if start is not None else None
    if first is not None:
        meet_function(reading, first, found)


def meet_function(reading: Reading, first: int, found: Found) -> None:
    """Record a table function, unless it reads nothing but its arguments."""
    tokens, place = reading.visible, first
    while place < len(tokens) and tokens[place].text != "(":
        place += 1
    if place == len(tokens):
        return
    if place == first + 1 and fold(tokens[first].value) in PURE_TABLE_FUNCTIONS:
        return
    found.files.append((tokens[first].start, tokens[closing(reading, place)].end))


def closing(reading: Reading, place: int) -> int:
    """The place of the bracket that closes the one at a place, or the last place."""
    depth = 0
    for index in range(place, len(reading.visible)):
        text = reading.visible[index].text
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if depth == 0:
            return index
    return len(reading.visible) - 1

"""Conditions and limits of a query that may be applied before a relation's rows are computed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlglot import exp

from mlview.definitions import fold, quote
from mlview.errors import MlviewError
from mlview.sql.checks import check_definition
from mlview.sql.groups import group_tokens
from mlview.sql.reading import read_query
from mlview.sql.tokens import Lexeme
from mlview.sql.walk import parse_tree

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlview.sql.facts import Relation
    from mlview.sql.groups import Group

_NOT_PUSHED = ("joins", "laterals", "pivots", "with_", "sample")
_RESHAPES = ("group", "having", "distinct", "qualify", "order", "windows", "offset")
_ENDS = frozenset(
    ["GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER", "LIMIT", "OFFSET", "USING", "SELECT", "UNION"]
)


@dataclass(frozen=True, slots=True)
class Pushed:
    """Conditions in SQL, and a number of rows beyond which none is needed."""

    conditions: tuple[str, ...] = ()
    limit: int | None = None
    alias: str = "given"

    def __bool__(self) -> bool:
        """Whether anything is there to be applied early."""
        return bool(self.conditions) or self.limit is not None

    def of(self, rows: str) -> str:
        """The rows of a query with the conditions and the limit applied."""
        if not self:
            return rows
        text = f"SELECT * FROM ({rows}\n) AS {self.alias}"
        if self.conditions:
            text += " WHERE " + " AND ".join(f"({condition}\n)" for condition in self.conditions)
        return text if self.limit is None else f"{text} LIMIT {self.limit}"


def pushdown(query: str, relation: Relation, columns: Collection[str]) -> Pushed:
    """What a query over one relation asks of those of its columns that are named.

    The query may go on to apply everything again: what is found only leaves out rows that the
    query does not need. Nothing is found where the query joins, nests or cannot be followed.

    >>> from mlview.sql import inspect
    >>> text = "FROM late WHERE origin = 'JFK' AND predicted_late LIMIT 5"
    >>> pushdown(text, inspect(text).relations[0], ["origin"]).conditions
    ("origin = 'JFK'",)
    """
    reading = read_query(query)
    tree = parse_tree(reading)
    if not isinstance(tree, exp.Select) or not _is_alone(tree, relation):
        return Pushed()
    known = frozenset(map(fold, columns))
    where = tree.args.get("where")
    tokens = group_tokens(reading.visible)
    pieces = _pieces(query, tokens) if where is not None else []
    wanted = [] if where is None else _conditions(where.this)
    if len(pieces) != len(wanted):
        return Pushed()
    alias = relation.alias or quote(relation.name.name)
    name = fold(alias[1:-1].replace('""', '"') if alias.startswith('"') else alias)
    pushed = tuple(
        text
        for text, condition in zip(pieces, wanted, strict=True)
        if _is_of(condition, name, known) and _is_repeatable(text)
    )
    whole = len(pushed) == len(pieces)
    return Pushed(pushed, _limit(tree, tokens) if whole else None, alias)


def _is_alone(tree: exp.Select, relation: Relation) -> bool:
    """Whether the query reads this relation by itself and nothing else."""
    if any(tree.args.get(part) for part in _NOT_PUSHED):
        return False
    from_ = tree.args.get("from_")
    table = from_.this if isinstance(from_, exp.From) else None
    if not isinstance(table, exp.Table) or any(table.args.get(part) for part in _NOT_PUSHED):
        return False
    alias = table.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.columns:
        return False
    return table.parts[0].meta.get("start") == relation.start


def _conditions(whole: exp.Expr) -> list[exp.Expr]:
    return list(whole.flatten()) if isinstance(whole, exp.And) else [whole]


def _pieces(query: str, whole: Group) -> list[str]:
    """The conditions of WHERE as they were typed, cut at every AND that joins two of them."""
    start = whole.find("WHERE")
    if start is None:
        return []
    words = whole.words()
    cuts, between, cases = [start], 0, 0
    end = len(words)
    for index in range(start + 1, len(words)):
        word = "" if whole.is_dotted(index) else words[index]
        if word in _ENDS and cases == 0:
            end = index
            break
        cases += (word == "CASE") - (word == "END")
        if word == "BETWEEN":
            between += 1
        elif word == "AND" and between:
            between -= 1
        elif word == "AND" and cases == 0:
            cuts.append(index)
    cuts.append(end)
    pieces = []
    for left, right in pairwise(cuts):
        if right - left < 2:  # noqa: PLR2004 - nothing between two cuts
            return []
        pieces.append(query[whole.tokens[left + 1].start : whole.end_of(right - 1)])
    return pieces


def _is_of(condition: exp.Expr, alias: str, known: frozenset[str]) -> bool:
    """Whether a condition needs these columns only, row by row."""
    if any(condition.find_all(exp.Query, exp.Subquery, exp.Window, exp.AggFunc, exp.Star)):
        return False
    columns = list(condition.find_all(exp.Column))
    return bool(columns) and all(
        not column.args.get("db")
        and fold(column.table) in ("", alias)
        and fold(column.name) in known
        for column in columns
    )


def _is_repeatable(condition: str) -> bool:
    """Whether a condition gives the same answer when it is asked twice, without parameters."""
    text = f"SELECT 1 AS one FROM given WHERE {condition}"
    try:
        check_definition(text)
    except MlviewError:
        return False
    return all(t.kind is not Lexeme.PARAMETER for t in read_query(text).tokens)


def _limit(tree: exp.Select, whole: Group) -> int | None:
    """The number of rows a query takes of whatever comes first, if it does nothing else."""
    if any(tree.args.get(part) for part in _RESHAPES) or not all(map(_is_plain, tree.expressions)):
        return None
    match whole.tokens[-2:]:
        case [first, last] if first.word == "LIMIT" and last.text.isdecimal():
            return int(last.text)
        case _:
            return None


def _is_plain(item: exp.Expr) -> bool:
    """Whether an item of the select list is a column or all of them: one row in, one row out."""
    return isinstance(item.unalias(), exp.Column | exp.Star)

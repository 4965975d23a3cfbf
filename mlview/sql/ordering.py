"""ORDER BY with LIMIT or DISTINCT ON: where ties decide which rows a query has."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.sql.edits import Edit, substitute
from mlview.sql.groups import Group, group_tokens
from mlview.sql.tokens import tokenize
from mlview.sql.words import AGGREGATES, CLAUSE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.sql.tokens import Token

_SET_WORDS = frozenset(["UNION", "INTERSECT", "EXCEPT"])
_NOT_PLAIN = _SET_WORDS | {"GROUP", "HAVING", "DISTINCT"}
_EXPANDING = frozenset(["columns", "unnest"])
_BEFORE_STAR = frozenset(["SELECT", "DISTINCT", "ALL"])
_AFTER_KEYS = frozenset(["LIMIT", "OFFSET", "FETCH"])


@lru_cache(maxsize=1024)
def ordered_limits(query: str) -> bool:
    """Whether anywhere in the query an ORDER BY decides which rows there are.

    >>> ordered_limits("SELECT * FROM (FROM t ORDER BY a LIMIT 3)"), ordered_limits("FROM t")
    (True, False)
    """
    return any(is_cut_by_order(group) for group in group_tokens(tokenize(query)).everywhere())


def is_cut_by_order(group: Group) -> bool:
    """Whether directly in this group an ORDER BY meets a LIMIT behind it, or a DISTINCT ON."""
    order, cut = group.find("ORDER", "BY"), group.cut()
    if order is None:
        return False
    distinct = group.find("SELECT", "DISTINCT", "ON")
    return (cut is not None and order < cut) or distinct is not None


def break_ties(query: str, columns: int) -> str:
    """The query with more keys behind each ORDER BY that decides which rows there are.

    `columns` is the number of output columns of the outermost SELECT. Behind its keys come all
    its output columns; an inner SELECT gets its own. Rows that are equal in all of them are the
    same rows, so the result no longer depends on the order of reading.

    >>> break_ties("SELECT a, b FROM t ORDER BY b DESC LIMIT 3", 2)
    'SELECT a, b FROM t ORDER BY b DESC, 1, 2 LIMIT 3'
    """
    top = group_tokens(tokenize(query))
    outer = _without_parentheses(top)
    edits: list[Edit] = []
    for group in top.everywhere():
        if is_cut_by_order(group):
            keys = _positions(columns) if group is outer else _inner_keys(group)
            edits.extend(_append(group, keys))
    return substitute(query, edits)


def has_breakable_ties(group: Group) -> bool:
    """Whether more keys can be written for the inner query of these brackets."""
    return _orders_by_all(group) or _inner_keys(group) != ""


def _without_parentheses(group: Group) -> Group:
    """The group that is the whole query, without parentheses around all of it."""
    while len(group.tokens) == 1 and group.inner:
        group = group.inner[0]
    return group


def _positions(columns: int) -> str:
    return "".join(f", {column}" for column in range(1, columns + 1))


def _orders_by_all(group: Group) -> bool:
    return group.find("ORDER", "BY", "ALL") is not None


def _append(group: Group, keys: str) -> Iterator[Edit]:
    order = group.find("ORDER", "BY")
    if order is None or _orders_by_all(group) or not keys:
        return
    last = order
    for index in range(order, len(group.tokens)):
        if group.tokens[index].word in _AFTER_KEYS and not group.is_dotted(index):
            break
        last = index
    end = group.end_of(last)
    yield Edit(end, end, keys)


def _inner_keys(group: Group) -> str:
    """More keys for an inner query: its columns by position, or all columns of its relations."""
    if not group.is_query:
        return ""
    columns = _count_columns(group)
    if columns is not None:
        return _positions(columns)
    plain = _NOT_PLAIN.isdisjoint(group.words()) and "FROM" in group.words()
    return ", COLUMNS(*)" if plain and not _aggregates(group) else ""


def _count_columns(group: Group) -> int | None:
    """The number of columns of the first select list, None if only DuckDB can count them."""
    select = group.find("SELECT")
    if select is None:
        return None
    columns, previous = 0, group.tokens[select]
    for index in select_list(group, select):
        token = group.tokens[index]
        if _expands(token, previous):
            return None
        columns += previous.text == "," or index == select + 1
        previous = token
    return columns


def _expands(token: Token, previous: Token) -> bool:
    """Whether an item may be more than one column."""
    starred = token.text == "*" and (
        previous.word in _BEFORE_STAR or previous.text in (",", ".", "(")
    )
    return starred or (token.is_name and fold(token.value) in _EXPANDING)


def select_list(group: Group, select: int) -> range:
    """The indexes of the tokens between SELECT and the next clause."""
    words = group.words()
    for index in range(select + 1, len(words)):
        if group.is_dotted(index):
            continue
        is_from = words[index] == "FROM" and words[index - 1] != "DISTINCT"
        sampled = words[index : index + 2] == ["USING", "SAMPLE"]
        if is_from or sampled or words[index] in CLAUSE_WORDS - {"FROM"}:
            return range(select + 1, index)
    return range(select + 1, len(words))


def _aggregates(group: Group) -> bool:
    return any(
        index > 0 and fold(group.tokens[index - 1].value) in AGGREGATES for index in group.inner
    )

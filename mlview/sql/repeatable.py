"""What makes a query give other rows when it runs again at the same snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.sql.ordering import has_breakable_ties, is_cut_by_order
from mlview.sql.words import (
    CLOCK_FUNCTIONS,
    CLOCK_WORDS,
    ORDERED_AGGREGATES,
    ORDERED_WINDOWS,
    SESSION_FUNCTIONS,
    SESSION_WORDS,
    VOLATILE,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlview.sql.groups import Group
    from mlview.sql.tokens import Token

_CLOCK_HINT = "refresh_time() is the moment of the data, recorded with each version"
_FRAMES = frozenset(["ROWS", "GROUPS"])


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, where, and what to write instead."""

    token: Token
    message: str
    hint: str


def flaws(group: Group) -> Iterator[Flaw]:
    """What directly inside these brackets changes from run to run."""
    yield from _calls(group)
    yield from _bare_words(group)
    yield from _samples(group)
    yield from _asof(group)
    yield from _cuts(group)


def ties(top: Group) -> Iterator[Flaw]:
    """Inner ORDER BY with LIMIT whose ties nothing in the text can break."""
    for group in top.everywhere():
        if group is not top and is_cut_by_order(group) and not has_breakable_ties(group):
            order = group.find("ORDER", "BY") or 0
            yield Flaw(
                group.tokens[order],
                "rows that tie in this ORDER BY decide what the query has",
                "write the columns of this SELECT one by one, or rank them with row_number()",
            )


def _calls(group: Group) -> Iterator[Flaw]:
    for index, inner in group.inner.items():
        token = group.tokens[index - 1] if index else None
        if token is None or not token.is_name or group.tokens[index].text != "(":
            continue
        name = fold(token.value)
        flaw = _call(name, token, inner) or _unordered(name, token, group, index)
        if flaw is not None:
            yield flaw


def _call(name: str, token: Token, inner: Group) -> Flaw | None:
    if name in CLOCK_FUNCTIONS:
        return Flaw(token, f"{name}() is another moment at every run", _CLOCK_HINT)
    if name == "age" and inner.tokens and all(other.text != "," for other in inner.tokens):
        return Flaw(token, "age() of one moment counts from today", "age(refresh_time(), moment)")
    if name in VOLATILE:
        hint = "hash(key) spreads rows as evenly, and the same way every time"
        return Flaw(token, f"{name}() is another value at every run", hint)
    if name in SESSION_FUNCTIONS:
        hint = "write the value itself: a refresh runs in another session"
        return Flaw(token, f"{name}() depends on the session", hint)
    if name == "array" and inner.is_query and not inner.has_order():
        hint = "ARRAY(SELECT ... ORDER BY key)"
        return Flaw(token, "the rows that become this array have no order", hint)
    return None


def _unordered(name: str, token: Token, group: Group, index: int) -> Flaw | None:
    window = _window(group, index)
    ordered = group.inner[index].has_order() or (window is not None and window.ordered)
    if name in ORDERED_AGGREGATES and not ordered:
        hint = f"{name}(... ORDER BY key)"
        if name.startswith("approx"):
            hint = f"quantile_cont() and mode() are exact, or {hint}"
        return Flaw(token, f"the rows that {name}() sees have no order", hint)
    if window is None or ordered:
        return None
    if name in ORDERED_WINDOWS:
        hint = f"{name}() OVER (... ORDER BY key)"
        return Flaw(token, f"the rows that {name}() numbers have no order", hint)
    if window.framed:
        hint = "OVER (... ORDER BY key ROWS ...)"
        return Flaw(token, "a frame of rows that have no order", hint)
    return None


@dataclass(frozen=True, slots=True)
class _Window:
    ordered: bool
    framed: bool


def _window(group: Group, index: int) -> _Window | None:
    """The window of the call whose bracket is at an index, None if it has none."""
    words, behind = group.words(), index + 1
    if words[behind : behind + 1] == ["FILTER"]:
        behind += 2
    if words[behind : behind + 2] in (["IGNORE", "NULLS"], ["RESPECT", "NULLS"]):
        behind += 2
    if words[behind : behind + 1] != ["OVER"]:
        return None
    return _look_up(group, behind + 1)


def _look_up(group: Group, index: int) -> _Window:
    """A window in parentheses, or one that WINDOW names; an unknown name is DuckDB's to judge."""
    inner = group.inner.get(index)
    if inner is None:
        named = _named_window(group, index)
        return _look_up(group, named) if named is not None else _Window(True, False)
    ordered, framed = inner.has_order(), not _FRAMES.isdisjoint(inner.words())
    first = inner.tokens[0] if inner.tokens else None
    if not ordered and first is not None and first.is_name and first.word != "PARTITION":
        named = _named_window_called(group, fold(first.value))
        ordered = named is not None and _look_up(group, named).ordered
    return _Window(ordered, framed)


def _named_window(group: Group, index: int) -> int | None:
    if index >= len(group.tokens):
        return None
    return _named_window_called(group, fold(group.tokens[index].value))


def _named_window_called(group: Group, name: str) -> int | None:
    """The index of the bracket in `WINDOW name AS (...)`."""
    start = group.find("WINDOW")
    if start is None:
        return None
    for index in range(start + 1, len(group.tokens) - 2):
        token = group.tokens[index]
        if token.is_name and fold(token.value) == name and group.tokens[index + 1].word == "AS":
            return index + 2
    return None


def _bare_words(group: Group) -> Iterator[Flaw]:
    """Words that are functions without brackets, unless a column has that name."""
    words = group.words()
    columns = bool(group.before) and group.before[-1].word == "USING"
    for index, token in enumerate(group.tokens):
        # Quotes do not help: DuckDB takes "user" for the function as well.
        word = fold(token.value) if token.is_name else ""
        if word not in CLOCK_WORDS | SESSION_WORDS or columns or group.is_dotted(index):
            continue
        following = group.tokens[index + 1].text if index + 1 < len(words) else ""
        if following in ("(", ":", ".") or (index and words[index - 1] == "AS"):
            continue
        column = f"a column of that name is written t.{word}"
        if word in CLOCK_WORDS:
            message = f"{word} is another moment at every run"
            yield Flaw(token, message, f"{_CLOCK_HINT}; {column}")
        else:
            yield Flaw(token, f"{word} depends on the session", column)


def _samples(group: Group) -> Iterator[Flaw]:
    for words in (("TABLESAMPLE",), ("USING", "SAMPLE")):
        index = group.find(*words)
        if index is not None:
            hint = "WHERE hash(key) % 10 = 0 takes the same tenth every time"
            yield Flaw(group.tokens[index], "a sample is other rows at every run", hint)
    index = group.find("POSITIONAL", "JOIN")
    if index is not None:
        hint = "join on a key"
        yield Flaw(group.tokens[index], "a positional join pairs rows that have no order", hint)


def _asof(group: Group) -> Iterator[Flaw]:
    """ASOF JOIN takes any of the rows that tie, unless those are put together before."""
    words = group.words()
    for index, word in enumerate(words):
        if word != "ASOF" or "JOIN" not in words[index + 1 : index + 4]:
            continue
        joined = words.index("JOIN", index) + 1
        inner = group.inner.get(joined)
        if inner is None or (inner.find("GROUP", "BY") is None and inner.find("QUALIFY") is None):
            yield Flaw(
                group.tokens[index],
                "ASOF JOIN takes any of the rows that have the same moment",
                "join one row per key and moment: ASOF JOIN (SELECT key, moment, max(x) AS x "
                "FROM t GROUP BY key, moment) ON ...",
            )


def _cuts(group: Group) -> Iterator[Flaw]:
    order, cut = group.find("ORDER", "BY"), group.cut()
    if cut is not None and (order is None or order > cut):
        word = group.tokens[cut].word
        message = f"{word} without ORDER BY takes other rows at every run"
        yield Flaw(group.tokens[cut], message, f"ORDER BY key {word} ...")
    distinct = group.find("DISTINCT", "ON")
    if distinct is not None and order is None and _is_distinct_on(group, distinct):
        message = "DISTINCT ON without ORDER BY takes other rows at every run"
        yield Flaw(group.tokens[distinct], message, "ORDER BY the same columns, then a key")


def _is_distinct_on(group: Group, index: int) -> bool:
    return index > 0 and group.words()[index - 1] == "SELECT" and index + 2 in group.inner

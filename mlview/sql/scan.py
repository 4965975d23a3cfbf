"""The relations of a statement from its tokens alone, where no tree can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.definitions import DEFAULT_SCHEMA, Name, fold
from mlview.sql.common import common_tables
from mlview.sql.foreign import QUERY_WORDS
from mlview.sql.tokens import Lexeme
from mlview.sql.walk import Found, alias_and_moment, closing, meet_function, relation_at
from mlview.sql.words import CLAUSE_WORDS, NOT_AN_ALIAS

if TYPE_CHECKING:
    from mlview.sql.common import Scope
    from mlview.sql.reading import Reading

_BEFORE_LISTS = frozenset(["FROM", "USING"])
BEFORE_RELATIONS = _BEFORE_LISTS | {"JOIN", "TABLE", "SUMMARIZE", "DESCRIBE", "DESC", "COPY"}
PIVOTS = frozenset(["PIVOT", "UNPIVOT", "PIVOT_WIDER", "PIVOT_LONGER"])
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_ENDS = (CLAUSE_WORDS - {"FROM"}) | {"SET", "WHEN", "RETURNING"}
_SKIPPED = frozenset(["LATERAL", "ONLY"])
_BEFORE_TARGETS = frozenset(["INTO", "UPDATE", "TRUNCATE"])
# `extract(year FROM x)` and its like have a FROM that names no relation.
_FROM_INSIDE = frozenset(["extract", "trim", "substring", "overlay", "position"])


def scan(reading: Reading) -> Found:
    """Every name that stands where a relation may: behind FROM, JOIN, INTO and their commas.

    Names that WITH declares are left out where they can be seen.
    """
    found, common = Found(), common_tables(reading)
    place, size = 0, len(reading.visible)
    while place < size:
        word = reading.visible[place].word
        if word in _BEFORE_TARGETS:
            _target(reading, place + 1, found)
        elif _is_pivot(reading, place) or (
            word in BEFORE_RELATIONS and not _is_other_from(reading, place)
        ):
            _relations(reading, place + 1, found, common)
        place += 1
    found.relations.sort(key=lambda relation: relation.start)
    return found


def _is_common(common: tuple[Scope, ...], name: str, place: int) -> bool:
    return any(scope.name == name and scope.start <= place < scope.end for scope in common)


def _is_other_from(reading: Reading, place: int) -> bool:
    """Whether this is the FROM of IS DISTINCT FROM or of extract(), or the USING of columns."""
    tokens = reading.visible
    token = tokens[place]
    if token.word == "USING":
        return place + 1 < len(tokens) and tokens[place + 1].text == "("
    if token.word != "FROM" or place == 0:
        return False
    if tokens[place - 1].word == "DISTINCT":
        return True
    depth = 0
    for index in range(place - 1, 0, -1):
        text = tokens[index].text
        depth += (text == ")") - (text == "(")
        if depth < 0:
            return tokens[index - 1].word.lower() in _FROM_INSIDE
    return False


def _is_pivot(reading: Reading, place: int) -> bool:
    """Whether this is the PIVOT that starts a query, and not the one behind a relation."""
    opens = place == 0 or reading.visible[place - 1].text == "("
    return opens and reading.visible[place].word in PIVOTS


def _path(reading: Reading, place: int) -> int:
    """The place behind a dotted name, or the same place."""
    tokens = reading.visible
    if place >= len(tokens) or not tokens[place].is_name:
        return place
    place += 1
    while place + 1 < len(tokens) and tokens[place].text == "." and tokens[place + 1].is_name:
        place += 2
    return place


def _target(reading: Reading, place: int, found: Found) -> None:
    tokens = reading.visible
    if place < len(tokens) and tokens[place].word == "TABLE":
        place += 1
    behind = _path(reading, place)
    names = [token.value for token in tokens[place:behind] if token.text != "."]
    if names:
        found.targets.append(Name(names[-1], names[-2] if len(names) > 1 else DEFAULT_SCHEMA))


def _relations(reading: Reading, place: int, found: Found, common: tuple[Scope, ...]) -> None:
    """Record the relation at a place, and those behind commas up to the next clause."""
    tokens, commas = reading.visible, reading.visible[place - 1].word in _BEFORE_LISTS
    place = _relation(reading, _without_prefix(reading, place), found, common)
    while commas and place < len(tokens):
        token = tokens[place]
        if token.text in _OPEN:
            place = closing(reading, place) + 1
        elif token.text in _CLOSE or token.word in _ENDS:
            return
        elif token.text == ",":
            place = _relation(reading, _without_prefix(reading, place + 1), found, common)
        else:
            place += 1


def _without_prefix(reading: Reading, place: int) -> int:
    """The place behind LATERAL and an alias with a colon."""
    while place < len(reading.visible):
        if _is_prefix_alias(reading, place):
            place += 2
        elif reading.visible[place].word in _SKIPPED:
            place += 1
        else:
            break
    return place


def _is_prefix_alias(reading: Reading, place: int) -> bool:
    tokens = reading.visible
    return place + 1 < len(tokens) and tokens[place].is_name and tokens[place + 1].text == ":"


def _relation(reading: Reading, place: int, found: Found, common: tuple[Scope, ...]) -> int:
    """Record what stands at a place; the place behind it and its alias."""
    tokens = reading.visible
    if place >= len(tokens):
        return place
    if tokens[place].word in NOT_AN_ALIAS | QUERY_WORDS:
        return place
    if tokens[place].text == "(":
        _relations(reading, place + 1, found, common)
        behind = closing(reading, place) + 1
        return alias_and_moment(reading, behind, behind)[2]
    if tokens[place].kind is Lexeme.STRING:
        found.files.append((tokens[place].start, tokens[place].end))
        return alias_and_moment(reading, place + 1, place)[2]
    behind = _path(reading, place)
    if behind == place:
        return place
    if behind < len(tokens) and tokens[behind].text == "(":
        meet_function(reading, place, found)
        behind = closing(reading, behind) + 1
        return alias_and_moment(reading, behind, place)[2]
    alias, at, next_place = alias_and_moment(reading, behind, place)
    if tokens[place].start in reading.calls:
        found.aliases[tokens[place].start] = (alias or "", at)
    elif behind > place + 1 or not _is_common(common, fold(tokens[place].value), place):
        known = {relation.start for relation in found.relations}
        if tokens[place].start not in known:
            found.relations.append(relation_at(reading, place, behind))
    return next_place

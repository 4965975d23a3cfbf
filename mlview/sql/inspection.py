"""What a statement reads, whatever statement it is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from mlview.definitions import fold
from mlview.sql.facts import QueryFacts
from mlview.sql.reading import read_query
from mlview.sql.scan import BEFORE_RELATIONS, PIVOTS, scan
from mlview.sql.walk import parse_tree, walk
from mlview.sql.words import AGGREGATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.sql.facts import Call
    from mlview.sql.reading import Reading
    from mlview.sql.tokens import Token
    from mlview.sql.walk import Found

# Without any of these words nothing is read, however many VALUES are written.
_READS = BEFORE_RELATIONS | PIVOTS


@lru_cache(maxsize=1024)
def inspect(query: str) -> QueryFacts:
    """The relations, calls and targets of a statement, each mention with its span.

    Names of common table expressions are no relations. What no parser follows is scanned token
    by token and marked `exact=False`: DuckDB judges it.

    Raises:
        SyntaxProblem: text that cannot be cut into tokens, brackets nested too deep, or an
            ML call that cannot be meant.

    >>> facts = inspect("WITH w AS (FROM weather) SELECT * FROM flights f JOIN w USING (day)")
    >>> [(str(relation.name), relation.alias) for relation in facts.relations]
    [('weather', None), ('flights', 'f')]
    """
    reading = read_query(query)
    found, exact = look(reading)
    return QueryFacts(
        relations=tuple(found.relations),
        calls=tuple(_call(call, found) for call in reading.calls.values()),
        refresh_time=calls_function(reading.tokens, frozenset(["refresh_time"])),
        aggregates=_aggregates(reading.tokens),
        files=tuple(query[start:end] for start, end in found.files),
        targets=tuple(found.targets),
        exact=exact,
    )


def look(reading: Reading) -> tuple[Found, bool]:
    """What is in a query, and whether a tree could be had for it."""
    if _READS.isdisjoint(token.word for token in reading.visible):
        return scan(reading), True
    tree = parse_tree(reading)
    if tree is None:
        return scan(reading), False
    return walk(tree, reading), True


def _call(call: Call, found: Found) -> Call:
    alias, at = found.aliases.get(call.start, ("", None))
    end = call.end if at is None else at.end
    return replace(call, alias=alias or None, at=at, end_with_at=end)


def calls_function(tokens: Sequence[Token], names: frozenset[str]) -> bool:
    """Whether any of these functions is called."""
    return any(
        token.is_name and fold(token.value) in names and following.text == "("
        for token, following in pairwise(tokens)
    )


def _aggregates(tokens: Sequence[Token]) -> bool:
    pivots = any(token.word in ("PIVOT", "PIVOT_WIDER", "OVER") for token in tokens)
    return pivots or calls_function(tokens, AGGREGATES)

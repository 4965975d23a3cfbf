"""What a query reads, with the place of every mention."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Name, Scalar

Function = Literal["PREDICT", "EVALUATE", "FEATURE_IMPORTANCE", "CONFUSION_MATRIX"]


def _no_options() -> Mapping[str, Scalar]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class At:
    """`AT (VERSION => n)` or `AT (TIMESTAMP => t)`; the span covers all of it.

    Spans are offsets into the query's text, in characters, `end` exclusive.
    """

    kind: Literal["VERSION", "TIMESTAMP"]
    expression: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Relation:
    """One mention of a relation.

    `start` and `end` span the dotted name only; `end_with_at` is the end of the AT that belongs
    to it, which may stand before or behind the alias. `alias` is as it was typed. The name
    `a.b` has the schema a, `schema_given` says that it was typed.
    """

    name: Name
    catalog: str | None
    schema_given: bool
    start: int
    end: int
    end_with_at: int
    alias: str | None = None
    at: At | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One `ML.x(...)` in a query; `start` and `end` span it from ML to its parenthesis.

    `replaced` are pairs of a base table and what stands in for it; `table` and `query` are the
    rows given as TABLE name or as a query in parentheses.
    """

    function: Function
    model: Name
    start: int
    end: int
    alias: str | None = None
    at: At | None = None
    end_with_at: int = 0
    replaced: tuple[tuple[Name, Name], ...] = ()
    table: Name | None = None
    query: str | None = None
    options: Mapping[str, Scalar] = field(default_factory=_no_options, hash=False)


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """What a statement reads and writes.

    `targets` are the relations it writes. `files` are the table functions and quoted files it
    reads, as they were typed. `aggregates` says that a result may depend on the order of rows.
    `exact` is False where only tokens could be followed: then `relations` may hold too much.
    """

    relations: tuple[Relation, ...]
    calls: tuple[Call, ...]
    refresh_time: bool
    aggregates: bool
    files: tuple[str, ...]
    targets: tuple[Name, ...] = ()
    exact: bool = True

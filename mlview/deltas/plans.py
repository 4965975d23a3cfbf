"""The queries whose signed rows are the change of a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.deltas.inputs import Input, Side
    from mlview.deltas.operators import Operator
    from mlview.deltas.trees import Tree

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A query whose rows count with a sign.

    Attributes:
        sign: 1 or -1.
        query: the query.
        sides: as what its inputs stand; those not named here stand as they are now.
        needs: tables of keys; if any of them is empty, the term has no rows that matter.
    """

    sign: int
    query: Tree
    sides: Mapping[str, Side]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keys:
    """A table of distinct rows by position: all rows that any of the terms has."""

    name: str
    width: int
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the change of one query is had.

    Attributes:
        operators: what is done, outermost first.
        terms: their signed rows are the change.
        keys: what the terms read besides, in the order of computing.
        full: whether the terms are the whole query at both ends.
        inner: the inputs whose own operators follow.
    """

    operators: tuple[Operator, ...]
    terms: tuple[Term, ...]
    keys: tuple[Keys, ...] = ()
    full: bool = False
    inner: tuple[str, ...] = field(default=())


class Facts(Protocol):
    """What a plan is made from besides the tree."""

    @property
    def aggregates(self) -> frozenset[str]:
        """Names of functions that put rows together."""
        ...

    @property
    def functions(self) -> frozenset[str]:
        """Names of all other functions, whose answer depends on their arguments alone."""
        ...

    def add(self, given: Input) -> str:
        """A name for another input."""
        ...

    def input(self, name: str) -> Input:
        """The input of a name."""
        ...

    def name_keys(self) -> str:
        """A name for a table of keys."""
        ...

    def may_change(self, name: str) -> bool:
        """Whether anything that an input reads has changed at all; nothing is computed."""
        ...

    def is_live(self, name: str, used: frozenset[str] | None) -> bool:
        """Whether an input has changed in the columns that are used (None: any)."""
        ...

    def exists_alike(self, name: str) -> bool:
        """Whether a query has rows at both ends, or at neither."""
        ...

    def nulls_alike(self, name: str) -> bool:
        """Whether a query of one column, at both ends, is empty or not and has NULL or not."""
        ...

    def columns(self, query: Tree) -> Columns | None:
        """Names and types of a query's columns; None if it cannot stand alone."""
        ...

    def words(self, expression: Tree) -> str:
        """An expression as SQL."""
        ...

    def title(self, name: str) -> str:
        """What a user calls an input."""
        ...

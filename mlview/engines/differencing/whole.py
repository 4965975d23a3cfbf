"""A whole query at one end, and the difference of all its rows between both."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from mlview.definitions import DEFAULT_SCHEMA, fold
from mlview.deltas.expanding import NotFollowed, at_moment
from mlview.deltas.inputs import Side
from mlview.deltas.known import has_collation
from mlview.engines.differencing.rows import netted
from mlview.engines.differencing.trees import NOT_PRINTED
from mlview.engines.sources import Source
from mlview.errors import BindProblem, LakeProblem, NotAvailable
from mlview.sql import inspect, rebind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.definitions import Name
    from mlview.deltas.trees import Tree
    from mlview.engines.differencing.binding import Binding
    from mlview.engines.differencing.tables import DeltaTable, Scratch
    from mlview.records import Column


def whole_tree(binding: Binding, query: str, side: Side, *, times: bool) -> Tree | None:
    """The tree of a query at one end, its CTEs kept; None if DuckDB has no tree for it."""
    parsed = binding.trees.parse(query)
    if parsed is None:
        return None
    try:
        return binding.bound(binding.expand(parsed, opens=False, times=times), {}, side)
    except NotFollowed:
        return None


def whole_text(binding: Binding, query: str, side: Side, *, times: bool = True) -> str:
    """A query at one end, as SQL; calls of refresh_time() stay where `times` is false."""
    found = _printed(binding, query, side, times=times)
    return _rebound(binding, query, side) if found is None else found


def _printed(binding: Binding, query: str, side: Side, *, times: bool) -> str | None:
    """The same from its tree; None where DuckDB has none, or does not print it as it is."""
    try:
        tree = whole_tree(binding, query, side, times=times)
        return None if tree is None else binding.trees.sql(tree)
    except RecursionError:
        return None
    except LakeProblem as problem:
        if problem.error_code != NOT_PRINTED:
            raise
        return None


def with_moment(binding: Binding, text: str) -> str:
    """A query with a constant for refresh_time().

    Raises:
        NotAvailable: DuckDB has no tree for it.
    """
    tree = binding.trees.parse(text)
    if tree is not None:
        return binding.trees.sql(at_moment(tree, binding.moment(Side.NEW)))
    if inspect(text).refresh_time:
        raise NotAvailable(
            "refresh_time() in a query that DuckDB cannot take apart", hint="name PIVOT's columns"
        )
    return text


def _rebound(binding: Binding, query: str, side: Side) -> str:
    """The same by replacing names in the text."""
    replacements: dict[Name, str] = {}
    for relation in inspect(query).relations:
        if relation.catalog is not None or relation.name in replacements:
            continue
        schema = relation.name.schema
        written = None if fold(schema) == DEFAULT_SCHEMA else schema
        found = binding.resolve(None, written, relation.name.name)
        if isinstance(found, Source):
            # An alias would have to stand before AT.
            replacements[relation.name] = f"(FROM {found.old if side is Side.OLD else found.new})"
        else:
            replacements[relation.name] = f"({_rebound(binding, found, side)}\n)"
    return rebind(query, replacements)


def whole_difference(
    binding: Binding, scratch: Scratch, query: str, columns: Sequence[Column]
) -> DeltaTable:
    """All rows of the query at both ends, compared.

    Raises:
        BindProblem: the query has other columns at the two ends.
    """
    pieces = [
        (sign, _rows_at(binding, scratch, query, columns, side))
        for sign, side in ((1, Side.NEW), (-1, Side.OLD))
    ]
    kinds = [(column.name, column.type) for column in columns]
    parsed = binding.trees.parse(query)
    collated = parsed is None or has_collation(parsed)
    return scratch.signed(netted(pieces, kinds, collated=collated), columns)


def _rows_at(
    binding: Binding, scratch: Scratch, query: str, columns: Sequence[Column], side: Side
) -> str:
    """SQL for the query's rows at one end."""
    text = _printed(binding, query, side, times=True)
    with nullcontext() if text is not None else binding.macro_at(side):
        asked = _rebound(binding, query, side) if text is None else text
        found = binding.reader.describe(asked)
        if [(c.name, c.type) for c in found] != [(c.name, c.type) for c in columns]:
            raise BindProblem("the query has other columns at the two ends", hint="refresh in full")
        return asked if text is not None else f"SELECT * FROM {scratch.table_of(asked)}"

"""A query at both ends: all of it, or what a change touches of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.deltas.blocks import CUTS
from mlview.deltas.inputs import Side, names_in
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.plans import Plan, Term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.deltas.trees import Tree


def full_plan(query: Tree, reason: str, what: str | None = None) -> Plan:
    """The whole query at both ends, and why."""
    names = list(dict.fromkeys(names_in(query)))
    terms = tuple(
        Term(sign, query, dict.fromkeys(names, side))
        for sign, side in ((1, Side.NEW), (-1, Side.OLD))
    )
    operator = Operator(what or _title(query), Strategy.FULL_DIFFERENCE, reason)
    return Plan((operator,), terms, full=True, inner=tuple(names))


def _title(query: Tree) -> str:
    if query["type"] == "SET_OPERATION_NODE":
        return str(query["setop_type"]).replace("_", " ")
    kinds = {modifier["type"] for modifier in query.get("modifiers", ())}
    return "LIMIT" if kinds & CUTS else "SELECT"


def both_ends(query: Tree, live: Sequence[str], table: str) -> tuple[Term, ...]:
    """The rows of a query now, less those then, if a table of keys has any."""
    return tuple(
        Term(sign, query, dict.fromkeys(live, side), (table,))
        for sign, side in ((1, Side.NEW), (-1, Side.OLD))
    )

"""Rows of whole queries put together: DISTINCT, UNION, INTERSECT and EXCEPT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.deltas.blocks import CUTS
from mlview.deltas.blurs import refuse_blurred_rows
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, Side, from_item
from mlview.deltas.nulls import with_typed_nulls
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.plans import Keys, Plan, Term
from mlview.deltas.restrictions import digest, keyed_rows, looked_up
from mlview.deltas.trees import boolean, branches_of, column, derived, select, star, with_where
from mlview.deltas.whole import both_ends, full_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

_UNION = ("UNION", "UNION_BY_NAME")


def distinct_rows(query: Tree, facts: Facts, what: str) -> Plan | None:
    """The distinct rows of a query: those of its changed rows are counted at both ends.

    Raises:
        NotFollowed: only a full difference is sure to be right.
    """
    name = facts.add(Query(query))
    if not facts.is_live(name, None):
        return None
    refuse_blurred_rows([name], facts)
    columns = _columns(name, facts)
    rows = select([star()], from_item(name, "__mlview_d"), distinct=True)
    changed = from_item(name, "__mlview_d", Side.BOTH)
    table = facts.name_keys()
    keys = Keys(table, 1, (Term(1, select([digest(columns)], changed), {}),))
    restricted = with_where(rows, looked_up(table, 0, digest(columns)))
    operator = Operator(what, Strategy.TOUCHED_KEYS)
    return Plan((operator,), both_ends(restricted, [name], table), (keys,), inner=(name,))


def _columns(name: str, facts: Facts) -> list[Tree]:
    found = facts.columns(select([star()], from_item(name, "__mlview_d")))
    if found is None:
        raise NotFollowed("a query that cannot stand alone")
    return [column("__mlview_d", each) for each, _ in found]


def set_operation(query: Tree, facts: Facts) -> Plan | None:
    """The terms of a set operation; None if it cannot have changed.

    Raises:
        NotFollowed: only a full difference is sure to be right.
    """
    if query["cte_map"]["map"]:
        raise NotFollowed("WITH RECURSIVE")
    if {modifier["type"] for modifier in query["modifiers"]} & CUTS:
        return full_plan(query, "any row may take the place of another", "LIMIT")
    query = with_typed_nulls({**query, "modifiers": []}, facts)
    kind, keeps_copies = query["setop_type"], query["setop_all"]
    what = kind.replace("UNION_BY_NAME", "UNION") + (" ALL" if keeps_copies else "")
    what += " BY NAME" if kind == "UNION_BY_NAME" else ""
    if kind in _UNION and not keeps_copies:
        return distinct_rows({**query, "setop_all": True}, facts, what)
    if kind == "UNION":
        return _chained(query, facts, what)
    sides = {side: facts.add(Query(query[side])) for side in ("left", "right")}
    live = _live(sides.values(), facts)
    if not live:
        return None
    if kind == "UNION_BY_NAME":
        operator = Operator(what, Strategy.LINEAR)
        return Plan((operator,), _appended(query, sides, live), inner=tuple(live))
    if kind in ("INTERSECT", "EXCEPT"):
        return _matched_rows(query, sides, live, facts, what)
    raise NotFollowed(f"{kind}, which is not known here")


def _live(names: Iterable[str], facts: Facts) -> list[str]:
    return [name for name in names if facts.may_change(name) and facts.is_live(name, None)]


def _chained(query: Tree, facts: Facts, what: str) -> Plan | None:
    """The changed rows of each branch of A UNION ALL B UNION ALL C, and so on."""
    live = _live([facts.add(Query(branch)) for branch in branches_of(query)], facts)
    if not live:
        return None
    terms = [
        Term(sign, rows_of(name), {name: side})
        for name in live
        for sign, side in ((1, Side.PLUS), (-1, Side.MINUS))
    ]
    # No rows of all branches: the types are those of the whole.
    typed = with_where(select([star()], derived(query, "__mlview_d")), boolean(False))
    operator = Operator(what, Strategy.LINEAR)
    return Plan((operator,), (*terms, Term(1, typed, {})), inner=tuple(live))


def rows_of(name: str, side: Side | None = None) -> Tree:
    """All rows of an input."""
    return select([star()], from_item(name, "__mlview_d", side))


def _appended(query: Tree, sides: dict[str, str], live: list[str]) -> tuple[Term, ...]:
    """Each changed branch beside none of the other's rows, so that types and names stay."""
    terms = []
    for place, name in sides.items():
        if name in live:
            for sign, side in ((1, Side.PLUS), (-1, Side.MINUS)):
                terms.append(Term(sign, _alone(query, sides, place), {name: side}))
    return tuple(terms)


def _alone(query: Tree, sides: dict[str, str], place: str, side: Side | None = None) -> Tree:
    branches = {
        other: rows_of(name, side) if other == place else with_where(rows_of(name), boolean(False))
        for other, name in sides.items()
    }
    return {**query, **branches}


def _matched_rows(
    query: Tree, sides: dict[str, str], live: list[str], facts: Facts, what: str
) -> Plan:
    """INTERSECT and EXCEPT of the rows by which either branch changed."""
    refuse_blurred_rows(sides.values(), facts)
    union = {**query, "setop_type": "UNION", "setop_all": True}
    table = facts.name_keys()
    terms = [
        Term(1, _alone(union, sides, place, Side.BOTH), {})
        for place, name in sides.items()
        if name in live
    ]
    branches = {}
    for place, name in sides.items():
        columns = _columns(name, facts)
        branches[place] = with_where(rows_of(name), keyed_rows(table, columns))
    restricted = {**query, **branches}
    operator = Operator(what, Strategy.TOUCHED_KEYS)
    keys = Keys(table, len(columns), tuple(terms))
    return Plan((operator,), both_ends(restricted, live, table), (keys,), inner=tuple(live))

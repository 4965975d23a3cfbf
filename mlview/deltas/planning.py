"""From a query and what has changed under it to the terms of its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.deltas.blocks import CUTS, Block
from mlview.deltas.blurs import refuse_blurred_keys, refuse_blurred_rows
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.inputs import Query, Side, from_item, names_in
from mlview.deltas.keys import grouping_words, keys_of, puts_rows_together
from mlview.deltas.known import has_aggregate, unfollowed
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.plans import Keys, Plan, Term
from mlview.deltas.restrictions import digest, keyed_rows, looked_up, narrowed
from mlview.deltas.steps import Telescope
from mlview.deltas.trees import (
    boolean,
    column,
    select,
    star,
    with_where,
)

if TYPE_CHECKING:
    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree

_UNION = ("UNION", "UNION_BY_NAME")


def plan_query(query: Tree, facts: Facts) -> Plan | None:
    """The terms whose signed rows are the change of a query; None if it cannot have changed."""
    if not any(facts.may_change(name) for name in names_in(query)):
        return None
    try:
        if query["type"] == "SET_OPERATION_NODE":
            return _set_operation(query, facts)
        return _select(_without_idle_order(query, facts), facts)
    except NotFollowed as why:
        return full_plan(query, str(why))


def _without_idle_order(query: Tree, facts: Facts) -> Tree:
    """The query without an ORDER BY that decides nothing."""
    modifiers = query.get("modifiers", ())
    kinds = {modifier["type"] for modifier in modifiers}
    ons = any(modifier.get("distinct_on_targets") for modifier in modifiers)
    orders = [m for m in modifiers if m["type"] == "ORDER_MODIFIER"]
    # An aggregate in ORDER BY alone makes one row of all.
    if kinds & CUTS or ons or any(has_aggregate(order, facts) for order in orders):
        return query
    return {**query, "modifiers": [m for m in modifiers if m["type"] != "ORDER_MODIFIER"]}


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


def _select(query: Tree, facts: Facts) -> Plan | None:
    kinds = {modifier["type"] for modifier in query.get("modifiers", ())}
    if kinds & CUTS:
        return _limited(query, facts)
    distinct = [m for m in query.get("modifiers", ()) if m["type"] == "DISTINCT_MODIFIER"]
    if distinct and not distinct[0]["distinct_on_targets"] and unfollowed(query, facts) is None:
        kept = [m for m in query["modifiers"] if m["type"] != "DISTINCT_MODIFIER"]
        return _distinct({**query, "modifiers": kept}, facts, "DISTINCT")
    block = Block.of(query, facts)
    live = block.live_in(block.query)
    if not live:
        return None
    if puts_rows_together(block):
        return _keyed(block, live)
    refuse_blurred_keys(block, live)
    telescope = Telescope.of(block)
    telescope.selected()
    operators = tuple(step.operator for step in telescope.steps)
    return Plan(operators, telescope.rows(), tuple(telescope.keys), inner=tuple(live))


def _limited(query: Tree, facts: Facts) -> Plan | None:
    block = Block.of(query, facts)
    live = block.live_in(block.query)
    if not live:
        return None
    return full_plan(block.query, "any row may take the place of another", "LIMIT")


def _keyed(block: Block, live: list[str]) -> Plan:
    query, facts = block.query, block.facts
    body = set(block.live_in([query["from_table"], *block.conditions]))
    what = grouping_words(block)
    if not set(live) <= body:
        return full_plan(query, "a subquery or refresh_time() behind its WHERE", what)
    try:
        expressions = keys_of(block)
        refuse_blurred_keys(block, live, expressions)
        telescope = Telescope.of(block)
    except NotFollowed as why:
        return full_plan(query, str(why), what)
    table = facts.name_keys()
    restricted, held = narrowed(block, table, expressions)
    keys = (*telescope.keys, Keys(table, len(held), telescope.touched(held)))
    operators = (
        Operator(what, Strategy.TOUCHED_KEYS),
        *(step.operator for step in telescope.steps),
    )
    return Plan(operators, _both_ends(restricted, live, table), keys, inner=tuple(live))


def _both_ends(query: Tree, live: list[str], table: str) -> tuple[Term, ...]:
    return tuple(
        Term(sign, query, dict.fromkeys(live, side), (table,))
        for sign, side in ((1, Side.NEW), (-1, Side.OLD))
    )


def _distinct(query: Tree, facts: Facts, what: str) -> Plan | None:
    """The distinct rows of a query: those of its changed rows are counted at both ends."""
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
    return Plan((operator,), _both_ends(restricted, [name], table), (keys,), inner=(name,))


def _columns(name: str, facts: Facts) -> list[Tree]:
    found = facts.columns(select([star()], from_item(name, "__mlview_d")))
    if found is None:
        raise NotFollowed("a query that cannot stand alone")
    return [column("__mlview_d", each) for each, _ in found]


def _set_operation(query: Tree, facts: Facts) -> Plan | None:
    if query["cte_map"]["map"]:
        raise NotFollowed("WITH RECURSIVE")
    if {modifier["type"] for modifier in query["modifiers"]} & CUTS:
        return full_plan(query, "any row may take the place of another", "LIMIT")
    query = {**query, "modifiers": []}
    kind, keeps_copies = query["setop_type"], query["setop_all"]
    what = kind.replace("UNION_BY_NAME", "UNION") + (" ALL" if keeps_copies else "")
    what += " BY NAME" if kind == "UNION_BY_NAME" else ""
    if kind in _UNION and not keeps_copies:
        return _distinct({**query, "setop_all": True}, facts, what)
    sides = {side: facts.add(Query(query[side])) for side in ("left", "right")}
    live = [name for name in sides.values() if facts.may_change(name) and facts.is_live(name, None)]
    if not live:
        return None
    if kind in _UNION:
        operator = Operator(what, Strategy.LINEAR)
        return Plan((operator,), _appended(query, sides, live), inner=tuple(live))
    if kind in ("INTERSECT", "EXCEPT"):
        return _matched_rows(query, sides, live, facts, what)
    raise NotFollowed(f"{kind}, which is not known here")


def _read(name: str, side: Side | None = None) -> Tree:
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
        other: _read(name, side) if other == place else with_where(_read(name), boolean(False))
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
        branches[place] = with_where(_read(name), keyed_rows(table, columns))
    restricted = {**query, **branches}
    operator = Operator(what, Strategy.TOUCHED_KEYS)
    keys = Keys(table, len(columns), tuple(terms))
    return Plan((operator,), _both_ends(restricted, live, table), (keys,), inner=tuple(live))

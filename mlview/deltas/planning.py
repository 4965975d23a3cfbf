"""From a query and what has changed under it to the terms of its change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlview.deltas.blocks import CUTS, Block
from mlview.deltas.blurs import refuse_blurred_keys
from mlview.deltas.expanding import NotFollowed
from mlview.deltas.groups import Groups
from mlview.deltas.inputs import Query, Side, names_in
from mlview.deltas.keys import grouping_words, keys_of, puts_rows_together
from mlview.deltas.known import has_aggregate, unfollowed
from mlview.deltas.operators import Operator, Strategy
from mlview.deltas.plans import Keys, Plan, Term
from mlview.deltas.restrictions import narrowed
from mlview.deltas.sets import distinct_rows, rows_of, set_operation
from mlview.deltas.steps import Telescope
from mlview.deltas.trees import integer
from mlview.deltas.whole import both_ends, full_plan

if TYPE_CHECKING:
    from mlview.deltas.plans import Facts
    from mlview.deltas.trees import Tree


def plan_query(query: Tree, facts: Facts) -> Plan | None:
    """The terms whose signed rows are the change of a query; None if it cannot have changed."""
    if not any(facts.may_change(name) for name in names_in(query)):
        return None
    try:
        if query["type"] == "SET_OPERATION_NODE":
            return set_operation(query, facts)
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


def _select(query: Tree, facts: Facts) -> Plan | None:
    kinds = {modifier["type"] for modifier in query.get("modifiers", ())}
    if kinds & CUTS:
        return _limited(query, facts)
    distinct = [m for m in query.get("modifiers", ()) if m["type"] == "DISTINCT_MODIFIER"]
    if distinct and not distinct[0]["distinct_on_targets"] and unfollowed(query, facts) is None:
        kept = [m for m in query["modifiers"] if m["type"] != "DISTINCT_MODIFIER"]
        return distinct_rows({**query, "modifiers": kept}, facts, "DISTINCT")
    if len(query["group_sets"]) > 1 and unfollowed(query, facts) is None:
        return _in_sets(query, facts)
    block = Block.of(query, facts)
    live = block.live_in(block.query)
    if not live:
        return None
    if puts_rows_together(block):
        return _keyed(block, live, query)
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


def _in_sets(query: Tree, facts: Facts) -> Plan | None:
    """Grouping sets: the rows of one GROUP BY each, appended."""
    groups = Groups.of(query, facts)
    if not groups.are_bare:
        return plan_query(groups.above(), facts)
    groups.query = Block(query, facts, query).with_items_lifted()  # once for all sets
    names = {
        places: facts.add(Query(groups.of_set(places))) for places in dict.fromkeys(groups.sets)
    }
    live = [name for name in names.values() if facts.is_live(name, None)]
    if not live:
        return None
    terms = tuple(
        Term(sign, rows_of(names[places]), {names[places]: side})
        for places in groups.sets
        if names[places] in live
        for sign, side in ((1, Side.PLUS), (-1, Side.MINUS))
    )
    words = ", ".join(map(facts.words, groups.keys))
    operator = Operator(f"GROUPING SETS of {words}", Strategy.TOUCHED_KEYS)
    return Plan((operator,), terms, inner=tuple(live))


def _over_groups(query: Tree, facts: Facts) -> Plan | None:
    """A grouped query as one over its groups, where that is less than a full difference.

    Raises:
        NotFollowed: it is not.
    """
    if not query["group_sets"]:
        raise NotFollowed("no GROUP BY")
    groups = Groups.of(query, facts)
    plan = None if groups.are_bare else plan_query(groups.above(), facts)
    if groups.are_bare or (plan is not None and plan.full):
        raise NotFollowed("nothing above the groups")
    return plan


def _keyed(block: Block, live: list[str], query: Tree) -> Plan | None:
    """The groups of a block that a change touches; `query` is what the block was made of."""
    facts, what = block.facts, grouping_words(block)
    try:
        _refuse_what_is_behind(block, live)
        expressions = keys_of(block)
        refuse_blurred_keys(block, live, expressions)
        telescope = Telescope.of(block)
    except NotFollowed as why:
        try:
            return _over_groups(query, facts)
        except NotFollowed:
            return full_plan(block.query, str(why), what)
    if not expressions:
        return _one_group(block, live, telescope, what)
    table = facts.name_keys()
    restricted, held = narrowed(block, table, expressions)
    keys = (*telescope.keys, Keys(table, len(held), telescope.touched(held)))
    operators = (
        Operator(what, Strategy.TOUCHED_KEYS),
        *(step.operator for step in telescope.steps),
    )
    return Plan(operators, both_ends(restricted, live, table), keys, inner=tuple(live))


def _refuse_what_is_behind(block: Block, live: list[str]) -> None:
    body = set(block.live_in([block.query["from_table"], *block.conditions]))
    if not set(live) <= body:
        raise NotFollowed("a subquery or refresh_time() behind its WHERE")


def _one_group(block: Block, live: list[str], telescope: Telescope, what: str) -> Plan:
    """All rows of a block are one group, which changes only if a changed row reaches it."""
    strategies = {step.operator.strategy for step in telescope.steps}
    if Strategy.FULL_DIFFERENCE in strategies:  # to find out would cost as much
        plan = full_plan(block.query, "", what)
        return replace(plan, operators=(Operator(what, Strategy.ONE_GROUP),))
    table = block.facts.name_keys()
    keys = (*telescope.keys, Keys(table, 1, telescope.touched([integer(1)])))
    operators = (
        Operator(what, Strategy.ONE_GROUP),
        *(step.operator for step in telescope.steps),
    )
    return Plan(operators, both_ends(block.query, live, table), keys, inner=tuple(live))

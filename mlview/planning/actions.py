"""What a refresh will do: which views, in which order, how, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import Kind, RefreshMode
from mlview.records import Action, Plan, RefreshStep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.definitions import Name
    from mlview.planning.costs import Costs
    from mlview.planning.observations import Observation
    from mlview.records import Snapshot, Staleness

NOISE_SECONDS = 0.25
"""Below this, what a refresh took says more about the machine than about how it was done."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What was asked for.

    Attributes:
        names: the views asked for.
        full: refresh them even if nothing changed.
        incremental: refresh them from what changed alone, or not at all.
        cascade: go on to everything that reads them.
        only_stale: leave fresh ones out, where otherwise they are confirmed by a NO_DATA step.
    """

    names: tuple[Name, ...]
    full: bool = False
    incremental: bool = False
    cascade: bool = False
    only_stale: bool = False


@dataclass(frozen=True, slots=True)
class _Choice:
    """How one view is brought up to date; `refusal` where it was asked for what cannot be."""

    action: Action
    reason: str
    exact: bool = True
    refusal: str | None = None


def plan_refresh(
    demand: Demand,
    *,
    snapshot: Snapshot,
    order: Sequence[Name],
    observations: Mapping[Name, Observation],
    staleness: Mapping[Name, Staleness],
    costs: Mapping[Name, Costs] | None = None,
) -> Plan:
    """Steps for what was asked, its stale ancestors, and with CASCADE its descendants.

    Args:
        demand: what was asked for.
        snapshot: the one snapshot all steps read.
        order: every view in topological order, parents first.
        observations: what is known of every view.
        staleness: how stale every view is.
        costs: seconds that refreshes of a view are expected to take, where known.
    """
    wanted = _closure(demand, order, observations)
    known = costs or {}
    rebuilt: set[Name] = set()
    steps: list[RefreshStep] = []
    for name in order:
        if name not in wanted:
            continue
        observed, cost = observations[name], known.get(name)
        asked = name in demand.names
        chosen = _choose(
            observed,
            staleness[name],
            rebuilt=rebuilt,
            full=demand.full and asked,
            incremental=demand.incremental and asked,
            cost=cost,
        )
        if chosen.action is Action.NO_DATA and (demand.only_stale or not asked):
            continue
        if chosen.action is not Action.NO_DATA:
            rebuilt.add(name)
        steps.append(
            RefreshStep(
                position=len(steps) + 1,
                name=name,
                kind=observed.kind,
                object_id=observed.object_id,
                action=chosen.action,
                reason=chosen.reason,
                reads=observed.reads,
                changes=observed.changes,
                delta=observed.delta,
                exact=chosen.exact,
                refusal=chosen.refusal,
                incremental_only=demand.incremental and asked,
                predicted_seconds=_predicted(chosen.action, cost),
                predicted_full_seconds=cost.full if cost else None,
                predicted_incremental_seconds=cost.incremental if cost else None,
                stale_since=staleness[name].stale_since,
                target_lag_sec=staleness[name].target_lag_sec,
            )
        )
    return Plan(snapshot, tuple(steps))


def _closure(
    demand: Demand, order: Sequence[Name], observations: Mapping[Name, Observation]
) -> set[Name]:
    wanted = set(demand.names)
    if demand.cascade:
        for name in order:
            if wanted.intersection(observations[name].reads):
                wanted.add(name)
    for name in reversed(order):
        if name in wanted:
            wanted.update(read for read in observations[name].reads if read in observations)
    return wanted


def _choose(
    observed: Observation,
    stale: Staleness,
    *,
    rebuilt: set[Name],
    full: bool,
    incremental: bool,
    cost: Costs | None,
) -> _Choice:
    if observed.live is None:
        return _Choice(Action.FULL, "first materialization")
    upstream = [name for name in observed.reads if name in rebuilt]
    anew = _why_anew(observed)
    if anew is not None and not upstream:
        return _bound(_Choice(Action.REINITIALIZE, stale.stale_reason), anew, incremental)
    why = stale.stale_reason
    if upstream:
        why = "refreshed in this plan: " + ", ".join(map(str, upstream))
    if full:
        return _Choice(Action.FULL, "FULL was asked for")
    if not upstream and not _has_news(stale):
        if not observed.moved:
            return _Choice(Action.NO_DATA, stale.stale_reason)
        why = f"{stale.stale_reason}: only what it reads is recorded"
    lost = anew or _untold(observed)
    if lost is not None:
        demanded = incremental or (anew is None and observed.mode is RefreshMode.INCREMENTAL)
        return _bound(_Choice(Action.FULL, why), lost, demanded)
    return _by_cost(observed, why, incremental=incremental, cost=cost)


def _why_anew(observed: Observation) -> str | None:
    """Why no delta leads from the live version to the next one, in words."""
    if observed.redefined or observed.recreated or observed.broken:
        return "its definition, or a table below it, is another one now"
    if any(move.kind is Kind.MODEL for move in observed.moved):
        return "a model that it reads has another version"
    return None


def _untold(observed: Observation) -> str | None:
    """Why what changed is not known."""
    if observed.delta is None and any(change.rows is None for change in observed.changes):
        return "what changed in a table below it cannot be told"
    return None


def _by_cost(observed: Observation, why: str, *, incremental: bool, cost: Costs | None) -> _Choice:
    able = observed.maintenance
    demanded = incremental or observed.mode is RefreshMode.INCREMENTAL
    if observed.mode is RefreshMode.FULL and not incremental:
        return _Choice(Action.FULL, f"{why}; FULL is its refresh mode")
    if not able.possible:
        return _bound(_Choice(Action.FULL, f"{why}; in full, because {able.reason}"), able.reason,
                      demanded)  # fmt: skip
    if not able.exact:
        if observed.mode is not RefreshMode.APPROXIMATE:
            return _bound(_Choice(Action.FULL, why), able.reason, demanded)
        return _Choice(Action.INCREMENTAL, f"{why}; {able.reason}", exact=False)
    if demanded or cost is None or cost.incremental is None:
        return _Choice(Action.INCREMENTAL, why)
    times = f"{cost.incremental:.2g} s predicted from what changed, {cost.full:.2g} s in full"
    if cost.incremental < cost.full:
        return _Choice(Action.INCREMENTAL, f"{why}; {times}")
    if cost.incremental < NOISE_SECONDS:
        return _Choice(Action.INCREMENTAL, f"{why}; {times}, which is too short to tell apart")
    return _Choice(Action.FULL, f"{why}; {times}")


def _bound(choice: _Choice, why_not: str, demanded: bool) -> _Choice:
    """The same choice, unless what was demanded is an incremental refresh."""
    if not demanded:
        return choice
    refusal = f"it cannot be refreshed incrementally: {why_not}"
    return _Choice(Action.INCREMENTAL, refusal, refusal=refusal)


def _predicted(action: Action, cost: Costs | None) -> float | None:
    if action is Action.NO_DATA:
        return 0.0
    if cost is None:
        return None
    return cost.incremental if action is Action.INCREMENTAL else cost.full


def _has_news(stale: Staleness) -> bool:
    """Whether anything the view reads is another; a suspended view may well be up to date."""
    return stale.lag_sec is None or stale.stale_since is not None

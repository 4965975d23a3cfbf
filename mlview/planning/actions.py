"""What a refresh will do: which views, in which order, how, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import Kind
from mlview.records import Action, Plan, RefreshStep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlview.definitions import Name
    from mlview.planning.observations import Observation
    from mlview.records import Snapshot, Staleness


@dataclass(frozen=True, slots=True)
class Demand:
    """What was asked for.

    Attributes:
        names: the views asked for.
        full: refresh them even if nothing changed.
        cascade: go on to everything that reads them.
        only_stale: leave fresh ones out, where otherwise they are confirmed by a NO_DATA step.
    """

    names: tuple[Name, ...]
    full: bool = False
    cascade: bool = False
    only_stale: bool = False


def plan_refresh(
    demand: Demand,
    *,
    snapshot: Snapshot,
    order: Sequence[Name],
    observations: Mapping[Name, Observation],
    staleness: Mapping[Name, Staleness],
    predicted: Mapping[Name, float] | None = None,
) -> Plan:
    """Steps for what was asked, its stale ancestors, and with CASCADE its descendants.

    Args:
        demand: what was asked for.
        snapshot: the one snapshot all steps read.
        order: every view in topological order, parents first.
        observations: what is known of every view.
        staleness: how stale every view is.
        predicted: seconds a full refresh of a view is expected to take, where known.
    """
    wanted = _closure(demand, order, observations)
    seconds = predicted or {}
    rebuilt: set[Name] = set()
    steps: list[RefreshStep] = []
    for name in order:
        if name not in wanted:
            continue
        observed = observations[name]
        asked = name in demand.names
        action, reason = _choose(
            observed, staleness[name], rebuilt=rebuilt, full=demand.full and asked
        )
        if action is Action.NO_DATA and (demand.only_stale or not asked):
            continue
        if action is not Action.NO_DATA:
            rebuilt.add(name)
        steps.append(
            RefreshStep(
                position=len(steps) + 1,
                name=name,
                kind=observed.kind,
                object_id=observed.object_id,
                action=action,
                reason=reason,
                reads=observed.reads,
                changes=observed.changes,
                predicted_seconds=0.0 if action is Action.NO_DATA else seconds.get(name),
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
    observed: Observation, stale: Staleness, *, rebuilt: set[Name], full: bool
) -> tuple[Action, str]:
    if observed.live is None:
        return Action.FULL, "first materialization"
    if observed.redefined or observed.recreated or observed.broken:
        return Action.REINITIALIZE, stale.stale_reason
    moved_models = [m.name for m in observed.moved if m.kind is Kind.MODEL]
    if moved_models:
        return Action.REINITIALIZE, stale.stale_reason
    upstream = [name for name in observed.reads if name in rebuilt]
    if upstream:
        return Action.FULL, "refreshed in this plan: " + ", ".join(map(str, upstream))
    if full:
        return Action.FULL, "FULL was asked for"
    if not _has_news(stale):
        return Action.NO_DATA, stale.stale_reason
    return Action.FULL, stale.stale_reason


def _has_news(stale: Staleness) -> bool:
    """Whether anything the view reads is another; a suspended view may well be up to date."""
    return stale.lag_sec is None or stale.stale_since is not None

"""How stale each view is, read off what was observed; never under-reported."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mlview.records import DeltaSummary, Staleness, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mlview.definitions import Name
    from mlview.planning.observations import Observation
    from mlview.records import TableChange, Version


def judge_all(
    observations: Iterable[Observation], order: Sequence[Name], now: datetime
) -> dict[Name, Staleness]:
    """The staleness of every view, parents before children.

    Args:
        observations: one per view.
        order: the views' names in topological order, parents first.
        now: the moment lag is measured at.
    """
    by_name = {observation.name: observation for observation in observations}
    judged: dict[Name, Staleness] = {}
    for name in order:
        if name in by_name:
            judged[name] = judge(by_name[name], judged, now)
    return judged


def judge(observed: Observation, parents: Mapping[Name, Staleness], now: datetime) -> Staleness:
    """One view's staleness; `parents` must hold every view it reads.

    Where the change of the view's own query is known it has the last word: none of its rows came
    or went, so it is fresh, however many rows changed below it. Else lag starts at the earliest
    later commit to a base table anywhere below the view, also where what it reads has been brought
    up to date since; at the moment an upstream pointer moved, where no commit was behind that; or,
    where the query reads refresh_time(), at the first moment at which a row leaves or enters its
    window, or at the version's own data timestamp if that cannot be told. It is 0 when none of
    these happened, and None where it is not known: a clock that was ahead may have hidden an
    earlier change.
    """
    causes = _causes(observed, parents, now)
    if _from_the_future(observed, causes, now):
        causes.append(_Cause(State.UNKNOWN, "a commit carries a time in the future", None))
    since = min((cause.since for cause in causes if cause.since is not None), default=None)
    state = _worst(observed, [cause.state for cause in causes])
    lag = 0.0 if observed.live is not None and not causes else None
    if since is not None and all(cause.state is not State.UNKNOWN for cause in causes):
        lag = (now - since).total_seconds()
    delta = _delta(observed, parents)
    changed = _changed_rows(observed, parents, delta, now) if causes else 0
    target = observed.target_lag
    reason = "; ".join(cause.reason for cause in causes) or _why_fresh(observed)
    if observed.suspended:
        why = f": {observed.suspended_reason}" if observed.suspended_reason else ""
        reason = f"suspended{why}; {reason}"
    source_lag, within = _source_lag(observed, now)
    return Staleness(
        name=observed.name,
        kind=observed.kind,
        state=state,
        stale_reason=reason,
        lag_sec=lag,
        source_lag_sec=source_lag,
        source_within_sec=within,
        target_lag_sec=target.total_seconds() if isinstance(target, timedelta) else None,
        effective_target_lag_sec=target.total_seconds() if isinstance(target, timedelta) else None,
        changed_rows=changed,
        changed_fraction=_fraction(changed, observed.live),
        stale_since=since,
        delta=delta,
        suspended_reason=observed.suspended_reason if observed.suspended else None,
    )


class _Cause:
    """One reason not to be fresh, and since when."""

    __slots__ = ("reason", "since", "state")

    def __init__(self, state: State, reason: str, since: datetime | None) -> None:
        self.state, self.reason, self.since = state, reason, since


def _causes(
    observed: Observation, parents: Mapping[Name, Staleness], now: datetime
) -> list[_Cause]:
    live = observed.live
    if live is None:
        why = observed.unusable_reason or "never materialized; REFRESH it"
        return [_Cause(State.UNUSABLE, why, None)]
    born = live.published_at or live.created_at
    gone_at = observed.broken_at or born
    causes = [
        _Cause(State.UNUSABLE, f"base table {name} is gone", gone_at) for name in observed.missing
    ]
    causes += [
        _Cause(State.UNUSABLE, f"{name}, which it reads, was dropped", born)
        for name in observed.lost
    ]
    causes += [_Cause(State.NEEDS_COMPILE, what, gone_at) for what in observed.broken]
    causes += [
        _Cause(State.STALE, f"{name} was dropped and created anew", gone_at)
        for name in observed.recreated
    ]
    causes += [_Cause(State.STALE, what, born) for what in observed.redefined]
    causes += _news(observed, now)
    for name in observed.reads:
        parent = parents.get(name)
        if parent is not None and parent.state is not State.FRESH:
            causes += _inherited(parent)
    return causes


def _news(observed: Observation, now: datetime) -> list[_Cause]:
    """What changed below the view, unless it is known to have left the view's rows alone."""
    if _unmoved(observed):
        return []
    causes = [_Cause(*_change(change)) for change in observed.changes]
    below = [c.first_changed_at for c in observed.below if c.first_changed_at is not None]
    causes += [
        _Cause(State.STALE, f"{move.name} has another live version", min([move.at, *below]))
        for move in observed.moved
    ]
    if observed.window_moved(now):
        causes.append(
            _Cause(State.STALE, "its refresh_time() window has moved", observed.window_moved_at)
        )
    return causes


def _unmoved(observed: Observation) -> bool:
    return observed.delta is not None and observed.delta.rows == 0


def _inherited(parent: Staleness) -> list[_Cause]:
    """What a view has to say of a parent that is not fresh."""
    suspended = parent.state is State.SUSPENDED
    if suspended and parent.lag_sec is not None and parent.stale_since is None:
        return []
    state = State.STALE
    if parent.state in (State.UNUSABLE, State.UNKNOWN):
        state = parent.state
    elif parent.lag_sec is None:
        state = State.UNKNOWN
    word = "behind" if suspended else parent.state
    return [_Cause(state, f"{parent.name}, which it reads, is {word}", parent.stale_since)]


def _from_the_future(observed: Observation, causes: Iterable[_Cause], now: datetime) -> bool:
    moments = [cause.since for cause in causes]
    if not _unmoved(observed):
        moments += [change.last_changed_at for change in observed.changes]
    return any(moment is not None and moment > now for moment in moments)


def _change(change: TableChange) -> tuple[State, str, datetime | None]:
    if change.rows is None:
        return (
            State.STALE,
            f"{change.name} was altered after snapshot {change.since}",
            change.first_changed_at,
        )
    rows = f"+{change.inserted:,} -{change.deleted:,} rows"
    return State.STALE, f"{change.name}: {rows}", change.first_changed_at


def _worst(observed: Observation, states: list[State]) -> State:
    if observed.live is None or State.UNUSABLE in states:
        return State.UNUSABLE
    if observed.suspended:
        return State.SUSPENDED
    for state in (State.NEEDS_COMPILE, State.UNKNOWN, State.STALE):
        if state in states:
            return state
    return State.FRESH


def _delta(observed: Observation, parents: Mapping[Name, Staleness]) -> DeltaSummary:
    """Changes of base tables read directly or through parents, the larger where both know one."""
    found: dict[Name, TableChange] = {}
    for changes in (
        observed.changes,
        observed.below,
        *(parents[name].delta.changes for name in observed.reads if name in parents),
    ):
        for change in changes:
            known = found.get(change.name)
            if known is None or _larger(change, known):
                found[change.name] = change
    return DeltaSummary(tuple(found.values()))


def _larger(change: TableChange, known: TableChange) -> bool:
    if known.rows is None or change.rows is None:
        return known.rows is not None
    return change.rows > known.rows


def _changed_rows(
    observed: Observation, parents: Mapping[Name, Staleness], delta: DeltaSummary, now: datetime
) -> int | None:
    """Changed rows of the view's query; while they are not known, of the base tables below it."""
    settled = all(parents[n].state is State.FRESH for n in observed.reads if n in parents)
    if observed.delta is not None and settled:
        return observed.delta.rows
    unknown = (
        observed.live is None
        or observed.missing
        or observed.lost
        or observed.recreated
        or observed.redefined
        or (observed.moved and not delta.changed_rows)
        or observed.window_moved(now)
        or any(parents[n].changed_rows is None for n in observed.reads if n in parents)
    )
    return None if unknown else delta.changed_rows


def _source_lag(observed: Observation, now: datetime) -> tuple[float | None, float | None]:
    """How far the worst SOURCE is behind the world, and how far it may be."""
    lags = [(now.timestamp() - source.newest, source.within) for source in observed.sources]
    if not lags:
        return None, None
    lag, within = max(lags, key=lambda each: each[0] - each[1])
    return max(lag, 0.0), within


def _fraction(changed: int | None, live: Version | None) -> float | None:
    """Changed rows as a share of the live version's; None on an empty view."""
    if changed is None or live is None or not live.rows:
        return None
    return changed / live.rows


def _why_fresh(observed: Observation) -> str:
    live = observed.live
    if _unmoved(observed) and (observed.changes or observed.moved or observed.window_from):
        return "what changed below it left its own rows as they are"
    return f"nothing it reads changed since snapshot {live.snapshot_id}" if live else ""

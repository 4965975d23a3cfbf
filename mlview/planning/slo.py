"""How well a target lag was kept: the share of time within it, and what may still be spent."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OBJECTIVE = 0.99
"""The share of time in which a view is to be within its target lag."""

WINDOW_SECONDS = 30 * 86_400.0
"""How far back it is looked at."""


class Delivery(NamedTuple):
    """A moment at which what serves was moved or confirmed. All in seconds since 1970.

    Attributes:
        at: the moment.
        stale_since: since when what served until then had been stale; None if it was not.
        target: the target lag that was declared, in seconds; None if there was none.
        read_at: the moment of the data that serves from then on.
        by_hand: a person moved the pointer (ROLLBACK, PIN): then nothing is known of what served
            until then but what is said after it, and `stale_since` and `target` say nothing.
    """

    at: float
    stale_since: float | None = None
    target: float | None = None
    read_at: float = -inf
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """How the view stands now, in seconds since 1970.

    Attributes:
        now: the moment.
        stale_since: since when it is stale; None if it is not.
        target: its target lag in seconds; None if it has none.
        declared_at: when its definition was altered last; a new target binds nobody before.
        known: whether it can be told how stale it is.
    """

    now: float
    stale_since: float | None = None
    target: float | None = None
    declared_at: float = -inf
    known: bool = True


@dataclass(frozen=True, slots=True)
class Slo:
    """One row of `mlview.slo`; None where nothing was measured or promised.

    `error_budget_left` is 1 with nothing spent, 0 where exactly the objective was met, and
    negative beyond.
    """

    target_lag_sec: float | None = None
    time_within_target_lag_ratio: float | None = None
    mean_lag_sec: float | None = None
    max_lag_sec: float | None = None
    error_budget_left: float | None = None


class Stretch(NamedTuple):
    """Time in which one thing served: its lag at t is `max(0, t - since)`; 0 with no `since`."""

    start: float
    end: float
    since: float | None
    target: float | None


def slo(deliveries: Sequence[Delivery], present: Present, *, window: float = WINDOW_SECONDS) -> Slo:
    """How a view did in the window, or since its first delivery if that is later.

    The lag is integrated exactly, each stretch of time against the target that bound then. A
    refresh that failed, or whose candidate was kept back, delivered nothing and ends no stretch.
    Time of which nothing is known (before a ROLLBACK, say) counts neither for nor against.

    Args:
        deliveries: in the order of time; those by hand before the first other one say nothing.
        present: how the view stands now.
        window: seconds before now.

    >>> half_late = slo([Delivery(0.0)], Present(now=200.0, stale_since=40.0, target=60.0))
    >>> half_late.time_within_target_lag_ratio, half_late.max_lag_sec, half_late.mean_lag_sec
    (0.5, 160.0, 64.0)
    """
    time = promised = late = area = longest = 0.0
    for stretch in stretches(deliveries, present):
        start, end = max(stretch.start, present.now - window), min(stretch.end, present.now)
        length = end - start
        if length <= 0.0:
            continue
        time += length
        if stretch.target is not None:
            promised += length
        if stretch.since is None or stretch.since >= end:
            continue
        first, last = max(0.0, start - stretch.since), end - stretch.since
        area += (last - first) * (last + first) / 2.0
        longest = max(longest, last)
        if stretch.target is not None:
            late += min(length, max(0.0, last - stretch.target))
    share = late / promised if promised else None
    return Slo(
        target_lag_sec=present.target,
        time_within_target_lag_ratio=None if share is None else 1.0 - share,
        mean_lag_sec=area / time if time else None,
        max_lag_sec=longest if time else None,
        error_budget_left=None if share is None else 1.0 - share / (1.0 - OBJECTIVE),
    )


class _Told(NamedTuple):
    """What is said at `until` of the time before it."""

    until: float
    known: bool
    since: float | None
    target: float | None


def stretches(deliveries: Sequence[Delivery], present: Present) -> Iterator[Stretch]:
    """The time from the first delivery to now in stretches of which the lag is known.

    What served before a person moved the pointer is judged by what was said later of an older
    version: that nothing changed since, or that the first change came after it was read. Where
    neither holds the stretch is left out.
    """
    first = next((i for i, delivery in enumerate(deliveries) if not delivery.by_hand), None)
    if first is None:
        return
    begun = deliveries[first]
    bound, altered = begun.target, present.declared_at
    told = _told(deliveries[first:], present)
    for delivery, said in zip([*deliveries[first + 1 :], None], told, strict=True):
        start, end = begun.at, max(begun.at, present.now if delivery is None else delivery.at)
        by_hand = delivery is not None and delivery.by_hand
        moved = by_hand and said.since is not None and said.since <= begun.read_at
        if said.known and not moved:
            if bound != said.target and start < altered <= said.until:
                yield Stretch(start, min(altered, end), said.since, bound)
                start = min(altered, end)
            yield Stretch(start, end, said.since, said.target)
        if delivery is not None:
            bound = bound if delivery.by_hand else delivery.target
            begun = delivery._replace(at=end)


def _told(deliveries: Sequence[Delivery], present: Present) -> list[_Told]:
    """What is said of the time after each delivery."""
    said = _Told(present.now, present.known, present.stale_since, present.target)
    told = [said]
    by_hand = False
    for delivery in reversed(deliveries[1:]):
        if not delivery.by_hand:
            since = delivery.stale_since
            if since is None and not by_hand:
                since = _unseen(said, delivery.at)
            said = _Told(delivery.at, True, since, delivery.target)
        by_hand = delivery.by_hand
        told.append(said)
    return told[::-1]


def _unseen(later: _Told, delivered_at: float) -> float | None:
    """When something changed that a delivery did not see, for it had looked before."""
    since = later.since if later.known else None
    return since if since is not None and since < delivered_at else None

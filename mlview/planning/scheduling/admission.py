"""Who may start now so that the most worth is in time: demand, early starts, and shedding."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from mlview.planning.scheduling.policies import MOMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Demand(NamedTuple):
    """What the pending work asks of the slots.

    Attributes:
        urgent: how many jobs, by deadline, have to start for somebody to be in time.
        wake_in: seconds until the next job or group becomes urgent by waiting alone; None if none
            does, or if not everything fits.
    """

    urgent: int
    wake_in: float | None


def demand(
    order: Sequence[int],
    *,
    due: Sequence[float],
    costs: Sequence[float],
    now: float,
    load: float,
    slots: int,
    spare: float,
) -> Demand:
    """Just in time for groups: when jobs that end together have to begin.

    A job's slack is what is left before its deadline after all work that is due no later. Once
    the slack of one is used up, all that is due no later starts. There is no room for a retry in
    that: it would be kept for every job of the group, and cost more runs than it saves. If somebody
    cannot be in time any more because of the others, no group starts early: everyone for himself.

    Args:
        order: jobs by deadline.
        due: each job's deadline.
        costs: each job's seconds.
        now: the moment.
        load: seconds of work that is running.
        slots: how many work.
        spare: seconds to keep free before each deadline.
    """
    work, urgent, wake_in = load, 0, None
    for position, job in enumerate(order):
        cost = costs[job]
        slack = due[job] - now - work / slots - cost
        work += cost
        if slack < 0.0:
            if due[job] >= now + cost:
                return Demand(0, None)
            continue
        margin = slack - spare
        if margin <= MOMENT:
            urgent = position + 1
        elif wake_in is None or margin < wake_in:
            wake_in = margin
    return Demand(urgent, wake_in)


def crowded_out(
    order: Sequence[int],
    *,
    due: Sequence[float],
    costs: Sequence[float],
    worth: Mapping[int, float],
    now: float,
    load: float,
    slots: int,
) -> set[int]:
    """The jobs to give up so that the others are in time, those worth least per second.

    Weighted Moore-Hodgson: jobs are taken by deadline; where one would be late, the least worth
    among those taken goes, until it is in time. Nobody goes for a job that is late in any case.
    Source: J. M. Moore, An n job, one machine sequencing algorithm, Management Science 15 (1968),
    with worth per second in place of length, and several slots sharing the work evenly.

    >>> jobs = dict(due=[10, 12], costs=[8, 8], worth={0: 1.0, 1: 2.0})
    >>> crowded_out([0, 1], **jobs, now=0, load=0, slots=1)
    {0}
    """
    longest_first = sorted(order, key=costs.__getitem__, reverse=True)
    by_worth = sorted(longest_first, key=worth.__getitem__)
    rank = {job: position for position, job in enumerate(by_worth)}
    kept: list[int] = []
    out: set[int] = set()
    work = load
    for job in order:
        cost = costs[job]
        heappush(kept, rank[job])
        work += cost
        if due[job] < now + cost:
            continue
        while job not in out and now + (work - cost) / slots + cost > due[job]:
            least = by_worth[heappop(kept)]
            work -= costs[least]
            out.add(least)
    return out

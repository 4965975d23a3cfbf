"""Views whose refreshes are killed, and those that were only near."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.definitions import Name
from mlview.planning.scheduling import Mode, ScheduledView, Scheduler
from mlview.planning.scheduling.suspects import KILLS


def names(decision):
    return [[str(step.name) for step in start.steps] for start in decision.starts]


def late(view, object_id, **values):
    return view(object_id, target_lag=9, stale_since=0.0, **values)


def test_after_one_kill_in_a_row_all_go_on_side_by_side(view):
    views = [late(view, n, failures=1, killed=1, last_failed_at=50) for n in (1, 2)]
    assert names(Scheduler(2, tick=1).decide(views, 100)) == [["v1"], ["v2"]]


def test_of_those_killed_again_one_starts_and_the_others_say_why_they_wait(view):
    views = [late(view, n, failures=2, killed=KILLS, last_failed_at=50) for n in (1, 2)]
    decision = Scheduler(3, tick=1).decide([*views, late(view, 3)], 100)
    assert sorted(names(decision)) == [["v1"], ["v3"]]
    (waiting,) = decision.waiting
    assert str(waiting.name) == "v2"
    assert waiting.reason.startswith("its worker was killed 2 times in a row")


@pytest.mark.parametrize(("suspended", "started"), [(False, []), (True, [["v2"]])])
def test_it_waits_for_another_that_runs_and_not_for_one_that_nobody_tries(view, suspended, started):
    killed = {"failures": 2, "killed": KILLS, "last_failed_at": 50}
    views = [
        late(view, 1, running=not suspended, suspended=suspended, **killed),
        late(view, 2, **killed),
    ]
    running = [] if suspended else [110.0]
    assert names(Scheduler(2, tick=1).decide(views, 100, running=running)) == started


def test_those_that_one_worker_refreshes_in_turn_need_not_wait_for_each_other(view):
    killed = {"failures": 2, "killed": KILLS, "last_failed_at": 50}
    parent = view(1, downstream=True, stale_since=0.0, **killed)
    child = view(2, parents=(1,), target_lag=60, stale_since=0.0, cost=0.1, gap=90, **killed)
    assert names(Scheduler(2, tick=1).decide([parent, child], 60)) == [["v1", "v2"]]


class World:
    """Views that change all the time; the fatal ones take along all that runs when they end.

    Args:
        costs: seconds of a refresh of each, the fatal ones first.
        fatal: how many are.
        slots: how many run at once.
    """

    def __init__(self, costs, fatal, slots) -> None:
        self.views = [
            ScheduledView(n, Name(f"v{n}"), target_lag=1.0, predicted={Mode.FULL: float(cost)})
            for n, cost in enumerate(costs)
        ]
        self.views = [replace(view, stale_since=0.0) for view in self.views]
        self.fatal, self.scheduler = fatal, Scheduler(slots, tick=1)
        self.ends, self.worst = {}, [0] * len(costs)

    def run(self, deaths):
        """Until somebody fatal has died so often."""
        now = 0.0
        while deaths:
            decision = self.scheduler.decide(self.views, now, running=list(self.ends.values()))
            for start in decision.starts:
                (n,) = start.object_ids
                self.ends[n] = now + start.predicted_seconds
                self.views[n] = replace(self.views[n], running=True)
            wakes = [decision.wake_at] if decision.wake_at is not None else []
            now = min([*self.ends.values(), *wakes])
            ended = [n for n, end in self.ends.items() if end <= now]
            if any(n < self.fatal for n in ended):
                deaths -= 1
                self.end(list(self.ends), now, died=True)
            else:
                self.end(ended, now, died=False)

    def end(self, places, now, *, died):
        for n in places:
            del self.ends[n]
            view = self.views[n]
            kills = view.killed + 1 if died else 0
            self.views[n] = replace(
                view, running=False, killed=kills, failures=kills, elsewhere=kills,
                stale_since=0.0 if died else now, last_failed_at=now if died else None,
            )  # fmt: skip
            self.worst[n] = max(self.worst[n], kills)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(1, 4))
def test_a_neighbour_of_a_fatal_view_never_dies_more_than_twice_in_a_row(costs, slots):
    world = World(costs, 1, slots)
    world.run(9)
    assert world.worst[0] == 9
    assert max(world.worst[1:]) <= 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=3, max_size=6), st.integers(1, 4))
def test_however_many_are_fatal_each_of_them_takes_others_along_twice_at_most(costs, slots):
    world = World(costs, 2, slots)
    world.run(20)
    assert max(world.worst[2:]) <= 4

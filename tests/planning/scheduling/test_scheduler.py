"""What starts now, what waits, and who is late."""

import pytest

from mlview.planning.scheduling import Mode, Scheduler, SlaPolicy


def names(decision):
    return [[str(step.name) for step in start.steps] for start in decision.starts]


def test_a_view_starts_just_in_time_with_room_for_half_a_run_more(view):
    views = [view(1, target_lag=100, cost=10, stale_since=0.0)]
    scheduler = Scheduler(1, tick=1)
    early = scheduler.decide(views, 50)
    assert early.starts == ()
    (waiting,) = early.waiting
    assert early.wake_at == waiting.wake_at == 83
    assert waiting.reason == "not due yet"
    (start,) = scheduler.decide(views, 83).starts
    assert (start.object_ids, start.predicted_seconds, start.deadline) == ((1,), 10, 100)


def test_what_was_decided_stays_as_it_was_when_the_views_move_on(view):
    views = [view(1, target_lag=100, cost=10, stale_since=0.0)]
    scheduler = Scheduler(1, tick=1)
    early, same = scheduler.decide(views, 50), scheduler.decide(list(views), 50)
    views[0] = view(2, target_lag=9, stale_since=0.0)
    assert [str(one.name) for one in early.waiting] == ["v1"]
    assert early == same
    assert early.waiting != scheduler.decide(views, 50).waiting


def test_a_fresh_view_and_one_refreshed_by_hand_are_left_alone(view):
    decision = Scheduler(1, tick=1).decide([view(1, target_lag=9), view(2, stale_since=0.0)], 1e6)
    assert (decision.starts, decision.waiting, decision.wake_at) == ((), (), None)
    assert (decision.idle.slots, decision.idle.until) == (1, None)


def test_an_empty_delta_is_confirmed_for_free_even_with_no_slot(view):
    views = [view(1, target_lag=60, changed_at=5.0)]
    (start,) = Scheduler(1, tick=1).decide(views, 6, running=[99]).starts
    assert start.steps[0].mode is Mode.NO_DATA
    assert start.predicted_seconds == 0


def test_the_cheaper_mode_is_taken(view):
    views = [view(1, target_lag=60, stale_since=0.0, predicted={Mode.FULL: 9, Mode.INCREMENTAL: 1})]
    (start,) = Scheduler(1, tick=1).decide(views, 60).starts
    assert start.steps[0].mode is Mode.INCREMENTAL


def test_a_due_view_brings_its_stale_parents_along_at_one_snapshot(view):
    views = [
        view(1, downstream=True, stale_since=0.0),
        view(2, parents=(1,), target_lag=60, stale_since=0.0, cost=0.1, gap=90),
    ]
    (start,) = Scheduler(2, tick=1).decide(views, 60).starts
    assert start.object_ids == (1, 2)
    assert start.snapshot_before is None


def test_a_parent_is_refreshed_before_its_reader_is_due(view):
    views = [
        view(1, cost=20, downstream=True, stale_since=0.0),
        view(2, cost=10, parents=(1,), target_lag=100, stale_since=0.0),
    ]
    scheduler = Scheduler(1, tick=1)
    wake_at = scheduler.decide(views, 0).wake_at
    (start,) = scheduler.decide(views, wake_at).starts
    assert start.object_ids == (1,)
    assert start.deadline == 90
    assert wake_at <= 90 - 1.5 * 20 - 2


def test_what_a_parent_already_has_is_shared_when_that_is_cheaper(view):
    views = [
        view(1, cost=50, stale_since=40.0, changed_at=40.0, read_at=39, target_lag=1e6),
        view(2, parents=(1,), target_lag=60, cost=5, stale_since=0.0, changed_at=40.0, read_at=-1),
    ]
    (start,) = Scheduler(1, tick=1).decide(views, 60).starts
    assert start.object_ids == (2,)
    assert start.snapshot_before == 40


def test_a_failed_view_is_tried_again_after_a_pause_that_doubles(view):
    def decide(now, failures):
        stale = view(1, target_lag=9, stale_since=0.0, failures=failures, last_failed_at=100)
        return Scheduler(1, tick=2).decide([stale], now)

    assert decide(101, 1).wake_at == 102
    assert decide(101, 3).wake_at == 108
    assert decide(101, 40).wake_at == 3700
    assert names(decide(108, 3)) == [["v1"]]
    assert decide(108, 4).suspend == ()
    assert [str(name) for name in decide(108, 5).suspend] == ["v1"]


def test_a_view_is_suspended_for_its_own_failures_only(view):
    def suspended(failures, elsewhere):
        stale = view(
            1,
            target_lag=9,
            stale_since=0.0,
            failures=failures,
            elsewhere=elsewhere,
            last_failed_at=100,
        )
        return [str(name) for name in Scheduler(1, tick=2).decide([stale], 101).suspend]

    assert suspended(9, 5) == []
    assert suspended(10, 5) == ["v1"]


def test_who_cannot_be_in_time_is_named_with_the_age_it_will_reach(view):
    views = [
        view(1, target_lag=20, cost=15, stale_since=0.0, weight=10),
        view(2, target_lag=20, cost=15, stale_since=0.0),
    ]
    decision = Scheduler(1, tick=1).decide(views, 0)
    assert names(decision) == [["v1"]]
    (shed,) = decision.shed
    assert (str(shed.name), shed.effective_target_lag) == ("v2", pytest.approx(30))
    assert "1 slots" in shed.reason
    assert "v2 (30 s)" in decision.warnings[0]


def test_who_has_a_refresh_when_alone_is_due_and_never_late(view):
    """Nobody promised how old it may become: only a reader with a target makes it late."""
    views = [
        view(1, target_lag=20, cost=15, stale_since=0.0, weight=10),
        view(2, stale_since=0.0, cost=15, predicate_due=True),
    ]
    decision = Scheduler(1, tick=1).decide(views, 0)
    assert names(decision) == [["v1"]]
    assert (decision.shed, decision.warnings) == ((), ())
    (waiting,) = decision.waiting
    assert waiting.reason == "its REFRESH WHEN is true, so it is due; no slot is free"
    views.append(view(3, parents=(2,), target_lag=20, cost=15, stale_since=0.0))
    assert [str(one.name) for one in Scheduler(1, tick=1).decide(views, 0).shed] == ["v2", "v3"]


def test_a_long_run_does_not_start_before_a_short_one_that_it_would_make_late(view):
    views = [
        view(1, target_lag=115, cost=60, stale_since=0.0),
        view(2, target_lag=60, cost=1, stale_since=0.0),
    ]
    (start,) = Scheduler(1, tick=1).decide(views, 25).starts
    assert start.object_ids == (2,)


def test_the_longest_neglected_goes_first_whatever_it_is_worth(view):
    views = [
        view(1, target_lag=100, cost=50, stale_since=0.0, weight=100),
        view(2, target_lag=10, cost=5, stale_since=0.0, weight=0.01),
    ]
    assert names(Scheduler(1, tick=1).decide(views, 99))[0] == ["v2"]


def test_idle_slots_are_told_until_the_next_known_start(view):
    views = [view(1, target_lag=100, cost=10, stale_since=0.0)]
    decision = Scheduler(3, tick=1).decide(views, 10, running=[10.0])
    assert (decision.idle.slots, decision.idle.until) == (2, 83)


def test_a_view_by_predicate_alone_starts_when_it_is_true(view):
    views = [view(1, stale_since=0.0, cost=5)]
    assert names(Scheduler(1, tick=1).decide(views, 9)) == []
    due = [view(1, stale_since=0.0, cost=5, predicate_due=True)]
    assert names(Scheduler(1, tick=1).decide(due, 9)) == [["v1"]]


def test_a_view_by_predicate_alone_is_not_forgotten_in_overload(view):
    """Due since nobody knows when, it goes first once it is several changes old."""
    weighty = view(1, target_lag=100, cost=50, stale_since=0.0, weight=100)
    due = view(2, stale_since=0.0, cost=5, gap=20, predicate_due=True, weight=0.01)
    assert names(Scheduler(1, tick=1).decide([weighty, due], 49)) == [["v1"]]
    assert names(Scheduler(1, tick=1).decide([weighty, due], 155)) == [["v2"]]


def test_who_would_become_older_than_is_patient_goes_before_the_weighty_and_no_sooner(view):
    weighty = view(1, target_lag=10, cost=2, stale_since=50.0, weight=1000)
    light = view(2, target_lag=10, cost=4, stale_since=0.0)
    scheduler = Scheduler(1, tick=1, policy=SlaPolicy(room=1.5, patience=8))
    assert names(scheduler.decide([weighty, light], 71)) == [["v1"]]
    assert names(scheduler.decide([weighty, light], 74)) == [["v2"]]


def test_those_who_run_out_of_patience_together_begin_while_half_of_the_slots_is_enough(view):
    """Four runs of 4 s and room for half of one take 30 s on half a slot: from 80 back to 50."""
    weighty = view(9, target_lag=10, cost=2, stale_since=30.0, weight=1000)
    light = [view(place, target_lag=10, cost=4, stale_since=0.0) for place in range(1, 5)]
    scheduler = Scheduler(1, tick=1, policy=SlaPolicy(room=1.5, patience=8))
    assert names(scheduler.decide([weighty, *light], 49)) == [["v9"]]
    assert names(scheduler.decide([weighty, *light], 50)) == [["v1"]]
    assert names(scheduler.decide([weighty, *light[:3]], 57)) == [["v9"]]
    assert names(scheduler.decide([weighty, *light[:3]], 58)) == [["v1"]]


def test_a_long_queue_of_views_that_are_a_little_late_does_not_go_before_the_weighty(view):
    weighty = view(999, target_lag=10, cost=2, stale_since=30.0, weight=1000)
    light = [view(place, target_lag=10, cost=4, stale_since=20.0) for place in range(1, 100)]
    scheduler = Scheduler(1, tick=1, policy=SlaPolicy(room=1.5, patience=8))
    assert names(scheduler.decide([weighty, *light], 50)) == [["v999"]]


def test_a_slow_weighty_view_is_not_late_for_the_sake_of_a_quick_light_one(view):
    weighty = view(1, target_lag=100, cost=40, stale_since=0.0, weight=10)
    light = view(2, target_lag=100, cost=3, stale_since=0.0)
    assert names(Scheduler(1, tick=1).decide([weighty, light], 200)) == [["v1"]]
    equal = view(1, target_lag=100, cost=40, stale_since=0.0)
    assert names(Scheduler(1, tick=1).decide([equal, light], 200)) == [["v2"]]


def test_a_light_run_waits_for_the_weighty_one_that_it_would_make_late(view):
    def first(weight):
        weighty = view(1, target_lag=120, cost=30, stale_since=0.0, weight=weight)
        late = view(2, target_lag=40, cost=40, stale_since=0.0)
        return names(Scheduler(1, tick=1).decide([late, weighty], 60))

    assert first(1) == [["v2"]]
    assert first(3) == [["v1"]]


@pytest.mark.parametrize("slots", [1, 8])
def test_who_would_become_too_old_before_the_next_slot_is_free_gets_the_last(view, slots):
    light = view(2, target_lag=10, cost=4, stale_since=0.0)
    scheduler = Scheduler(slots, tick=1, policy=SlaPolicy(room=1.5, patience=8))

    def first(cost, *, others_end):
        weighty = view(1, target_lag=20, cost=cost, gap=99, stale_since=0.0, weight=9)
        running = [others_end] * (slots - 1)
        return names(scheduler.decide([weighty, light], 50, running=running))

    assert first(90, others_end=200) == [["v2"]]
    assert first(20, others_end=200) == [["v1"]]
    assert first(90, others_end=60) == [["v2" if slots == 1 else "v1"]]


def test_views_that_were_never_materialized_start_together_from_the_newest_snapshot(view):
    views = [
        view(1, downstream=True, stale_since=50.0, changed_at=50.0, cost=20),
        view(2, parents=(1,), target_lag=60, stale_since=40.0, changed_at=50.0, gap=900),
    ]
    (start,) = Scheduler(1, tick=1).decide(views, 99).starts
    assert (start.object_ids, start.snapshot_before) == ((1, 2), None)


def test_a_target_that_nothing_can_meet_does_not_put_a_view_before_all_others(view):
    """A reader of something slow is as old as it takes to bring it forward, not neglected."""
    slow = view(1, cost=1000, downstream=True, stale_since=0.0)
    reader = view(2, parents=(1,), target_lag=100, stale_since=0.0, cost=1)
    weighty = view(3, target_lag=1100, cost=20, stale_since=0.0, weight=10)
    assert names(Scheduler(1, tick=1).decide([slow, reader, weighty], 1090)) == [["v3"]]


def test_a_neglected_reader_brings_along_what_would_be_patient_for_its_own_sake(view):
    parent = view(1, target_lag=1000, cost=20, stale_since=0.0, changed_at=300.0)
    reader = view(2, parents=(1,), target_lag=30, cost=5, stale_since=0.0, changed_at=300.0)
    assert names(Scheduler(1, tick=1).decide([parent, reader], 300)) == [["v1", "v2"]]


def test_two_parents_that_run_in_turn_do_not_keep_a_neglected_reader_from_both(view):
    """There is one snapshot of both only if, at one moment, neither of them runs."""
    parents = [
        view(1, target_lag=10, stale_since=95.0, read_at=94, cost=5, running=True),
        view(2, target_lag=10, stale_since=90.0, read_at=89, cost=5),
    ]
    reader = view(3, parents=(1, 2), target_lag=10, stale_since=0.0, cost=5, read_at=-1)
    scheduler = Scheduler(2, tick=1)
    assert names(scheduler.decide([*parents, reader], 100, running=[101])) == []
    young = view(3, parents=(1, 2), target_lag=1000, stale_since=0.0, cost=5, read_at=-1)
    assert names(scheduler.decide([*parents, young], 100, running=[101])) == [["v2"]]

"""What the catalog knows for unattended refreshes: beats, failures in a row, the dead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from mlview.errors import LeaseLost, RefreshBusy
from mlview.records import Action, DaemonState, Failures, Heartbeat, RefreshState, Trigger
from mlview.storage import excusing
from mlview.storage.excusing import AT_MOST, TOGETHER
from mlview.storage.processes import holder_here

MINUTE = timedelta(minutes=1)


@pytest.fixture
def beat(scene):
    return Heartbeat(
        holder="here:7:1.5",
        version="1.0",
        started_at=scene.now,
        beat_at=scene.now,
        tick_sec=5.0,
        slots=2,
    )


@pytest.fixture
def ends(catalog, scene):
    """Begin a refresh, a minute after the one before, and end it."""

    def end(row, state=RefreshState.FAILED, *, code="FIT_FAILED", **begun):
        at = scene.now + (len(catalog.refreshes()) + 1) * MINUTE
        given = {"trigger": Trigger.SCHEDULED, "started_at": at} | begun
        refresh = scene.begin(row, **given)
        error = None if state is RefreshState.SUCCEEDED else f"attempt {refresh}"
        catalog.finish_refresh(refresh, state=state, now=at, error_code=error and code, error=error)
        return at

    return end


def counts(catalog, **given):
    return {i: failed.count for i, failed in catalog.scheduled_failures(**given).items()}


def test_a_beat_replaces_the_one_before_and_all_of_it_reads_back(catalog, scene, beat):
    catalog.beat(beat)
    later = replace(beat, beat_at=scene.now + MINUTE, running=2, note="\udcff overload")
    catalog.beat(later)
    assert catalog.heartbeats() == (replace(later, note="\\udcff overload"),)


def test_daemons_are_listed_by_their_last_beat_and_forgotten_by_age(catalog, scene, beat):
    stopped = replace(beat, holder="there:8:0", state=DaemonState.STOPPED)
    newer = replace(beat, beat_at=scene.now + MINUTE)
    catalog.beat(stopped)
    catalog.beat(newer)
    assert catalog.heartbeats() == (newer, stopped)
    assert catalog.forget_heartbeats(scene.now + MINUTE) == 1
    assert catalog.heartbeats() == (newer,)


def test_a_beat_does_not_make_anybody_look_again(catalog, scene, beat):
    scene.model()
    before = catalog.counter()
    catalog.beat(beat)
    catalog.forget_heartbeats(scene.now + MINUTE)
    assert catalog.counter() == before


def test_failures_in_a_row_are_counted_and_the_last_is_told(catalog, scene, ends):
    row, other = scene.model("a"), scene.model("b")
    ends(row)
    ends(other, RefreshState.SUCCEEDED)
    last = ends(row)
    assert catalog.scheduled_failures() == {row.id: Failures(2, last, "attempt 3")}


def test_a_success_by_any_trigger_ends_the_row(catalog, scene, ends):
    row = scene.model()
    ends(row)
    ends(row, RefreshState.SUCCEEDED, trigger=Trigger.MANUAL)
    assert counts(catalog) == {}
    ends(row)
    assert counts(catalog) == {row.id: 1}


def test_a_refresh_that_somebody_asked_for_is_no_failure_of_the_schedule(catalog, scene, ends):
    row = scene.model()
    ends(row)
    ends(row, trigger=Trigger.MANUAL)
    assert counts(catalog) == {row.id: 1}


@pytest.mark.parametrize("code", [RefreshBusy.code, LeaseLost.code])
def test_what_two_processes_do_to_each_other_neither_counts_nor_resets(catalog, scene, ends, code):
    row = scene.model()
    ends(row)
    ends(row, code=code)
    ends(row)
    assert counts(catalog) == {row.id: 2}


@pytest.mark.parametrize(
    "code",
    ["DISK_FULL", "LOCK_TIMEOUT", "STORAGE", "ARTIFACT_IO", "WORKER_NOT_BEGUN", "WORKER_ORPHANED"],
)
def test_what_the_machine_did_counts_as_a_failure_from_elsewhere(catalog, scene, ends, code):
    row = scene.model()
    ends(row)
    last = ends(row, code=code)
    assert catalog.scheduled_failures() == {row.id: Failures(2, last, "attempt 2", elsewhere=1)}


@pytest.fixture
def dies(catalog, scene):
    """Begin refreshes side by side, a minute after the one before, and find them all dead."""

    def die(*rows, **begun):
        at = scene.now + (len(catalog.refreshes()) + 1) * MINUTE
        for row in rows:
            scene.begin(row, **{"trigger": Trigger.SCHEDULED, "started_at": at} | begun)
        catalog.abandon_dead(at + MINUTE / 2)
        return at + MINUTE / 2

    return die


def test_what_died_with_its_daemon_counts_from_when_it_was_found(catalog, scene, ends, dies):
    row = scene.model()
    ends(row)
    found = dies(row)
    (failed,) = catalog.scheduled_failures().values()
    assert (failed.count, failed.last_at, failed.elsewhere, failed.killed) == (2, found, 0, 1)


def test_what_died_and_was_asked_for_by_hand_counts_for_nothing(catalog, scene, dies):
    row = scene.model()
    dies(row, trigger=Trigger.MANUAL)
    dies(row, trigger=Trigger.CREATION)
    assert counts(catalog) == {}


def test_what_slept_past_its_lease_neither_counts_nor_resets(catalog, scene, ends):
    row = scene.model()
    ends(row)
    scene.lease(row, holder=holder_here())
    scene.begin(row, trigger=Trigger.SCHEDULED, started_at=scene.now + MINUTE)
    catalog.abandon_dead(scene.now + 5 * MINUTE)
    assert counts(catalog) == {row.id: 1}


def test_who_dies_beside_others_is_not_to_blame_and_who_dies_alone_is(catalog, scene, dies, ends):
    row, other = scene.model("a"), scene.model("b")
    dies(row, other)
    ends(other, RefreshState.SUCCEEDED)
    dies(row)
    dies(row)
    assert to_blame(catalog) == {row.id: 2}


def to_blame(catalog):
    """By object id, its own failures in a row."""
    return {i: f.count - f.elsewhere for i, f in catalog.scheduled_failures().items()}


@pytest.fixture
def kills(ends):
    def kill(*rows, code="WORKER_KILLED"):
        for row in rows:
            ends(row, code=code)

    return kill


@pytest.mark.parametrize("code", ["WORKER_KILLED", "MACHINE_OUT_OF_MEMORY"])
def test_who_alone_is_killed_again_and_again_is_to_blame(catalog, scene, kills, code):
    row = scene.model()
    scene.model("other")
    kills(row, row, row, code=code)
    assert to_blame(catalog) == {row.id: 3}


def test_who_is_killed_while_others_are_refreshed_is_to_blame(catalog, scene, ends, kills):
    row, other, third = (scene.model(name) for name in "abc")
    kills(third)
    for _ in range(3):
        ends(other, RefreshState.SUCCEEDED)
        kills(row)
    ends(other, RefreshState.SUCCEEDED)
    kills(third)
    assert to_blame(catalog) == {row.id: 3, third.id: 2}


def test_a_machine_that_kills_everybody_is_to_blame_itself(catalog, scene, kills):
    rows = [scene.model(name) for name in "abc"]
    kills(*rows, *rows, rows[0], rows[0])
    assert to_blame(catalog) == {row.id: 0 for row in rows}


def test_two_that_excuse_each_other_are_both_to_blame_in_the_end(catalog, scene, kills):
    rows = [scene.model(name) for name in "ab"]
    for _ in range(AT_MOST):
        kills(*rows)
    assert to_blame(catalog) == {row.id: 0 for row in rows}
    kills(*rows, *rows)
    assert to_blame(catalog) == {row.id: 2 for row in rows}


def test_who_is_refreshed_each_time_between_was_taken_along_and_is_no_excuse(
    catalog, scene, dies, ends
):
    row, others = scene.model("a"), [scene.model("b"), scene.model("c")]
    for other in others * 3:
        dies(row, other)
        for one in others:
            ends(one, RefreshState.SUCCEEDED)
    assert to_blame(catalog) == {row.id: 5}


def test_once_it_lets_others_live_only_what_is_killed_from_then_on_counts(
    catalog, scene, ends, kills
):
    row, other = scene.model("a"), scene.model("b")
    kills(row, other, row, row)
    ends(other, RefreshState.SUCCEEDED)
    assert to_blame(catalog) == {row.id: 0}
    kills(row, row)
    assert to_blame(catalog) == {row.id: 2}


def test_a_kill_of_another_day_excuses_nobody(catalog, scene, ends, kills):
    row, other = scene.model("a"), scene.model("b")
    kills(other)
    late = scene.now + TOGETHER + 5 * MINUTE
    for n in range(6):
        ends(row, code="WORKER_KILLED", started_at=late + n * MINUTE)
    assert to_blame(catalog) == {row.id: 6, other.id: 1}


def test_kills_too_long_ago_to_be_looked_at_are_held_against_nobody(
    catalog, scene, kills, monkeypatch
):
    monkeypatch.setattr(excusing, "_REMEMBERED", 6)
    rows = [scene.model(name) for name in "ab"]
    for _ in range(8):
        kills(*rows)
    assert to_blame(catalog) == {row.id: 0 for row in rows}


def test_that_nothing_changed_somebody_else_shows_nothing_of_workers(catalog, scene, ends, kills):
    row, other = scene.model("a"), scene.model("b")
    kills(other)
    ends(other, RefreshState.SUCCEEDED, action=Action.NO_DATA)
    ends(other, RefreshState.SUCCEEDED, trigger=Trigger.MANUAL)
    ends(row, RefreshState.SUCCEEDED)
    kills(row)
    assert to_blame(catalog) == {row.id: 0}


@pytest.mark.parametrize("state", [RefreshState.CANCELLED, RefreshState.UPSTREAM_FAILED])
def test_what_was_never_tried_to_the_end_neither_counts_nor_resets(catalog, scene, ends, state):
    row = scene.model()
    ends(row)
    ends(row, state)
    scene.begin(row, trigger=Trigger.SCHEDULED)
    assert counts(catalog) == {row.id: 1}


def test_resuming_and_redefining_begin_a_new_row(catalog, scene, ends):
    row = scene.model()
    at = ends(row)
    catalog.suspend(row.id, False, now=at + MINUTE / 2)
    assert counts(catalog) == {}
    at = ends(row)
    assert counts(catalog) == {row.id: 1}
    catalog.redefine(row.id, row.create_text, "f2", owner=None, now=at + MINUTE / 2)
    assert counts(catalog) == {}


def test_a_caller_may_count_from_a_later_moment(catalog, scene, ends):
    row, other = scene.model("a"), scene.model("b")
    ends(row)
    ends(other)
    last = ends(row)
    assert counts(catalog, since={row.id: last, other.id: None}) == {row.id: 1, other.id: 1}


def test_failures_of_what_was_dropped_are_nobodys(catalog, scene, ends):
    row = scene.model()
    ends(row)
    catalog.drop([row.id], now=scene.now)
    assert counts(catalog) == {}


def test_a_schedule_says_why_it_suspended_and_resuming_clears_it(catalog, scene):
    row = scene.model()
    kept = catalog.suspend(row.id, True, now=scene.now, reason="5 failures in a row")
    assert (kept.suspended, kept.suspended_reason, kept.suspended_at) == (
        True,
        "5 failures in a row",
        scene.now,
    )
    resumed = catalog.suspend(row.id, False, now=scene.now + MINUTE)
    assert (resumed.suspended_reason, resumed.suspended_at) == (None, None)
    assert (resumed.suspended, resumed.resumed_at) == (False, scene.now + MINUTE)


def test_only_refreshes_under_a_good_lease_are_running(catalog, scene):
    good, unleased, late = scene.model("a"), scene.model("b"), scene.model("c")
    scene.lease(good)
    scene.begin(good, predicted_seconds=2.5)
    scene.begin(unleased)
    scene.lease(late, seconds=10)
    scene.begin(late)
    (found,) = catalog.running(scene.now + MINUTE / 2)
    assert (found.object_id, found.holder) == (good.id, "elsewhere:1:0")
    assert (found.started_at, found.predicted_seconds) == (scene.now, 2.5)


def test_what_a_process_of_this_host_left_when_it_died_is_not_running(catalog, scene):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    row = scene.model()
    scene.lease(row, holder=f"{socket.gethostname()}:{child.pid}:0")
    scene.begin(row)
    assert catalog.running(scene.now) == ()


def test_the_rows_of_a_dead_worker_fail_with_how_it_died(catalog, scene):
    died, alive = scene.model("a"), scene.model("b")
    token = scene.lease(died, holder="here:5:0")
    refresh = scene.begin(died)
    scene.lease(alive, holder="here:6:0")
    scene.begin(alive)
    (record,) = catalog.bury(
        "here:5:0", now=scene.now + MINUTE, error_code="WORKER_KILLED", error="a: SIGSEGV"
    )
    assert (record.refresh_id, record.state) == (refresh, RefreshState.FAILED)
    assert (record.error_code, record.error) == ("WORKER_KILLED", "a: SIGSEGV")
    assert record.finished_at == scene.now + MINUTE
    assert [one.object_id for one in catalog.running(scene.now)] == [alive.id]
    with pytest.raises(LeaseLost, match="it was let go"):
        catalog.renew(died.id, token, scene.now, 60)
    assert scene.lease(died) == token + 1


def test_a_worker_that_died_before_it_began_a_row_leaves_no_lease(catalog, scene):
    row = scene.model()
    token = scene.lease(row, holder="here:5:0")
    assert catalog.bury("here:5:0", now=scene.now, error_code="X", error="x") == ()
    assert scene.lease(row) == token + 1


def test_burying_takes_nothing_from_whoever_took_over(catalog, scene):
    row = scene.model()
    scene.lease(row, holder="here:5:0")
    scene.begin(row)
    token = scene.lease(row, holder="there:6:0", now=scene.now + MINUTE)
    later = scene.begin(row)
    assert catalog.bury("here:5:0", now=scene.now, error_code="X", error="x") == ()
    catalog.renew(row.id, token, scene.now, 60)
    assert catalog.refreshes()[0].refresh_id == later
    assert catalog.refreshes()[0].state is RefreshState.EXECUTING


def test_what_an_earlier_holder_left_did_not_die_of_this(catalog, scene):
    row = scene.model()
    scene.lease(row, holder="there:6:0")
    earlier = scene.begin(row)
    scene.lease(row, holder="here:5:0", now=scene.now + MINUTE)
    refresh = scene.begin(row)
    (record,) = catalog.bury("here:5:0", now=scene.now, error_code="X", error="x")
    assert record.refresh_id == refresh
    assert [r.refresh_id for r in catalog.abandon_dead(scene.now)] == [earlier]


def test_a_buried_refresh_cannot_publish(catalog, scene):
    row = scene.model()
    version = scene.candidate(row)
    token = scene.lease(row, holder=f"here:{os.getpid()}:0")
    refresh = scene.begin(row)
    holder = f"here:{os.getpid()}:0"
    catalog.bury(holder, now=scene.now, error_code="X", error="x")
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x", "refresh_id": refresh}
    with pytest.raises(LeaseLost):
        catalog.publish(row.id, version.number, **given)

"""Leases and the refresh history: who may publish, and what becomes of those who died."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.errors import LeaseLost, RefreshBusy, UsageProblem
from mlview.records import RefreshState
from mlview.storage.catalog import Catalog
from mlview.storage.processes import describe, holder_here, is_gone

SECOND = timedelta(seconds=1)
HOST = socket.gethostname()


def ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_held_lease_is_refused_with_the_name_of_its_holder(scene):
    row = scene.model()
    scene.lease(row, holder="train-7:4711:0")
    with pytest.raises(RefreshBusy, match="refreshed by process 4711 on train-7") as caught:
        scene.lease(row, holder="train-8:1:0", now=scene.now + 59 * SECOND)
    assert caught.value.facts["holder"] == "train-7:4711:0"
    assert caught.value.facts["expires_at"] == scene.now + 60 * SECOND


def test_one_process_holds_a_lease_once(scene):
    row = scene.model()
    scene.lease(row, holder=holder_here())
    with pytest.raises(RefreshBusy):
        scene.lease(row, holder=holder_here())


def test_leases_of_two_objects_are_apart(scene):
    assert [scene.lease(scene.model(name)) for name in "ab"] == [1, 1]


def test_a_lease_that_ran_out_goes_to_the_next_with_a_greater_token(catalog, scene):
    row = scene.model()
    first = scene.lease(row)
    second = scene.lease(row, now=scene.now + 60 * SECOND)
    assert second > first
    with pytest.raises(LeaseLost, match="process 1 on elsewhere has it now"):
        catalog.renew(row.id, first, scene.now, 60)


def test_renewing_keeps_others_out(catalog, scene):
    row = scene.model()
    token = scene.lease(row)
    catalog.renew(row.id, token, scene.now + 50 * SECOND, 60)
    with pytest.raises(RefreshBusy):
        scene.lease(row, now=scene.now + 100 * SECOND)


def test_a_released_lease_is_free_and_its_token_worthless(catalog, scene):
    row = scene.model()
    token = scene.lease(row)
    catalog.release(row.id, token)
    with pytest.raises(LeaseLost, match="it was let go"):
        catalog.renew(row.id, token, scene.now, 60)
    assert scene.lease(row) == token + 1


def test_releasing_what_is_not_ours_any_more_takes_it_from_nobody(catalog, scene):
    row = scene.model()
    stale = scene.lease(row)
    current = scene.lease(row, now=scene.now + 60 * SECOND)
    catalog.release(row.id, stale)
    catalog.renew(row.id, current, scene.now, 60)


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("arx"), st.integers(-100, 100)), max_size=12))
def test_tokens_only_grow_whatever_the_clock_does(tmp_path_factory, scene_of, steps):
    with Catalog.create(tmp_path_factory.mktemp("db")) as catalog:
        scene = scene_of(catalog)
        row, now, tokens = scene.model(), scene.now, [0]
        for step, seconds in steps:
            now += seconds * SECOND
            try:
                if step == "a":
                    tokens.append(scene.lease(row, now=now, seconds=30))
                elif step == "r":
                    catalog.release(row.id, tokens[-1])
                else:
                    catalog.renew(row.id, tokens[-1], now, 30)
            except (RefreshBusy, LeaseLost):
                continue
        assert tokens == sorted(set(tokens))


def test_a_holder_that_died_on_this_host_is_not_waited_for(catalog, scene):
    row = scene.model()
    token = scene.lease(row, holder=f"{HOST}:{ended_process()}:0", seconds=1e6)
    assert scene.lease(row) == token + 1


def test_a_process_that_ended_and_was_not_waited_for_is_gone(scene):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    holder = f"{HOST}:{child.pid}:0"
    assert not is_gone(holder)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(holder), "a zombie holds nothing"
    child.communicate()
    assert is_gone(holder)


def test_a_process_id_that_was_used_again_is_told_apart_by_its_start():
    host, pid, mark = holder_here().rsplit(":", 2)
    namespace, _, started = mark.partition(".")
    assert not is_gone(f"{host}:{pid}:{mark}")
    assert is_gone(f"{host}:{pid}:{namespace}.{int(started) + 1}")


def test_what_cannot_be_known_about_a_holder_is_not_taken_for_its_death():
    gone = ended_process()
    namespace = holder_here().rsplit(":", 1)[1].partition(".")[0]
    assert not is_gone(f"another-host:{gone}:{namespace}.5"), "another host"
    assert not is_gone(f"{HOST}:{gone}:{int(namespace) + 1}.5"), "another container"
    assert not is_gone(f"{HOST}:{os.getpid()}:a1b2"), "a foreign mark on a process that runs"
    assert not is_gone("nonsense")
    assert describe("nonsense") == "nonsense"


def test_a_refresh_is_begun_and_finished_once(catalog, scene):
    row = scene.model()
    refresh = scene.begin(row)
    later = scene.now + SECOND
    assert catalog.finish_refresh(
        refresh,
        state=RefreshState.FAILED,
        now=later,
        error_code="FIT_FAILED",
        error="\udcff did not converge",
        gate_results={"floor": float("nan")},
        inputs_with_changed_data=("flights", "weather"),
        actual_seconds=2.5,
    )
    (found,) = catalog.refreshes(object_id=row.id)
    assert (found.refresh_id, found.state, found.finished_at) == (
        refresh,
        RefreshState.FAILED,
        later,
    )
    assert (found.error_code, found.error) == ("FIT_FAILED", "\\udcff did not converge")
    assert found.inputs_with_changed_data == ("flights", "weather")
    assert repr(found.gate_results) == "{'floor': nan}"
    assert not catalog.finish_refresh(refresh, state=RefreshState.SUCCEEDED, now=later)
    assert catalog.refreshes()[0].state is RefreshState.FAILED


def test_finishing_what_never_began_is_an_error(catalog, scene):
    with pytest.raises(UsageProblem, match="there is no refresh 5"):
        catalog.finish_refresh(5, state=RefreshState.FAILED, now=scene.now)


def test_refreshes_come_newest_first_and_by_object(catalog, scene):
    first, second = scene.model("a"), scene.model("b")
    ids = [scene.begin(row) for row in (first, second, first)]
    assert [r.refresh_id for r in catalog.refreshes()] == ids[::-1]
    assert [r.refresh_id for r in catalog.refreshes(limit=1)] == [ids[2]]
    assert [r.refresh_id for r in catalog.refreshes(object_id=first.id)] == [ids[2], ids[0]]


def test_a_refresh_whose_process_is_gone_is_cancelled_with_the_reason(catalog, scene):
    row = scene.model()
    pid = ended_process()
    token = scene.lease(row, holder=f"{HOST}:{pid}:0")
    refresh = scene.begin(row)
    (record,) = catalog.abandon_dead(scene.now)
    assert (record.refresh_id, record.state, record.error_code, record.finished_at) == (
        refresh,
        RefreshState.CANCELLED,
        "ABANDONED",
        scene.now,
    )
    assert f"process {pid} on {HOST}" in record.error
    assert catalog.refreshes() == (record,)
    assert scene.lease(row) == token + 1


def test_a_refresh_whose_process_sleeps_past_its_lease_died_of_nothing(catalog, scene):
    row = scene.model()
    scene.lease(row, holder=holder_here())
    scene.begin(row)
    (record,) = catalog.abandon_dead(scene.now + 61 * SECOND)
    assert (record.state, record.error_code) == (RefreshState.CANCELLED, "LEASE_LOST")
    assert "let its lease run out" in record.error


def test_nobody_knows_what_became_of_a_process_of_another_machine(catalog, scene):
    row = scene.model()
    scene.lease(row)
    scene.begin(row)
    (record,) = catalog.abandon_dead(scene.now + 61 * SECOND)
    assert record.error_code == "ABANDONED"
    assert "let its lease run out" in record.error


def test_a_refresh_under_a_good_lease_goes_on(catalog, scene):
    before_lease, under_lease = scene.model("a"), scene.model("b")
    scene.begin(before_lease)
    scene.lease(before_lease)
    scene.lease(under_lease)
    scene.begin(under_lease)
    assert catalog.abandon_dead(scene.now) == []
    assert {r.state for r in catalog.refreshes()} == {RefreshState.EXECUTING}


@pytest.mark.parametrize("lease", ["never taken", "released", "taken over"])
def test_a_refresh_without_its_lease_is_cancelled(catalog, scene, lease):
    row = scene.model()
    token = None if lease == "never taken" else scene.lease(row)
    refresh = scene.begin(row)
    if lease == "released":
        catalog.release(row.id, token)
    if lease == "taken over":
        newer = scene.lease(row, now=scene.now + 60 * SECOND)
    assert [r.refresh_id for r in catalog.abandon_dead(scene.now)] == [refresh]
    if lease == "taken over":
        catalog.renew(row.id, newer, scene.now, 60)


def test_a_planner_that_slept_past_its_lease_is_refused_when_it_wakes(catalog, scene):
    row = scene.model()
    version = scene.candidate(row)
    token = scene.lease(row)
    refresh = scene.begin(row)
    catalog.abandon_dead(scene.now + 61 * SECOND)
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x", "refresh_id": refresh}
    with pytest.raises(LeaseLost, match="no longer ours"):
        catalog.publish(row.id, version.number, **given)
    with pytest.raises(LeaseLost):
        catalog.renew(row.id, token, scene.now, 60)
    assert catalog.object(row.id).live_version is None


def test_a_refresh_that_was_ended_by_others_does_not_publish_under_a_new_lease(catalog, scene):
    row = scene.model()
    version = scene.candidate(row)
    refresh = scene.begin(row)
    catalog.abandon_dead(scene.now)
    token = scene.lease(row)
    given = {"token": token, "now": scene.now, "by": "x", "reason": "x", "refresh_id": refresh}
    with pytest.raises(LeaseLost, match="was ended by another process"):
        catalog.publish(row.id, version.number, **given)
    assert catalog.object(row.id).live_version is None

"""Workers that are killed, crash, hang or take too much: named, cleaned up after, survived."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlview.daemon.executors import processes
from mlview.daemon.executors.cold import ColdStarts
from mlview.daemon.executors.orders import Replaced

HERE = Path(__file__).parent
ENDS = [
    ("killed", "WORKER_KILLED", "was killed by SIGKILL"),
    ("segfault", "WORKER_CRASHED", "was killed by SIGSEGV"),
    ("exit 3", "WORKER_CRASHED", "ended with exit code 3 before it was done"),
    ("exit 0", "WORKER_CRASHED", "ended with exit code 0 before it was done"),
]


def assert_recovers(site, pool):
    site.assert_sound()
    site.heal()
    site.db.gc()
    assert site.run(pool, "m").error_code is None
    assert site.history("m") == ("SUCCEEDED", None, None)
    assert site.ask("SELECT state FROM mlview.staleness WHERE name = 'm'") == [("FRESH",)]


@pytest.mark.parametrize(("fault", "code", "said"), ENDS, ids=[fault for fault, *_ in ENDS])
def test_a_worker_that_dies_is_named_and_leaves_nothing_behind(site, pool_on, fault, code, said):
    site.commit()
    site.meet(fault)
    pool = pool_on()
    done = site.run(pool, "m")
    assert (done.error_code, done.error) == (code, f"m: its worker {said}")
    assert site.history("m") == ("FAILED", code, f"m: its worker {said}")
    site.assert_sound()


def test_after_a_worker_that_died_the_next_refresh_works(site, pool_on):
    site.commit()
    site.meet("killed")
    pool = pool_on()
    site.run(pool, "m")
    assert_recovers(site, pool)


def test_a_worker_that_hangs_is_ended_in_time(site, pool_on):
    site.commit()
    site.meet("hang in native code")
    done = site.run(pool_on(time_limit=1.5), "m")
    said = "m: its worker was ended: it was not done after 1.5 seconds"
    assert (done.error_code, done.error) == ("WORKER_TIMED_OUT", said)
    assert site.history("m") == ("FAILED", "WORKER_TIMED_OUT", said)
    assert_recovers(site, pool_on())


def test_a_worker_that_takes_too_much_memory_is_ended(site, pool_on):
    site.commit()
    site.meet("memory")
    pool = pool_on(memory_limit_bytes=600 << 20)
    done = site.run(pool, "m")
    assert done.error_code == "WORKER_OUT_OF_MEMORY"
    assert "the limit is 629 MB" in done.error
    assert site.history("m") == ("FAILED", "WORKER_OUT_OF_MEMORY", done.error)
    assert_recovers(site, pool)


def test_what_a_worker_started_ends_with_it(site, pool_on):
    site.commit()
    site.meet("leave a child")
    pool = pool_on()
    pool.start(site.work("m"))
    child = site.hear()
    assert site.end(pool).error_code == "WORKER_KILLED"
    assert site.hears_the_end_of(child)


def test_views_that_a_dead_worker_had_finished_stay_so(site, pool_on):
    site.commit()
    site.meet("killed")
    done = site.run(pool_on(), "v", "m")
    assert done.error == "v, m: their worker was killed by SIGKILL"
    assert site.history("v") == ("SUCCEEDED", None, None)
    assert site.history("m")[:2] == ("FAILED", "WORKER_KILLED")


def test_a_worker_that_ends_before_any_refresh_leaves_the_cause_with_every_view(site, pool_on):
    site.commit()
    done = site.run(pool_on(time_limit=0.0), "v", "m")
    said = "v, m: their worker was ended: it was not done after 0 seconds"
    assert (done.error_code, done.error) == ("WORKER_TIMED_OUT", said)
    for name in ("v", "m"):
        assert site.history(name) == ("FAILED", "WORKER_TIMED_OUT", said)
    assert_recovers(site, pool_on())


def test_what_keeps_a_worker_from_planning_is_recorded_with_every_view(site, pool_on, monkeypatch):
    site.commit()
    monkeypatch.setattr(
        processes.learners, "importable_methods", lambda: {"Ridge": "faulty:Faulty"}
    )
    done = site.run(pool_on(), "v", "m")
    assert done.error_code == "DEFINITION_REFUSED"
    assert done.error.startswith("v, m: 'Ridge' is an estimator already")
    for name in ("v", "m"):
        assert site.history(name) == ("FAILED", "DEFINITION_REFUSED", done.error)


def test_one_worker_that_hangs_does_not_hold_up_another(site, pool_on):
    site.commit()
    site.meet("hang")
    pool = pool_on(slots=2)
    hanging, other = site.work("m"), site.work("v")
    pool.start(hanging)
    site.hear_from(pool)
    pool.start(other)
    assert site.end(pool).work == other
    assert pool.running == (hanging,)
    assert pool.finished(0.0) == ()


def test_a_stopped_pool_abandons_what_does_not_end_in_time(site, pool_on):
    site.commit()
    site.meet("hang")
    pool = pool_on()
    pool.start(site.work("m"))
    pid = site.hear_from(pool)
    [done] = pool.stop(grace=0.0)
    assert (done.error_code, done.error) == (
        "WORKER_STOPPED",
        "m: the daemon stopped before it was done",
    )
    assert site.hears_the_end_of(pid)
    said = "it was broken off, because the daemon stopped"
    assert site.history("m") == ("CANCELLED", "WORKER_STOPPED", said)
    assert_recovers(site, pool_on())


def test_a_stopped_pool_kills_what_does_not_listen(site, pool_on, monkeypatch):
    monkeypatch.setattr(processes, "ABANDON_SECONDS", 0.3)
    site.commit()
    site.meet("hang in native code")
    pool = pool_on()
    pool.start(site.work("m"))
    pid = site.hear_from(pool)
    [done] = pool.stop(grace=0.0)
    assert done.error_code == "WORKER_STOPPED"
    assert site.hears_the_end_of(pid)
    assert site.history("m")[:2] == ("CANCELLED", "WORKER_STOPPED")
    assert_recovers(site, pool_on())


def test_workers_in_a_row_leave_nothing_behind(site, pool_on, forks):
    def held():
        return [len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in (os.getpid(), forks.pid)]

    pool = pool_on(slots=2)
    site.run(pool, "v")
    before = held()
    for _ in range(3):
        pool.start(site.work("v"))
        pool.start(site.work("m"))
        while pool.running:
            pool.finished(60.0)
    assert held() == before
    tasks = [*Path(f"/proc/{forks.pid}/task").iterdir()]
    assert [task.name for task in tasks] == [str(forks.pid)], "it forks with one thread"
    assert (tasks[0] / "children").read_text() == ""


def test_workers_end_with_the_process_that_starts_them_and_another_takes_its_place(
    site, pool_on, forks
):
    site.commit()
    site.meet("hang")
    told = []
    pool = pool_on(replaced=told.append)
    pool.start(site.work("m"))
    worker, nursery = site.hear_from(pool), forks.pid
    os.kill(nursery, signal.SIGKILL)
    done = site.end(pool)
    assert done.error_code == "WORKER_ORPHANED"
    assert "the process that starts workers was killed" in done.error
    assert site.history("m") == ("FAILED", "WORKER_ORPHANED", done.error)
    assert site.hears_the_end_of(worker)
    assert forks.pid != nursery
    assert told == [Replaced(nursery, -signal.SIGKILL, workers=1)]
    assert_recovers(site, pool)


def test_workers_end_with_the_daemon_and_a_program_needs_no_main_guard(site):
    site.commit()
    site.meet("hang")
    program = [sys.executable, HERE / "unguarded.py", site.path, str(site.ids["m"])]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as daemon:
        worker = site.hear()
        daemon.kill()
        assert daemon.stdout.read() == "started\n"
    assert site.hears_the_end_of(worker)
    assert site.history("m")[:2] == ("CANCELLED", "WORKER_STOPPED")
    site.assert_sound()


def test_a_worker_shares_the_machine_as_it_is_told(site, pool_on):
    site.commit()
    site.meet("tell limits")
    site.run(pool_on(threads=2, memory_limit_bytes=2 << 30), "m")
    assert json.loads((site.path.parent / "limits").read_text()) == {
        "lake": {"threads": "2", "memory_limit": f"{1 << 30}B"},
        "arrow": 2,
        "OMP_NUM_THREADS": "2",
        "bounded": True,
        "interruptible": False,
        "session": True,
    }


def test_without_forking_a_fresh_interpreter_does_the_same(site, pool_on):
    pool = pool_on(launcher=ColdStarts(), time_limit=20.0)
    site.commit()
    site.meet("killed")
    assert site.run(pool, "m").error == "m: its worker was killed by SIGKILL"
    assert site.history("m")[:2] == ("FAILED", "WORKER_KILLED")
    assert_recovers(site, pool_on())

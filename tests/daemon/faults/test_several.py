"""Two and three daemons on one database, and one that sleeps through its lease."""

from __future__ import annotations

import signal
from datetime import timedelta

import mlview
from mlview.clock import ManualClock, SystemClock
from mlview.daemon import Daemon


def test_three_daemons_publish_nothing_twice_and_nobody_is_to_blame(site):
    daemons = [site.daemon("--no-upkeep") for _ in range(3)]
    for _ in range(4):
        site.commit()
        daemons[0].hears_nothing_for(0.1)
    site.fresh(daemons[0])
    assert [running.end() for running in daemons] == [0, 0, 0]
    site.assert_quiet()
    site.assert_sound()
    assert site.ask("SELECT name FROM mlview.refresh_history WHERE state = 'FAILED'") == []
    assert [line for running in daemons for line in running.told("suspended")] == []
    beats = site.db.services.home.catalog.heartbeats()
    assert [str(beat.state) for beat in beats] == ["STOPPED"] * 3


def test_a_daemon_that_sleeps_through_its_lease_publishes_nothing_when_it_wakes(site):
    sleeper = site.daemon(fault="held before the commit")
    site.commit()
    held = [site.met() for _ in range(2)]
    processes = sleeper.children()
    assert set(held) <= set(processes)
    sleeper.send(signal.SIGSTOP, also=processes)
    clock = ManualClock(SystemClock().now() + timedelta(minutes=2))
    with mlview.connect(site.path, clock=clock) as other:
        Daemon(other, clock=clock, upkeep=False).run(once=True)
    taken = site.live()
    assert 1 not in taken.values()
    site.let_go()
    sleeper.send(signal.SIGCONT, also=processes)
    for _ in held:
        sleeper.hear("broken_off", level="warning", error_code="LEASE_LOST")
    assert site.live() == taken
    lost = "SELECT state FROM mlview.refresh_history WHERE error_code = 'LEASE_LOST'"
    assert site.ask(lost) == [("CANCELLED",)] * len(held), "it was slow, and did not die"
    site.commit()
    site.fresh(sleeper)
    assert sleeper.end() == 0
    assert sleeper.told("suspended") == []
    site.assert_quiet()
    site.assert_sound()

"""A disk that is full, a database that is gone for a while, a catalog that somebody keeps."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from mlview.planning.scheduling.scheduler import FAILURES


@pytest.mark.parametrize(
    ("fault", "code", "times"),
    [
        ("no space at the artifact", "DISK_FULL", FAILURES + 1),
        ("no growth at the commit", "STORAGE", 1),
    ],
)
def test_a_full_disk_is_told_and_suspends_nothing(site, fault, code, times):
    site.fault(there=True)
    running = site.daemon("--no-upkeep", fault=fault)
    site.commit()
    for _ in range(times):
        running.hear("not_refreshed", view="m", error_code=code)
    assert site.live()["m"] == 1
    site.fault(there=False)
    site.fresh(running)
    assert running.end() == 0
    assert running.told("suspended") == []
    assert ("FAILED", code) in site.history("m")
    assert site.history("m")[0] == ("SUCCEEDED", None)
    site.assert_quiet()
    site.assert_sound()
    site.assert_collected()


def test_failures_that_could_not_even_be_recorded_are_backed_off_from(site):
    running = site.daemon("--workers", "1", fault="no room in the catalog")
    site.commit()
    site.fault(there=True)
    running.hear("broken_off", error_code="DISK_FULL")
    pauses = [running.hear("troubled", error_code="DISK_FULL")["pause"] for _ in range(4)]
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 4 * pauses[0]
    site.fault(there=False)
    site.fresh(running)
    assert running.end() == 0
    assert site.ask("SELECT name FROM mlview.refresh_history WHERE state = 'FAILED'") == []
    site.assert_quiet()
    site.assert_sound()


def test_a_daemon_that_finds_no_room_for_its_heartbeat_lives_and_goes_on(site):
    running = site.daemon(fault="no room for a heartbeat")
    site.fault(there=True)
    site.commit()
    running.hear("troubled", error_code="DISK_FULL")
    site.fault(there=False)
    site.fresh(running)
    assert running.end() == 0
    site.assert_sound()


def test_a_database_that_vanishes_for_a_while_is_kept_again_when_it_is_back(site):
    running = site.daemon(fault="held before the commit")
    site.commit()
    site.met()
    aside = site.path.with_name("aside")
    site.path.rename(aside)
    site.let_go()
    running.hear("troubled")
    running.hear("troubled")
    aside.rename(site.path)
    site.fresh(running)
    assert running.end() == 0
    site.assert_quiet()
    site.assert_sound()


def test_a_catalog_that_another_client_keeps_locked_is_waited_for(site):
    running = site.daemon(fault="impatient")
    with closing(sqlite3.connect(site.path / "catalog.sqlite", isolation_level=None)) as client:
        client.execute("BEGIN IMMEDIATE")
        site.commit()
        line = running.hear("broken_off", error_code="LOCK_TIMEOUT")
        assert line["views"]
        client.execute("COMMIT")
    site.fresh(running)
    assert running.end() == 0
    assert running.told("suspended") == []
    site.assert_quiet()
    site.assert_sound()


def test_a_log_that_nobody_reads_any_more_ends_no_daemon(site):
    running = site.daemon()
    running.deafen()
    site.commit()
    site.fresh(running)
    assert running.end() == 0
    site.assert_quiet()

"""Views that take others along when they are refreshed, told on a virtual clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

import mlview
from mlview.daemon.events import Suspended
from mlview.daemon.executors import Done, InlineExecutor
from mlview.daemon.executors.burying import last_refresh, record_undone
from mlview.planning.scheduling.scheduler import FAILURES
from mlview.records import RefreshState, Trigger
from mlview.storage.excusing import AT_MOST

LATER = timedelta(hours=6)
"""Longer than all pauses after which a view may be suspended."""


class Mortal(InlineExecutor):
    """Refreshes in slots; whoever is fatal dies, and takes along what is in the other slots.

    Args:
        services: the open database.
        fatal: names of the views whose refresh is killed, every time.
        alone: only these themselves are killed.
        machine: nobody lives to tell; what was begun is found to be abandoned.
    """

    def __init__(self, services, fatal, *, alone=False, machine=False) -> None:
        super().__init__(services, slots=2)
        self._fatal, self._alone, self._machine = set(fatal), alone, machine
        self._begun = []

    @property
    def running(self):
        return tuple(self._begun)

    def start(self, work):
        self._begun.append(work)

    def finished(self, timeout):
        del timeout
        begun, self._begun = self._begun, []
        fatal = [work for work in begun if self._fatal & {name.plain for name in work.names}]
        dying = fatal if self._alone or not fatal else begun
        for work in begun:
            if work not in dying:
                super().start(work)
        return (*super().finished(0.0), *self._died(dying))

    def _died(self, dying):
        catalog, now = self._services.home.catalog, self._services.home.clock.now()
        since, error = last_refresh(catalog), ("WORKER_KILLED", "its worker was killed by SIGKILL")
        for work in dying:
            record_undone(catalog, work, error, since=since, began=now, now=now)
        if self._machine:
            self._abandon(catalog, since)
        return [Done(work, 0.1, *error) for work in dying]

    def _abandon(self, catalog, since):
        """As a daemon that comes after would find it."""
        with catalog._database.write() as connection:
            connection.exec_driver_sql(
                "UPDATE refreshes SET state = 'EXECUTING', error_code = NULL, error = NULL, "
                "finished_at = NULL WHERE refresh_id > ? AND state = 'FAILED'",
                (since,),
            )
        found = catalog.abandon_dead(self._services.home.clock.now())
        assert {(one.state, one.trigger) for one in found} <= {
            (RefreshState.CANCELLED, Trigger.SCHEDULED)
        }


@pytest.fixture
def suspended(db, clock):
    """Declares views over a table each, lets all be late, and tells who is suspended in time."""

    def run(fatal, innocent=(), **how):
        for name in (*fatal, *innocent):
            db.sql(f"CREATE TABLE of_{name} AS SELECT 1 AS x")
            db.sql(
                f"CREATE MATERIALIZED VIEW {name} TARGET_LAG '1 minute' AS "
                f"SELECT sum(x) AS s FROM of_{name}"
            )
            db.sql(f"INSERT INTO of_{name} VALUES (2)")
        clock.advance(timedelta(minutes=2))
        events = []
        executor = Mortal(db.services, fatal, **how)
        given = {"clock": clock, "executor": executor, "listeners": [events.append]}
        mlview.Daemon(db, upkeep=False, **given).run(until=clock.now() + LATER)
        return [event.name.plain for event in events if isinstance(event, Suspended)]

    return run


def kills(db, name):
    query = "SELECT count(*) FROM mlview.refresh_history WHERE name = ? AND error_code IN "
    codes = "('WORKER_KILLED', 'ABANDONED')"
    ((found,),) = db.sql(query + codes, [name]).fetchall()
    return found


@pytest.mark.parametrize("machine", [False, True])
def test_of_two_that_die_together_only_the_fatal_one_is_suspended(db, suspended, machine):
    assert suspended(["bad"], ["good"], machine=machine) == ["bad"]
    assert kills(db, "good") == 2
    assert db.sql("FROM good").fetchall() == [(3,)]
    # A few could have been the other's, depending on who began first.
    assert FAILURES <= kills(db, "bad") < AT_MOST


@pytest.mark.parametrize("alone", [False, True])
def test_two_fatal_ones_excuse_each_other_only_for_so_long(db, suspended, alone):
    assert sorted(suspended(["bad", "worse"], alone=alone)) == ["bad", "worse"]
    assert [kills(db, name) for name in ("bad", "worse")] == [AT_MOST + FAILURES] * 2

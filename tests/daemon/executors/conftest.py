"""Worker processes that meet real faults, told to them through a learner."""

from __future__ import annotations

import os
import select
from pathlib import Path
from time import monotonic

import pytest

import mlview
from mlview.daemon.executors import ProcessPool, Work
from mlview.daemon.executors.forking import Forks
from mlview.daemon.executors.launching import can_fork
from mlview.definitions import Name
from mlview.learners import methods

HERE = Path(__file__).parent
DEADLINE = 60.0


class KeptForks(Forks):
    """Stays when a pool is stopped, for the next one: a nursery takes seconds to import."""

    def close(self):
        if self._nursery.poll() is not None:
            super().close()

    def _begin_again(self):
        self._nursery.wait(DEADLINE)
        super()._begin_again()

    def close_at_last(self):
        super().close()


@pytest.fixture(scope="session")
def forks():
    if not can_fork():
        pytest.skip("this system begins workers another way")
    forks = KeptForks()
    yield forks
    forks.close_at_last()


@pytest.fixture(scope="module")
def faulty_methods():
    """A learner that meets the fault which its database's directory names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        patch.setattr(methods, "_REGISTERED", {})
        mlview.register("Faulty", "faulty:Faulty")
        yield


class Site:
    """A database with a model that may be told to meet a fault, and a view beside it."""

    def __init__(self, path):
        self.path = path / "site.mlv"
        self.fault = path / "fault"
        self.told = path / "told"
        os.mkfifo(self.told)
        self._ear = os.open(self.told, os.O_RDWR)  # with a writer always, it never ends
        self.numbers = 0
        self.db = mlview.connect(self.path)
        self.db.sql(
            "CREATE TABLE t (k INTEGER, x INTEGER, y DOUBLE);"
            "INSERT INTO t SELECT range, range % 7, range % 11 FROM range(60);"
            "CREATE MATERIALIZED VIEW v AS SELECT x, count(*) AS n FROM t GROUP BY x;"
            f"CREATE MODEL m PREDICT y USING Faulty (place => '{path}') KEY (k) AS "
            "SELECT k, x, y FROM t"
        )
        self.ids = {row.name.plain: row.id for row in self.db._services.home.catalog.objects()}

    def commit(self):
        self.ask("INSERT INTO t SELECT range + (SELECT count(*) FROM t), 1, 1 FROM range(10)")

    def ask(self, query):
        return self.db.sql(query).fetchall()

    def work(self, *names):
        self.numbers += 1
        ids = tuple(self.ids[name] for name in names)
        return Work(self.numbers, tuple(map(Name, names)), ids, None, "due", 0.1)

    def meet(self, fault):
        """Let learners meet a fault from now on; what earlier ones have told is heard no more."""
        while self._is_told(0.0):
            os.read(self._ear, 100)
        self.fault.write_text(fault)

    def heal(self):
        self.fault.unlink(missing_ok=True)

    def hear(self):
        """The process id that a learner tells when it has met its fault."""
        assert self._is_told(DEADLINE), "no learner has met a fault"
        (pid,) = os.read(self._ear, 100).split()
        return int(pid)

    def hear_from(self, pool):
        """The same where the only worker of a pool meets it."""
        pid, until = self.hear(), monotonic() + DEADLINE
        while not pool.pids and monotonic() < until:
            assert pool.finished(0.0) == ()
        assert list(pool.pids.values()) == [pid]
        return pid

    def _is_told(self, seconds):
        return bool(select.select([self._ear], [], [], seconds)[0])

    def history(self, name):
        """The newest row of a view."""
        return self.ask(
            "SELECT state, error_code, error FROM mlview.refresh_history "
            f"WHERE name = '{name}' ORDER BY refresh_id DESC LIMIT 1"
        )[0]

    def assert_sound(self):
        """Nothing is left of a fault: one live version each, no lease, nothing under way."""
        live = "SELECT name FROM mlview.versions WHERE status = 'LIVE' ORDER BY name"
        assert self.ask(live) == [("m",), ("v",)]
        states = "SELECT count(*) FROM mlview.refresh_history WHERE state = 'EXECUTING'"
        assert self.ask(states) == [(0,)]
        with self.db._services.home.catalog._database.read() as connection:
            held = "SELECT * FROM leases WHERE holder IS NOT NULL"
            assert connection.exec_driver_sql(held).fetchall() == []
        assert self.db.doctor().fetchall() == []

    def hears_the_end_of(self, pid):
        """Whether a process ends before the deadline."""
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([descriptor], [], [], DEADLINE)[0])
        finally:
            os.close(descriptor)

    def run(self, pool, *names):
        """How some work ended."""
        pool.start(self.work(*names))
        return self.end(pool)

    def end(self, pool):
        """How the only work that runs ended."""
        [done] = pool.finished(DEADLINE)
        return done

    def close(self):
        os.close(self._ear)
        self.db.close()


@pytest.fixture(scope="module")
def site(faulty_methods, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture
def pool_on(site, forks):
    """Makes pools on the site that are stopped at the end."""
    pools = []

    def make(slots=1, *, launcher=forks, **limits):
        limits = {"threads": 1, **limits}
        pools.append(ProcessPool(site.path, slots, launcher=launcher, **limits))
        return pools[-1]

    yield make
    site.heal()
    for pool in pools:
        pool.stop(grace=0.0)

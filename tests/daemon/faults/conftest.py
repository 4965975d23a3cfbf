"""A database with a target for every view, and real daemons that keep it."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from time import monotonic

import pytest

import mlview
from mlview.daemon.executors.launching import can_fork

sys.path.insert(0, str(Path(__file__).parent))

import secluding

WORKER = Path(__file__).with_name("daemon_worker.py")
DEADLINE = 60.0
DECLARED = """
CREATE TABLE t AS SELECT range AS k, range % 3 AS g, range % 7 * 1.0 AS x FROM range(60);
CREATE MATERIALIZED VIEW v TARGET_LAG '0.2 seconds' AS SELECT g, sum(x) AS s FROM t GROUP BY g;
CREATE MATERIALIZED VIEW w TARGET_LAG '0.2 seconds' AS SELECT sum(s) AS s FROM v;
CREATE MODEL m PREDICT x USING Ridge KEY (k) TARGET_LAG '0.2 seconds' AS SELECT k, g, x FROM t;
"""
FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


class Crew:
    """The process that forks daemons."""

    def __init__(self) -> None:
        self._worker = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **FEW_THREADS},
        )

    def ask(self, **asked):
        self._worker.stdin.write(json.dumps(asked) + "\n")
        self._worker.stdin.flush()
        return int(self._worker.stdout.readline())

    def stop(self) -> None:
        self._worker.stdin.close()
        self._worker.wait(DEADLINE)
        self._worker.stdout.close()


class Running:
    """A daemon, and what it says."""

    def __init__(self, crew, path, log, place, fault, options) -> None:
        os.mkfifo(log)
        self._log = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        self._crew, self._rest, self.lines, self._new = crew, b"", [], []
        arguments = ["--db", str(path), "--json", "daemon", "--tick", "0.05", *options]
        self.pid = crew.ask(arguments=arguments, log=str(log), fault=fault, place=str(place))
        self.code = None

    def hear(self, event=None, **facts):
        """The next line, that tells this if it is given; what comes before it is past then."""
        until = monotonic() + DEADLINE
        while True:
            while self._new:
                line = self._new.pop(0)
                if event in {None, line["event"]} and facts.items() <= line.items():
                    return line
            assert self._listen(until - monotonic()), (event, facts, self.lines[-9:])

    def hears_nothing_for(self, seconds):
        """Listen for so long, whatever is said."""
        until = monotonic() + seconds
        while monotonic() < until and self._listen(until - monotonic()):
            pass

    def hears_anything_for(self, seconds):
        """Listen until something is said, or for so long."""
        if not self._listen(seconds) and self._log is None:
            select.select([], [], [], seconds)  # deaf: time has to do

    def tells_before_it_dies(self, event):
        """Whether it says this while it lives."""
        while not self.told(event):
            if not self._listen(DEADLINE):
                self.code = self._crew.ask(wait=self.pid)
                return False
        return True

    def deafen(self):
        """Hear nothing any more, so that it speaks to nobody."""
        os.close(self._log)
        self._log = None

    def told(self, event):
        return [line for line in self.lines if line["event"] == event]

    def send(self, number, *, also=()):
        for pid in (self.pid, *also):
            os.kill(pid, number)

    def children(self):
        """Process ids of the nursery and of its workers."""
        nurseries = _children(self.pid)
        return [*nurseries, *(pid for nursery in nurseries for pid in _children(nursery))]

    def end(self, number=signal.SIGTERM):
        """Signal it, and its exit code when nobody who could speak for it is left."""
        if self.code is None:
            self.send(number)
            self.ended()
        return self.code

    def ended(self, *, within=DEADLINE):
        """Its exit code, when neither it nor any process that it began is left."""
        until = monotonic() + within
        while self._listen(until - monotonic()):
            pass
        assert self._log is None, f"a process is left: {self.lines[-9:]}"
        self.code = self._crew.ask(wait=self.pid)
        return self.code

    def _listen(self, seconds):
        """Hear some more; False if nobody is left to speak, or it took too long."""
        if self._log is None or not select.select([self._log], [], [], max(seconds, 0.0))[0]:
            return False
        heard = os.read(self._log, 1 << 16)
        if not heard:
            os.close(self._log)
            self._log = None
            return False
        *whole, self._rest = (self._rest + heard).split(b"\n")
        for text in whole:
            line = json.loads(text) if text.startswith(b"{") else {"event": "?", "text": text}
            self.lines.append(line)
            self._new.append(line)
        return True


def _children(pid):
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, listed.read_text().split())
    return found


class Site:
    """A database, its daemons, and where workers meet the tests.

    Args:
        crew: begins the daemons.
        template: is copied.
        folder: where everything is put.
        disk: where the database is put, if not there.
    """

    def __init__(self, crew, template, folder, *, disk=None) -> None:
        self.folder = folder
        self.path = shutil.copytree(template, (disk or folder) / "kept.mlv")
        self._crew, self.daemons, self.committed = crew, [], 0
        for name in ("told", "go"):
            os.mkfifo(folder / name)
        self._told, self._go = (os.open(folder / name, os.O_RDWR) for name in ("told", "go"))
        self.db = mlview.connect(self.path)

    def daemon(self, *options, fault="none"):
        """Begin a daemon, and hear that it runs."""
        log = self.folder / f"log{len(self.daemons)}"
        running = Running(self._crew, self.path, log, self.folder, fault, options)
        self.daemons.append(running)
        running.hear("began")
        return running

    def told_by(self, *arguments):
        """The exit code of a command line, and what it says; daemons' crew runs it."""
        said = self.folder / "said"
        said.write_text("")
        whole = ["--db", str(self.path), *arguments]
        pid = self._crew.ask(arguments=whole, log=str(said), fault="none", place=str(self.folder))
        return self._crew.ask(wait=pid), said.read_text()

    def commit(self):
        self.committed += 1
        self.ask("INSERT INTO t VALUES (?, 1, 2.5)", 1000 + self.committed)

    def ask(self, query, *parameters):
        return self.db.sql(query, list(parameters)).fetchall()

    def met(self):
        """The process id that a worker tells when it is held."""
        assert select.select([self._told], [], [], DEADLINE)[0], "no worker came"
        return int(os.read(self._told, 100).split()[0])

    def let_go(self, workers=1000):
        """Hold so many workers no longer, those that are yet to come among them."""
        os.write(self._go, b"." * workers)

    def fault(self, *, there):
        """Begin or end what workers meet."""
        (self.folder / "fault").touch() if there else (self.folder / "fault").unlink()

    def fresh(self, running):
        """Wait until every view is fresh; what a daemon says tells when to look again."""
        until = monotonic() + DEADLINE
        while self.states() != {"FRESH"}:
            assert monotonic() < until, (self.ask("FROM mlview.staleness"), running.lines[-5:])
            running.hears_anything_for(0.5)

    def states(self):
        return {state for (state,) in self.ask("SELECT state FROM mlview.staleness")}

    def live(self):
        query = "SELECT name, version FROM mlview.versions WHERE status = 'LIVE' ORDER BY name"
        return dict(self.ask(query))

    def history(self, name, columns="state, error_code"):
        query = f"SELECT {columns} FROM mlview.refresh_history WHERE name = ? "
        return self.ask(query + "AND trigger = 'SCHEDULED' ORDER BY refresh_id DESC", name)

    def assert_sound(self, *, names=("m", "v", "w")):
        """One whole version of each view is live, and the history knows how it came to be."""
        assert tuple(self.live()) == names
        assert self.ask("SELECT count(*) FROM mlview.versions WHERE status = 'LIVE'") == [
            (len(names),)
        ]
        assert self.db.doctor().fetchall() == []
        assert [line for line in self.db.verify().fetchall() if not line[2]] == []
        published = self.ask(
            "SELECT name, version, snapshot_id FROM mlview.versions WHERE published_at IS NOT NULL"
        )
        succeeded = self.ask(
            "SELECT name, version FROM mlview.refresh_history WHERE state = 'SUCCEEDED'"
        )
        assert {(name, version) for name, version, _ in published} <= set(succeeded)
        twice = Counter((name, snapshot) for name, _, snapshot in published)
        assert max(twice.values()) == 1, "no snapshot is published twice"
        for name in names:
            read_at = [snapshot for of, _, snapshot in sorted(published) if of == name]
            assert read_at == sorted(read_at), "never back to an earlier snapshot"

    def assert_quiet(self):
        """Nothing is under way, and nobody holds a lease."""
        under_way = "SELECT name, reason FROM mlview.refresh_history WHERE state = 'EXECUTING'"
        assert self.ask(under_way) == []
        with self.db.services.home.catalog._database.read() as connection:
            held = "SELECT * FROM leases WHERE holder IS NOT NULL"
            assert connection.exec_driver_sql(held).fetchall() == []

    def assert_collected(self):
        """With everything grown old, `gc` leaves only what a version needs."""
        home = self.db.services.home
        for file in (self.path / "artifacts").rglob("*"):
            os.utime(file, (0, 0))
        self.db.gc()
        named = {version.artifact_sha256 for version in home.catalog.versions()}
        named |= {version.details.get("state") for version in home.catalog.versions()}
        assert set(home.artifacts.all()) <= named
        assert [file.name for file in (self.path / "artifacts").rglob("*.part")] == []
        assert self.db.doctor().fetchall() == []

    def close(self):
        self.let_go()
        for running in self.daemons:
            if running.code is None:
                for pid in (*running.children(), running.pid):
                    os.kill(pid, signal.SIGCONT)
                running.end(signal.SIGKILL)
        self.db.close()
        os.close(self._told)
        os.close(self._go)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A closed database in which every view is fresh."""
    path = tmp_path_factory.mktemp("template") / "kept.mlv"
    with mlview.connect(path) as db:
        db.sql(DECLARED)
    return path


@pytest.fixture(scope="session")
def crew():
    if not can_fork():
        pytest.skip("faults are met in forked processes")
    crew = Crew()
    yield crew
    crew.stop()


@pytest.fixture
def site(crew, template, tmp_path):
    site = Site(crew, template, tmp_path)
    yield site
    site.close()


@pytest.fixture(scope="session")
def namespace():
    """A mount namespace, and a crew that lives in it, where this system lets us make one."""
    if not can_fork():
        pytest.skip("faults are met in forked processes")
    try:
        namespace = secluding.Namespace()
    except OSError as error:
        pytest.skip(f"this system lets us mount nothing: {error}")
    namespace.crew = namespace.do(Crew)
    yield namespace
    namespace.crew.stop()
    namespace.close()


@pytest.fixture
def site_there(namespace, template, tmp_path):
    """A database whose daemons may see something else in its place than this process does."""
    site = Site(namespace.crew, template, tmp_path)
    yield site
    site.close()


@pytest.fixture
def small_site(namespace, template, tmp_path):
    """A database on a disk of a few megabytes, where all that is done is done there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    namespace.mount_small_disk(disk)
    site = namespace.do(Site, namespace.crew, template, tmp_path, disk=disk)
    yield secluding.Secluded(namespace, site)
    namespace.do(site.close)
    namespace.unmount(disk)

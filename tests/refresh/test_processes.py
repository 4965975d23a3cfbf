"""Several processes on one database: nothing is lost, nothing is published twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import mlview

WRITER = """
import sys
import mlview
db = mlview.connect(sys.argv[1])
for i in range(int(sys.argv[3])):
    db.sql("INSERT INTO t VALUES (?, 1, 1)", [10_000 + 1000 * int(sys.argv[2]) + i])
print("done")
"""
REFRESHER = """
import sys
import mlview
from mlview.errors import RefreshBusy
db = mlview.connect(sys.argv[1])
for _ in range(int(sys.argv[2])):
    for name in "vm":
        try:
            db.refresh(name)
        except RefreshBusy:
            print("busy")
print("done")
"""


def start(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "locked" not in err
    return out.split()


def test_writers_beside_two_refreshers_lose_nothing_and_publish_nothing_twice(path):
    writers, commits = 8, 5
    processes = [start(WRITER, path, who, commits) for who in range(writers)]
    processes += [start(REFRESHER, path, 4) for _ in range(2)]
    for process in processes:
        assert finished(process)[-1] == "done"
    with mlview.connect(path) as db:
        assert db.sql("SELECT count(*) FROM t").fetchall() == [(160 + writers * commits,)]
        versions = db.sql("FROM mlview.versions").arrow().to_pylist()
        live = [v["name"] for v in versions if v["status"] == "LIVE"]
        assert sorted(live) == ["m", "v", "w"]
        published = [v for v in versions if v["published_at"] is not None]
        assert max(Counter((v["name"], v["snapshot_id"]) for v in published).values()) == 1
        for name in "vm":
            own = [v["snapshot_id"] for v in published if v["name"] == name]
            assert own == sorted(own), "a later version is of a later snapshot"
        assert db.doctor().fetchall() == []
        db.sql("REFRESH ALL")
        assert {s for (s,) in db.sql("SELECT state FROM mlview.staleness").fetchall()} == {"FRESH"}
        assert all(line[2] for line in db.verify().fetchall())

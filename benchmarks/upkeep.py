"""A lake fed with single rows, with upkeep in between and without.

3,000 commits, each one row, twenty minutes of a virtual clock apart, so six weeks, more than
snapshots are kept for; a materialized view is refreshed every 500. Opening the database, a look at
a new snapshot, bytes and snapshots at the end; each of the two in a process of its own, and the
second is the peer of the first.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measuring import child, median, publish, report, timed

COMMITS = 3_000
APART = timedelta(minutes=20)
REFRESHED = 500


def feed(path: Path, commits: int, *, tended: bool) -> None:
    """Feed a database; say how it stands afterwards."""
    import mlview
    from mlview.clock import ManualClock
    from mlview.upkeep.tending import Tending

    clock = ManualClock(datetime(2013, 1, 1, tzinfo=UTC))
    spent = 0.0
    with mlview.connect(path, clock=clock) as db:
        home = db._services.home
        db.sql("CREATE TABLE t (k BIGINT, x DOUBLE)")
        db.sql("CREATE MATERIALIZED VIEW v AS SELECT k % 7 AS g, count(*) AS n FROM t GROUP BY ALL")
        tending = Tending(home, longest_read=timedelta(0))
        with home.engine.connection() as writer:
            for number in range(commits):
                clock.advance(APART)
                writer.run(f"INSERT INTO t VALUES ({number}, {number} / 2)")
                if number % REFRESHED == REFRESHED - 1:
                    db.sql("REFRESH ALL")
                if tended:
                    started = time.perf_counter()
                    for step in tending.plan(clock.now(), 1.0):
                        tending.carry_out(step, clock.now())
                    spent += time.perf_counter() - started
            scan = [timed(lambda: writer.run("SELECT sum(x) FROM t").fetchall())[0] for _ in "abc"]
            look = []
            for _ in range(5):
                writer.run("INSERT INTO t VALUES (0, 0)")
                look.append(timed(db.status)[0])
        equal = all(db.verify(all_versions=True).arrow()["equal"].to_pylist())
        snapshots = sum(lake.snapshots for lake in tending.health(clock.now()).lakes)
    opening = [timed(_opened, path, clock)[0] for _ in range(5)]
    size = sum(file.stat().st_blocks * 512 for file in path.rglob("*") if file.is_file())
    report(
        opening=median(opening), look=median(look), scan=median(scan), mib=size / 2**20,
        snapshots=snapshots, tending=spent / commits, equal=equal,
    )  # fmt: skip


def _opened(path: Path, clock: object) -> None:
    import mlview

    with mlview.connect(path, clock=clock) as db:
        db.sql("FROM v").fetchall()


def main(commits: int = COMMITS) -> None:
    found = {}
    for tended in (1, 0):
        with tempfile.TemporaryDirectory() as folder:
            found[tended] = child(__file__, "feed", f"{folder}/fed.mlv", str(commits), str(tended))
    ours, peer = found[1], found[0]
    assert ours["equal"]
    assert peer["equal"]
    rows = [
        {
            "what": f"{what} after {commits:,} commits of a row",
            "peer": "without upkeep", "unit": unit, "ours": ours[key], "peer_value": peer[key],
            "ratio": ours[key] / peer[key], "ratio_min": ours[key] / peer[key],
            "ratio_max": ours[key] / peer[key], "target": target,
            "met": ours[key] / peer[key] <= target, "runs": 1,
        }
        for what, key, unit, target in (
            ("opening and reading a view", "opening", "s", 1.0),
            ("a look at a new snapshot", "look", "s", 1.0),
            ("a scan", "scan", "s", 0.1),
            ("disk", "mib", "MiB", 0.5),
            ("snapshots", "snapshots", "", 1.0),
        )
    ]  # fmt: skip
    publish("upkeep", rows)
    print(f"upkeep took {ours['tending'] * 1000:.2f} ms for each commit")


if __name__ == "__main__":
    if sys.argv[1:2] == ["feed"]:
        feed(Path(sys.argv[2]), int(sys.argv[3]), tended=sys.argv[4] == "1")
    else:
        main(*map(int, sys.argv[1:]))

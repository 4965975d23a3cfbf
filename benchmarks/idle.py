"""What a daemon costs while nothing happens: processor time over unchanged views.

The honest peer is a process that only asks the lake for its newest snapshot at the same tick; the
flattering one, cron, would start mlview at every tick.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import publish, row

import mlview

LIMIT = 0.02
ASKING = """
import sys, time
from pathlib import Path
from mlview.clock import SystemClock
from mlview.storage.home import Home
home = Home.open(Path(sys.argv[1]), clock=SystemClock())
print("ready", flush=True)
while True:
    home.engine.current_snapshot()
    time.sleep(float(sys.argv[2]))
"""


def database(path: Path, views: int) -> None:
    """A lake with ten tables, and views over them that are all up to date."""
    with mlview.connect(path) as db:
        for table in range(10):
            db.sql(f"CREATE TABLE t{table} AS SELECT i AS k, i % 7 AS g FROM range(100) r(i)")
        for number in range(views):
            db.sql(
                f"CREATE MATERIALIZED VIEW v{number} TARGET_LAG '1 hour' AS "
                f"SELECT g, count(*) AS n FROM t{number % 10} WHERE k > {number} GROUP BY g "
                "WITH NO DATA"
            )
        db.sql("REFRESH ALL")


def used(pids: list[int]) -> float:
    """Seconds of processor that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for one in found:
        text = Path(f"/proc/{one}/task/{one}/children").read_text()
        found += [int(child) for child in text.split()]
    return found


def share(command: list[str], settle: float, watched: float) -> float:
    """Share of one core that a command uses, once it has settled."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(settle)
        pids = family(process.pid)
        before, began = used(pids), time.monotonic()
        time.sleep(watched)
        return (used(pids) - before) / (time.monotonic() - began)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure, and write the table and the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--views", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--tick", type=float, default=1.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "idle.mlv"
        database(path, given.views)
        tick = str(given.tick)
        ours = [sys.executable, "-m", "mlview", "--db", str(path), "daemon", "--tick", tick]
        asking = [sys.executable, "-c", ASKING, str(path), tick]
        shares = [share(command, settle=30.0, watched=given.seconds) for command in (ours, asking)]
    line = row(
        f"an idle daemon over {given.views:,} unchanged views, a look every {tick} s",
        [shares[0]],
        [shares[1]],
        target=LIMIT,
        unit="share of a core",
        peer_is="asking for the newest snapshot alone",
    )
    publish("idle", [line | {"met": shares[0] <= LIMIT}])


if __name__ == "__main__":
    main()

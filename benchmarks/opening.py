"""Opening a database, showing its status, and the command's help.

- opening with 100 models, warm in process, against attaching the lakes alone: at most 0.3 s more
- `status` of 200 views over 50 tables, nothing changed, in process: at most 3 x one
  `current_snapshot()` plus one catalog query
- `mlview --help` against `python -c "import click"`: under 2 x
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import median, publish, row, timed

MODELS, VIEWS, TABLES = 100, 200, 50


def with_models(path: Path) -> None:
    """A database with 100 trained models."""
    import mlview

    with mlview.connect(path) as db:
        db.sql(
            "CREATE TABLE t AS SELECT i, i % 7 AS k, i % 5 + hash(i) % 3 AS y FROM range(200) r(i)"
        )
        for number in range(MODELS):
            db.sql(f"CREATE MODEL m{number} PREDICT y USING Ridge KEY (i) AS SELECT i, k, y FROM t")


def with_views(path: Path) -> None:
    """A database with 200 materialized views over 50 tables."""
    import mlview

    with mlview.connect(path) as db:
        for number in range(TABLES):
            db.sql(f"CREATE TABLE t{number} AS SELECT i, i % 7 AS k FROM range(100) r(i)")
        for number in range(VIEWS):
            a, b = number % TABLES, (number * 7 + 1) % TABLES
            db.sql(
                f"CREATE MATERIALIZED VIEW v{number} TARGET_LAG '1 hour' AS "
                f"SELECT t{a}.k, count(*) AS n FROM t{a} JOIN t{b} USING (i) GROUP BY ALL"
            )


def opening(path: Path, runs: int) -> dict:
    """Opening, against attaching alone: the same engine without the rest."""
    import mlview
    from mlview.clock import SystemClock
    from mlview.engines import DuckLakeEngine

    def whole() -> None:
        with mlview.connect(path) as db:
            assert len(db.models) == MODELS

    def lakes() -> None:
        engine = DuckLakeEngine(path, clock=SystemClock())
        engine.connection().close()
        engine.close()

    whole()
    lakes()
    ours, peer = [], []
    for _ in range(runs):
        ours.append(timed(whole)[0])
        peer.append(timed(lakes)[0])
    more = [a - b for a, b in zip(ours, peer, strict=True)]
    return {
        "what": f"opening with {MODELS} models: seconds more than attaching the lakes",
        "peer": "attaching alone",
        "unit": "s",
        "ours": median(ours),
        "peer_value": median(peer),
        "ratio": median(more),
        "ratio_min": min(more),
        "ratio_max": max(more),
        "target": 0.3,
        "met": median(more) <= 0.3,
        "runs": runs,
    }


def status(path: Path, runs: int) -> dict:
    """`status` against one snapshot query plus one catalog query."""
    import mlview

    with mlview.connect(path) as db:
        home = db._services.home
        assert all(s.state == "FRESH" for s in db.status())

        def peer() -> None:
            home.engine.current_snapshot()
            home.catalog.objects()

        peer()
        mine, theirs = [], []
        for _ in range(runs):
            mine.append(timed(db.status)[0])
            theirs.append(timed(peer)[0])
    return row(
        f"status of {VIEWS} views over {TABLES} tables, nothing changed",
        mine, theirs, target=3.0, unit="s", peer_is="one current_snapshot() + one catalog query",
    )  # fmt: skip


def help_text(runs: int) -> dict:
    """The command's help against importing click."""
    command = shutil.which("mlview") or str(Path(sys.executable).with_name("mlview"))
    mine, theirs = [], []
    for turn in range(runs + 1):
        a = _whole([command, "--help"])
        b = _whole([sys.executable, "-c", "import click"])
        if turn:
            mine.append(a)
            theirs.append(b)
    return row(
        "mlview --help", mine, theirs, target=2.0, unit="s", peer_is="python -c 'import click'"
    )


def _whole(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main(runs: int = 9) -> None:
    with tempfile.TemporaryDirectory() as folder:
        models, views = Path(folder) / "models.mlv", Path(folder) / "views.mlv"
        with_models(models)
        with_views(views)
        publish("opening", [opening(models, runs), status(views, runs), help_text(runs)])


if __name__ == "__main__":
    main()

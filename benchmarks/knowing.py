"""The least that a delta costs: plain DuckDB on the same lake, told which rows changed.

Nobody looks for what changed, checks or records anything. Both states are asked for the changed
rows alone, which are joined: for the model they are fetched, and nothing is learned from them; for
the view they are added up, and their groups replaced in a table in one commit.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import timed
from star import QUERY, VIEW, Changed, change

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

SUMS = """SELECT f.carrier, f.hour // 24 AS day, sum(f.sign) AS flights,
       sum(f.sign * f.delay) AS delay, max(f.x1) AS longest, sum(f.sign * w.temp) AS temp
FROM ({signed}) f JOIN weather w USING (origin, hour) GROUP BY ALL"""


def least(path: str, rows: int, turns: int, shares: Sequence[float]) -> dict[str, dict]:
    """Seconds by kind and share: `{"MODEL": {"0.1": [...]}, "MATERIALIZED VIEW": {...}}`."""
    import mlview
    from mlview.engines.instances import attach, open_instance
    from mlview.engines.layout import Layout

    found: dict[str, dict] = {"MODEL": {}, "MATERIALIZED VIEW": {}}
    layout = Layout(Path(path))
    with (
        tempfile.TemporaryDirectory() as folder,
        mlview.connect(path) as db,
        open_instance(layout) as plain,
    ):
        attach(plain, layout, "lake", read_only=True)
        plain.execute(
            f"ATTACH 'ducklake:sqlite:{folder}/own.sqlite' AS own "
            f"(DATA_PATH '{folder}/own/', DATA_INLINING_ROW_LIMIT 0)"
        )
        plain.execute("USE lake")
        plain.execute(f"CREATE TABLE own.by_day AS {VIEW.partition(' AS')[2]}")
        for turn in range(turns):
            for place, share in enumerate(shares):
                before = _newest(plain)
                changed = change(db, rows, share, 500 + turn * len(shares) + place)
                signed = _signed(changed, before, _newest(plain))
                for kind, run in (("MODEL", _fetch), ("MATERIALIZED VIEW", _replace)):
                    found[kind].setdefault(str(share), []).append(timed(run, plain, signed)[0])
    return found


def _newest(plain: duckdb.DuckDBPyConnection) -> int:
    ((newest,),) = plain.execute("SELECT max(snapshot_id) FROM lake.snapshots()").fetchall()
    return newest


def _signed(changed: Changed, before: int, after: int) -> str:
    """The rows that went, -1, and those that came, +1."""
    low, first, part = changed
    scans = (
        (-1, before, low, 2 * part),
        (1, after, low + part, part),
        (1, after, first, part),
    )
    return " UNION ALL ".join(
        f"SELECT *, {sign} AS sign FROM lake.main.flights AT (VERSION => {snapshot}) "
        f"WHERE id >= {begin} AND id < {begin + count}"
        for sign, snapshot, begin, count in scans
    )


def _fetch(plain: duckdb.DuckDBPyConnection, signed: str) -> None:
    query = QUERY.replace("f.delay\nFROM flights f", f"f.delay, f.sign\nFROM ({signed}) f")
    plain.execute(query).to_arrow_table()


def _replace(plain: duckdb.DuckDBPyConnection, signed: str) -> None:
    plain.execute(f"CREATE OR REPLACE TEMP TABLE changed AS {SUMS.format(signed=signed)}")
    plain.execute("BEGIN")
    plain.execute(
        "DELETE FROM own.by_day AS stored USING changed "
        "WHERE stored.carrier = changed.carrier AND stored.day = changed.day"
    )
    plain.execute("INSERT INTO own.by_day BY NAME FROM changed")
    plain.execute("COMMIT")

"""Counting 20 columns x 1M rows of a lake in the bins of their training histograms.

One scan gives PSI, KS, Jensen-Shannon and Wasserstein of every column: four histogram measures.
Against a plain `SELECT sum(c1), ..., sum(c20)` over the same columns at the same snapshot, in turn:
at most 3 x per measure. Beside it, what else could have counted, in units of the same sums.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from measuring import publish, row, timed

ROWS = 1_000_000
COLUMNS = [f"x{i}" for i in range(20)]
MEASURES = 4


def make(engine: object, rows: int) -> None:
    """A lake with one table of 20 numbers."""
    numbers = ", ".join(
        f"(hash(i * 31 + {k}) % 1000003) / 1000003.0 * {k + 1} + (hash(i * 7 + {k}) % 1000) / 1e3 "
        f"AS x{k}"
        for k in range(len(COLUMNS))
    )
    with engine.connection() as connection:
        connection.run(f"CREATE TABLE t AS SELECT {numbers} FROM range({rows}) r(i)")


def ways(reader: object, histograms: list) -> dict:
    """Ways to count the same bins, by name."""
    from mlview.engines.histograms import counted
    from mlview.planning.drift import drift

    def ours() -> list:
        counts, _, _ = counted(reader, "t", histograms)
        return [drift(h, *found) for h, found in zip(histograms, counts, strict=True)]

    def sql(*parts: str, tail: str = "") -> object:
        text = f"SELECT {', '.join(parts)} FROM t{tail}"
        return lambda: reader.table(text)

    edges = [(h.column, edge) for h in histograms for edge in h.inner]
    bins = [
        f"{' + '.join(f'({h.column} > {e!r}::DOUBLE)::UTINYINT' for e in h.inner)} AS b{i}"
        for i, h in enumerate(histograms)
    ]
    keys = [f"b{i}" for i in range(len(bins))]
    sets = ", ".join(f"({key})" for key in keys)
    return {
        "comparisons of Arrow batches": ours,
        "histogram(x, edges)": sql(
            *(f"histogram({h.column}::DOUBLE, {list(h.inner)}::DOUBLE[])" for h in histograms)
        ),
        "count_if(x > edge)": sql(*(f"count_if({c} > {e!r}::DOUBLE)" for c, e in edges)),
        "sum((x > edge)::INT)": sql(*(f"sum(({c} > {e!r}::DOUBLE)::INT)" for c, e in edges)),
        "GROUPING SETS over bin numbers": lambda: reader.table(
            f"SELECT {', '.join(keys)}, count(*) FROM (SELECT {', '.join(bins)} FROM t) "
            f"GROUP BY GROUPING SETS ({sets})"
        ),
        "count(*) FILTER (x > edge)": sql(
            *(f"count(*) FILTER ({c} > {e!r}::DOUBLE)" for c, e in edges)
        ),
    }


def plain(reader: object) -> object:
    """The peer: one sum of each column."""
    text = f"SELECT {', '.join(f'sum({c})' for c in COLUMNS)} FROM t"
    return lambda: reader.table(text)


def paired(way: object, peer: object, runs: int) -> tuple[list[float], list[float]]:
    """Seconds of both, in turn, after one turn to warm up."""
    way(), peer()
    turns = [(timed(way)[0], timed(peer)[0]) for _ in range(runs)]
    return [a for a, _ in turns], [b for _, b in turns]


def measurements(runs: int, rows: int, names: list[str] | None = None) -> list[dict]:
    """One line per way; the first is mlview's, per measure."""
    from mlview.clock import SystemClock
    from mlview.engines import DuckLakeEngine
    from mlview.engines.histograms import training_histograms

    lines = []
    with (
        tempfile.TemporaryDirectory() as folder,
        DuckLakeEngine.create(Path(folder) / "bench.mlv", clock=SystemClock()) as engine,
    ):
        make(engine, rows)
        now = datetime.now(UTC)
        with engine.reader(engine.current_snapshot().id, refresh_time=now) as reader:
            histograms = training_histograms(reader, "FROM t", reader.describe("FROM t"))
            peer = plain(reader)
            for name, way in ways(reader, histograms).items():
                if names is not None and name not in names:
                    continue
                mine, theirs = paired(way, peer, runs)
                if not lines:
                    what = f"drift of 20 columns x {rows:,} rows, per measure"
                    share = [seconds / MEASURES for seconds in mine]
                    lines.append(_line(what, share, theirs, 3.0))
                lines.append(_line(f"all four: {name}", mine, theirs, 3.0 * MEASURES))
    return lines


def _line(what: str, mine: list[float], theirs: list[float], target: float) -> dict:
    return row(what, mine, theirs, target=target, unit="s", peer_is="sum of each column")


def measure(runs: int = 7, rows: int = ROWS) -> dict:
    """Seconds per histogram measure against one sum of each column."""
    return measurements(runs, rows, ["comparisons of Arrow batches"])[0]


def main(runs: int = 5, rows: int = ROWS) -> None:
    publish("drift", measurements(runs, rows))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["small"]:
            main(runs=1, rows=50_000)
        case _:
            main()

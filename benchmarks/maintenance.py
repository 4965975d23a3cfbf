"""Incremental maintenance: models from sums, materialized views from deltas, staleness, drift.

Every figure is "times faster than the peer" in one run, medians of several, unless it says
otherwise. Where a refresh is timed it is the whole statement: seeing the commits, the delta of the
tables and of the query, the update, the publishing, the record. Beside the flattering peer stands
the honest one, the own full refresh.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from knowing import least
from measuring import OUT, child, median, report, timed
from star import MODEL, QUERY, VIEW, change, make

ROWS = 1_000_000
SHARES = (0.001, 0.01, 0.1)


def refreshes(
    path: str, rows: int, kind: str, turns: int, shares: tuple[float, ...] = SHARES
) -> None:
    """Seconds of full refreshes and of those after each share of change, in turn."""
    import mlview

    name, create = ("ridge", MODEL) if kind == "MODEL" else ("by_day", VIEW)
    with mlview.connect(path) as db:
        db.sql(create.replace("CREATE", "CREATE OR REPLACE", 1))
        full: list[float] = []
        parts: dict[str, list[float]] = {str(share): [] for share in shares}
        changed: dict[str, int] = {}
        turn = 0
        for _ in range(turns):
            for share in shares:
                turn += 1
                change(db, rows, share, turn)
                seconds, done = timed(db.sql, f"REFRESH {kind} {name} INCREMENTAL")
                assert done.fetchall()[0][1] == "INCREMENTAL", done
                parts[str(share)].append(seconds)
                line = "SELECT rows_inserted + rows_deleted FROM mlview.refresh_history LIMIT 1"
                changed[str(share)] = db.sql(line).fetchall()[0][0]
            seconds, _ = timed(db.sql, f"REFRESH {kind} {name} FULL")
            full.append(seconds)
        verified = db.sql("SELECT 1") and db.verify(name).fetchall()
        report(full=full, parts=parts, changed=changed, verified=str(verified))


def pipeline(path: str, turns: int) -> None:
    """The same query -> pandas -> scikit-learn's pipeline, split and scored, by hand."""
    import numpy as np
    from sklearn.base import clone
    from sklearn.metrics import r2_score

    import mlview

    with mlview.connect(path) as db:
        unfitted = clone(db.model("ridge").estimator)
        names = [f.name for f in db.model("ridge").live_version.schema if f.name != "delay"]

        def steps() -> float:
            frame = db.sql(QUERY).arrow().to_pandas()
            held = np.random.default_rng(0).random(len(frame)) < 0.2
            model = clone(unfitted).fit(frame[names][~held], frame["delay"][~held])
            return r2_score(frame["delay"][held], model.predict(frame[names][held]))

        seconds = [timed(steps)[0] for _ in range(turns)]
        ours = [timed(db.sql, "REFRESH MODEL ridge FULL")[0] for _ in range(turns)]
        report(by_hand=seconds, full=ours)


def memory(path: str) -> None:
    """Peak memory of one CREATE MODEL in a process of its own."""
    import mlview

    with mlview.connect(path) as db:
        db.sql("SET memory_limit = '1GB'")
        seconds, _ = timed(db.sql, MODEL.replace("CREATE", "CREATE OR REPLACE"))
        report(seconds=seconds)


def error() -> None:
    """The largest relative error of a slope after 1e5 inserts and as many deletes at mean 1e6.

    Slopes, because a mean near 1e6 is itself only known to 1e-10 in a DOUBLE.
    """
    import numpy as np
    import pyarrow as pa

    from mlview import learners
    from mlview.definitions import Method
    from mlview.learners.roles import Feature, FeatureKind, Roles
    from mlview.learners.tasks import Task

    random = np.random.default_rng(0)
    names = [f"x{i}" for i in range(6)]
    features = tuple(Feature(n, "DOUBLE", FeatureKind.NUMERIC) for n in names)
    roles = Roles("y", Task.REGRESSION, features, target_type="DOUBLE")
    maintained = learners.maintenance(roles, learners.resolve(Method("LinearRegression")), 0)
    first, events = 20_000, 100_000
    data = 1e6 + random.normal(size=(first + events, len(names)))
    answer = data @ np.arange(1, 7) + random.normal(size=len(data))

    def table(places: Any) -> Any:
        columns = {n: data[places, i] for i, n in enumerate(names)}
        return pa.table(columns | {"y": answer[places]})

    moments = maintained.empty()
    moments.add(table(np.arange(first)))
    alive = list(range(first))
    step = 100
    for start in range(first, first + events, step):
        moments.add(table(np.arange(start, start + step)))
        gone = [alive.pop(random.integers(len(alive))) for _ in range(step)]
        moments.add(table(np.array(gone)), -np.ones(step, np.int64))
        alive.extend(range(start, start + step))
    model = learners.solve(moments, roles).pipeline
    rows = np.array(alive)
    x, y = data[rows].astype(np.longdouble), answer[rows].astype(np.longdouble)
    means = x.mean(axis=0)
    centred = x - means
    gram, cross = centred.T @ centred, centred.T @ (y - y.mean())
    solved = _solve_long(gram, cross)
    scaler = model[0].named_transformers_["numbers"][-1]
    slopes = model[-1].coef_.astype(np.longdouble) / scaler.scale_
    report(error=float(np.max(np.abs(slopes - solved) / np.abs(solved))), events=2 * events)


def _solve_long(gram: Any, cross: Any) -> Any:
    """Gaussian elimination in long double, which LAPACK has not."""
    import numpy as np

    size = len(cross)
    system = np.column_stack([gram, cross])
    for i in range(size):
        best = i + int(np.argmax(np.abs(system[i:, i])))
        system[[i, best]] = system[[best, i]]
        system[i] /= system[i, i]
        for j in range(size):
            if j != i:
                system[j] -= system[j, i] * system[i]
    return system[:, -1]


def staleness(turns: int) -> None:
    """One look at 200 views after 10, 20 and all of them changed, and after none did."""
    import mlview

    with mlview.connect() as db:
        for table in range(20):
            db.sql(f"CREATE TABLE t{table} AS SELECT i AS a, i % 50 AS g FROM range(20000) r(i)")
        for view in range(200):
            db.sql(
                f"CREATE MATERIALIZED VIEW v{view} AS SELECT g, count(*) AS n, avg(a) AS mean "
                f"FROM t{view % 20} WHERE a % 7 <> {view % 7} GROUP BY g"
            )
        found: dict[str, list[float]] = {"0": [], "10": [], "20": [], "200": []}
        look = db._services.observer.look
        look()
        for _ in range(turns):
            for changed, tables in (("0", 0), ("10", 1), ("20", 2), ("200", 20)):
                for table in range(tables):
                    db.sql(f"INSERT INTO t{table} VALUES (1, 1)")
                # What changed before is known already: only these tables' views are looked at.
                found[changed].append(timed(look)[0])
        report(seconds=found)


def predictions(path: str, rows: int) -> None:
    """How far predicted seconds are off after 30 refreshes of one view."""
    import random

    import mlview

    order = random.Random(7)
    with mlview.connect(path) as db:
        db.sql(MODEL.replace("MODEL ridge", "OR REPLACE MODEL learned"))
        for turn in range(45):
            change(db, rows, order.choice((0.0003, 0.001, 0.003, 0.01)), 100 + turn)
            db.sql("REFRESH MODEL learned")
        found = db.sql(
            "SELECT predicted_seconds, actual_seconds FROM mlview.refresh_history "
            "WHERE name = 'learned' AND predicted_seconds IS NOT NULL ORDER BY refresh_id"
        ).fetchall()
        late = [abs(p - a) / a for p, a in found[30:]]
        early = [abs(p - a) / a for p, a in found[:10]]
        report(late=late, early=early)


def line(what: str, peer: str, value: float, target: float, *, at_most: bool = False) -> dict:
    """One row of the table."""
    met = value <= target if at_most else value >= target
    return {"what": what, "peer": peer, "value": value, "target": target, "at_most": at_most,
            "met": met}  # fmt: skip


def main(rows: int = ROWS, turns: int = 3, large: int = 10 * ROWS) -> None:
    lines: list[dict] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "bench.mlv")
        child(__file__, "make", path, str(rows))
        for kind, floors in (("MODEL", (20, 10, 4)), ("MATERIALIZED VIEW", (5, 3, 1.2))):
            done = details[kind] = child(__file__, "refreshes", path, str(rows), kind, str(turns))
            what = "ridge" if kind == "MODEL" else "view (join + GROUP BY)"
            for share, floor in zip(SHARES, floors, strict=True):
                ratio = median(done["full"]) / median(done["parts"][str(share)])
                lines.append(
                    line(f"{what}, delta of {share:.1%}", "own full refresh", ratio, floor)
                )
        done = details["least"] = child(__file__, "least", path, str(rows), str(turns))
        for kind, what in (("MODEL", "ridge"), ("MATERIALIZED VIEW", "view (join + GROUP BY)")):
            for share in SHARES:
                ratio = median(details[kind]["full"]) / median(done[kind][str(share)])
                told = f"{what}, delta of {share:.1%}, by plain DuckDB that is told what changed"
                lines.append(line(told, "own full refresh", ratio, 0))
        done = details["pipeline"] = child(__file__, "pipeline", path, str(min(turns, 3)))
        ratio = median(done["by_hand"]) / median(done["full"])
        lines.append(line("ridge in full", "DuckDB, pandas, scikit-learn", ratio, 10))
        for share in SHARES:
            own = median(details["MODEL"]["parts"][str(share)])
            ratio = median(done["by_hand"]) / own
            lines.append(
                line(f"ridge, delta of {share:.1%}", "DuckDB, pandas, scikit-learn", ratio, 0)
            )
        done = details["predictions"] = child(__file__, "predictions", path, str(rows))
        lines.append(line("predicted seconds after 30 refreshes, median error", "actual seconds",
                          median(done["late"]), 0.3, at_most=True))  # fmt: skip
        small = details["memory"] = child(__file__, "memory", path)
        big = str(Path(folder) / "big.mlv")
        child(__file__, "make", big, str(large))
        grown = details["memory of more"] = child(__file__, "memory", big)
        lines.append(line(f"peak memory, {large // rows} x the rows", "itself",
                          grown["peak_mib"] / small["peak_mib"], 1.2, at_most=True))  # fmt: skip
        for kind, what in (("MODEL", "ridge"), ("MATERIALIZED VIEW", "view (join + GROUP BY)")):
            done = details[f"{kind}, more rows"] = child(
                __file__, "refreshes", big, str(large), kind, "1", *map(str, SHARES[:2])
            )
            for share in SHARES[:2]:
                ratio = median(done["full"]) / median(done["parts"][str(share)])
                told = f"{what}, {large // rows} x the rows, delta of {share:.1%}"
                lines.append(line(told, "own full refresh", ratio, 0))
    done = details["error"] = child(__file__, "error")
    lines.append(line("error after 1e5 inserts and deletes, mean 1e6", "long double",
                      done["error"], 1e-10, at_most=True))  # fmt: skip
    done = details["staleness"] = child(__file__, "staleness", str(turns))
    seconds = {key: median(values) for key, values in done["seconds"].items()}
    each = (seconds["20"] - seconds["0"]) / (seconds["10"] - seconds["0"])
    lines.append(line("200 views, 20 changed instead of 10", "10 changed", each, 2.5, at_most=True))
    lines.append(
        line("200 views, 10 changed", "all 200 changed", seconds["200"] / seconds["10"], 8)
    )
    publish(lines, details)


def publish(lines: list[dict], details: dict[str, Any]) -> None:
    """A table, JSON and a plot."""
    OUT.mkdir(exist_ok=True)
    text = ["| what | peer | ours | target | met |", "|---|---|---|---|---|"]
    for one in lines:
        sign = "<=" if one["at_most"] else ">="
        value = f"{one['value']:.3g}" + ("" if one["at_most"] else " x")
        goal = f"{sign} {one['target']:g}" if one["target"] else ""
        text.append(
            f"| {one['what']} | {one['peer']} | {value} | {goal} | "
            f"{('yes' if one['met'] else 'no') if one['target'] else ''} |"
        )
    table = "\n".join(text)
    (OUT / "maintenance.md").write_text(f"# maintenance\n\n{table}\n")
    (OUT / "maintenance.json").write_text(
        json.dumps({"rows": lines, "details": details}, indent=1) + "\n"
    )
    plot([one for one in lines if not one["at_most"] and one["target"]])
    print(table)


def plot(lines: list[dict]) -> None:
    """Times faster than the peer, and the target."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 0.5 * len(lines) + 1.5))
    names = [f"{one['what']}\n(against {one['peer']})" for one in lines]
    axes.barh(names, [one["value"] for one in lines], color="#4477aa")
    axes.plot([one["target"] for one in lines], names, "|", color="#cc3311", markersize=18)
    axes.set_xscale("log")
    axes.set_xlabel("times faster (red: target)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(OUT / "maintenance.png", dpi=120)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path, rows]:
            make(path, int(rows))
            report()
        case ["refreshes", path, rows, kind, turns, *shares]:
            refreshes(path, int(rows), kind, int(turns), tuple(map(float, shares)) or SHARES)
        case ["least", path, rows, turns]:
            report(**least(path, int(rows), int(turns), SHARES))
        case ["pipeline", path, turns]:
            pipeline(path, int(turns))
        case ["memory", path]:
            memory(path)
        case ["error"]:
            error()
        case ["staleness", turns]:
            staleness(int(turns))
        case ["predictions", path, rows]:
            predictions(path, int(rows))
        case ["small"]:
            main(rows=50_000, turns=2, large=200_000)
        case _:
            main()

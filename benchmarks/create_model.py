"""CREATE MODEL against the same steps by hand, on 1M rows x 20 columns.

By hand: the same query in the same order -> Arrow -> pandas -> the same scikit-learn pipeline, the
same split by time, the same metrics, the same refit on all rows. Each run is a process of its own,
ours and by hand in turn; compared are seconds (from an open database on) and peak memory of the
whole process. Ours also judges the columns, scores a Dummy, stores the artifact and publishes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from measuring import child, publish, report, row, timed

ROWS = 1_000_000
METHODS = {
    "HistGradientBoosting": (
        "late", "USING HistGradientBoostingClassifier (max_iter => 100)",
    ),
    "Ridge": ("delay", "USING Ridge"),
    "RandomForest": (
        "late", "USING RandomForestClassifier (n_estimators => 20, max_depth => 12, n_jobs => 2)",
    ),
}  # fmt: skip
NUMBERS = [f"x{i}" for i in range(15)]
CATEGORIES = [f"c{i}" for i in range(3)]


def make(path: str, rows: int) -> None:
    """A database with one table of 20 columns: a time, 15 numbers, 3 categories, the labels."""
    import mlview

    numbers = ", ".join(f"round(hash(i * 31 + {k}) % 100000 / 1e4, 4) AS x{k}" for k in range(15))
    categories = ", ".join(
        f"'v' || (hash(i * 17 + {k}) % {5 * (k + 2)})::VARCHAR AS c{k}" for k in range(3)
    )
    with mlview.connect(path) as db:
        db.sql(
            f"""CREATE TABLE observations AS
            SELECT *, x0 * x1 - x2 * 3 + (hash(seen) % 1000) / 100.0 + (c0 = 'v1')::INT * 5
                       AS delay,
                   (x0 + x1 * 0.5 - x2 + (hash(seen) % 1000) / 200.0 > 7) AS late
            FROM (SELECT TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS seen,
                         {numbers}, {categories}
                  FROM range({rows}) t(i))"""
        )


def query(label: str) -> str:
    """The training query: 19 columns that are used, and the label."""
    return f"SELECT seen, {', '.join(NUMBERS + CATEGORIES)}, {label} FROM observations"


def ours(path: str, name: str) -> None:
    """One CREATE MODEL."""
    import mlview

    label, using = METHODS[name]
    with mlview.connect(path) as db:
        load_libraries(db)
        statement = f"CREATE OR REPLACE MODEL m PREDICT {label} {using} AS {query(label)}"
        seconds, _ = timed(db.sql, statement)
        report(seconds=seconds, score=db.model("m").live_version.score.value)


def load_libraries(db: object) -> None:
    """What both sides import is imported before the clock starts."""
    if db.models:
        db.model("m").estimator  # noqa: B018 - loads scikit-learn and skops


def by_hand(path: str, name: str) -> None:
    """The same steps with duckdb, pandas and scikit-learn."""
    from sklearn.base import clone

    import mlview

    label, _ = METHODS[name]
    with mlview.connect(path) as db:
        load_libraries(db)
        pipeline = clone(db.model("m").estimator)
        live = db.model("m").live_version
        seconds, score = timed(_steps, db, pipeline, label)
        assert abs(score - live.score.value) < 1e-9, (score, live.score.value)
        report(seconds=seconds, score=score)


def _steps(db: object, pipeline: object, label: str) -> float:
    import numpy as np
    from sklearn.dummy import DummyClassifier, DummyRegressor

    table = db.sql(f"{query(label)} ORDER BY seen, rowid").arrow()
    frame = table.to_pandas()
    features = frame[NUMBERS + CATEGORIES]
    answer = frame[label].to_numpy()
    moments = frame["seen"].to_numpy()
    start = int(np.searchsorted(moments, moments[round(len(frame) * 0.8)]))
    train, test = features.iloc[:start], features.iloc[start:]
    pipeline.fit(train, answer[:start])
    dummy = DummyClassifier() if label == "late" else DummyRegressor()
    dummy.fit(train, answer[:start])
    score = _metrics(pipeline, test, answer[start:], label)
    _metrics(dummy, test, answer[start:], label)
    pipeline.fit(features, answer)
    return score


def _metrics(model: object, rows: object, actual: object, label: str) -> float:
    from sklearn import metrics

    predicted = model.predict(rows)
    if label == "delay":
        metrics.mean_absolute_error(actual, predicted)
        metrics.root_mean_squared_error(actual, predicted)
        metrics.median_absolute_error(actual, predicted)
        return metrics.r2_score(actual, predicted)
    probability = model.predict_proba(rows)[:, 1]
    for metric in (
        metrics.accuracy_score, metrics.balanced_accuracy_score, metrics.f1_score,
        metrics.recall_score,
    ):  # fmt: skip
        metric(actual, predicted)
    metrics.precision_score(actual, predicted, zero_division=0)
    metrics.average_precision_score(actual, probability)
    metrics.log_loss(actual, probability)
    metrics.brier_score_loss(actual, probability)
    metrics.confusion_matrix(actual, predicted)
    return metrics.roc_auc_score(actual, probability)


def main(runs: int = 3, rows: int = ROWS) -> None:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "bench.mlv")
        child(__file__, "make", path, str(rows))
        for name in METHODS:
            child(__file__, "ours", path, name)  # warm-up: the pipeline that is cloned by hand
            mine, theirs = [], []
            for _ in range(runs):
                mine.append(child(__file__, "ours", path, name))
                theirs.append(child(__file__, "by_hand", path, name))
            for unit, key, target in (("s", "seconds", 1.15), ("MiB", "peak_mib", 1.3)):
                lines.append(
                    row(
                        f"CREATE MODEL, {name}, {rows:,} rows, {key}",
                        [m[key] for m in mine],
                        [t[key] for t in theirs],
                        target=target,
                        unit=unit,
                        peer_is="by hand",
                    )
                )
    publish("create_model", lines)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path, rows]:
            make(path, int(rows))
            report()
        case ["ours", path, name]:
            ours(path, name)
        case ["by_hand", path, name]:
            by_hand(path, name)
        case ["small"]:
            main(runs=1, rows=50_000)
        case _:
            main()

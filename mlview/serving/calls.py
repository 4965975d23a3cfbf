"""The table functions of schema ML: predictions and what is known of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mlview import learners
from mlview.definitions import Kind, parse_duration, quote
from mlview.errors import PredictionProblem, SyntaxProblem, TooStale, UnknownName, did_you_mean
from mlview.learners.tasks import Task
from mlview.observation.stored import model_of
from mlview.sql import inspect, rebind

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.definitions import Name
    from mlview.learners import Fitted
    from mlview.records import Metric, Staleness, Version
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope
    from mlview.sql import Call
    from mlview.storage.catalog import ObjectRow

IMPORTANCE_SAMPLE = 10_000
ON_STALE = ("error", "warn")


class Calls:
    """Answers ML.PREDICT, ML.EVALUATE, ML.FEATURE_IMPORTANCE and ML.CONFUSION_MATRIX.

    `staleness` tells how stale a view is now; it is asked only where a reader sets a limit.
    """

    def __init__(self, staleness: Callable[[Name], Staleness | None]) -> None:
        self._staleness = staleness

    def __call__(self, binder: Binder, call: Call, scope: Scope) -> pa.Table:
        """The rows that a call stands for."""
        row = binder.home.catalog.get(call.model, Kind.MODEL)
        version = self._version(binder, call, row, scope)
        match call.function:
            case "PREDICT":
                self._tolerate(call, row, scope)
                return self._predict(binder, call, row, version, scope)
            case "EVALUATE":
                return self._evaluate(binder, call, row, version, scope)
            case "FEATURE_IMPORTANCE":
                fitted = binder.loader.fitted(version, row.name.plain)
                rows = None
                if not learners.has_own_importance(fitted):
                    rows = _sample(_labelled(binder.own_rows(row, version, scope), version, row))
                return learners.feature_importance(fitted, rows, seed=version.seed)
            case _:
                return self._confusion(binder, call, row, version, scope)

    def _version(self, binder: Binder, call: Call, row: ObjectRow, scope: Scope) -> Version:
        number = call.options.get("version")
        if number is None:
            return scope.choice.version(row)
        return binder.home.catalog.version(row.id, int(str(number)))

    def _tolerate(self, call: Call, row: ObjectRow, scope: Scope) -> None:
        on_stale = str(call.options.get("on_stale", ON_STALE[0])).lower()
        if on_stale not in ON_STALE:
            raise SyntaxProblem(
                f"on_stale => '{on_stale}' is not known",
                hint=did_you_mean(on_stale, ON_STALE) or f"it is one of {', '.join(ON_STALE)}",
            )
        limit = call.options.get("max_staleness")
        if limit is None:
            return
        if scope.past:
            raise SyntaxProblem(
                "max_staleness is about now, AT about the past",
                name=row.name.plain,
                hint="leave one of them out",
            )
        tolerated = parse_duration(str(limit), zero=True)
        staleness = self._staleness(row.name)
        lag = None if staleness is None else staleness.lag_sec
        if lag is not None and lag <= tolerated.total_seconds():
            return
        behind = "behind by an unknown time" if lag is None else f"{lag:,.0f} s behind"
        said = f"{row.name} is {behind}, {limit} is tolerated"
        if on_stale == "warn":
            scope.notices.append(said)
            return
        raise TooStale(said, name=row.name.plain, hint=f"REFRESH MODEL {row.name};")

    def _predict(
        self, binder: Binder, call: Call, row: ObjectRow, version: Version, scope: Scope
    ) -> pa.Table:
        data = self._input(binder, call, version, scope)
        if data is None:
            return binder.rows(row, version, scope)
        return binder.predicted(row.name, version, data, scope)

    def _input(self, binder: Binder, call: Call, version: Version, scope: Scope) -> pa.Table | None:
        """The rows a call brings, or None if it means the model's own."""
        if call.replaced:
            query = self._replaced(call, version)
            with scope.target.as_definition(scope.refresh_time):
                return scope.rows(binder.define(query, scope))
        if call.table is not None:
            return scope.rows(binder.bind(f"SELECT * FROM {call.table}", scope))
        if call.query is not None:
            with scope.asking(call.query):
                return scope.rows(binder.bind(call.query, scope))
        return None

    def _replaced(self, call: Call, version: Version) -> str:
        """The model's own query with base tables replaced."""
        query = model_of(version).query
        read = {relation.name for relation in inspect(query).relations}
        for base, _ in call.replaced:
            if base not in read:
                names = sorted(str(name) for name in read)
                raise UnknownName(
                    f"the query of {call.model} does not read {base}",
                    name=call.model.plain,
                    hint=did_you_mean(str(base), names) or f"it reads {', '.join(names)}",
                )
        return rebind(query, {base: str(by) for base, by in call.replaced})

    def _evaluate(
        self, binder: Binder, call: Call, row: ObjectRow, version: Version, scope: Scope
    ) -> pa.Table:
        data = self._input(binder, call, version, scope)
        if data is None:
            return metric_table(version.metrics)
        fitted = binder.loader.fitted(version, row.name.plain)
        return metric_table(learners.evaluate(fitted, _taught(fitted, data, version, row)))

    def _confusion(
        self, binder: Binder, call: Call, row: ObjectRow, version: Version, scope: Scope
    ) -> pa.Table:
        fitted = binder.loader.fitted(version, row.name.plain)
        if fitted.signature.task is not Task.CLASSIFICATION:
            raise PredictionProblem(
                f"{row.name} has no confusion matrix: it is no classifier",
                name=row.name.plain,
                hint=f"FROM ML.EVALUATE(MODEL {row.name})",
            )
        data = self._input(binder, call, version, scope)
        if data is not None:
            return learners.confusion_matrix(fitted, _taught(fitted, data, version, row))
        kept = version.details.get("confusion_matrix")
        if kept is None:
            raise PredictionProblem(
                f"{row.name} has no confusion matrix: it held out no rows",
                name=row.name.plain,
                hint=f"FROM ML.CONFUSION_MATRIX(MODEL {row.name}, (SELECT ...))",
            )
        columns = ("actual", "predicted", "rows")
        return pa.table({c: [line[i] for line in kept] for i, c in enumerate(columns)})


def metric_table(metrics: tuple[Metric, ...]) -> pa.Table:
    """Metrics as rows, the one that sums the model up first."""
    return pa.table(
        {
            "metric": pa.array([m.name for m in metrics], pa.string()),
            "value": pa.array([m.value for m in metrics], pa.float64()),
            "low": pa.array([m.low for m in metrics], pa.float64()),
            "high": pa.array([m.high for m in metrics], pa.float64()),
            "baseline": pa.array([m.baseline for m in metrics], pa.float64()),
        }
    )


def _taught(fitted: Fitted, data: pa.Table, version: Version, row: ObjectRow) -> pa.Table:
    """The rows whose label is known, all of them labels the model can be judged by."""
    known = _labelled(data, version, row)
    learners.check_judgeable(fitted, known)
    return known


def _labelled(data: pa.Table, version: Version, row: ObjectRow) -> pa.Table:
    """The rows whose label is known."""
    target = model_of(version).target
    if target is None:
        raise PredictionProblem(f"{row.name} has no label to compare with", name=row.name.plain)
    names = {name.lower(): name for name in data.column_names}
    if target.lower() not in names:
        raise PredictionProblem(
            f"the rows have no column {quote(target)} to compare the predictions with",
            name=row.name.plain,
            hint=did_you_mean(target, data.column_names),
        )
    return data.filter(data[names[target.lower()]].is_valid())


def _sample(data: pa.Table) -> pa.Table:
    """Evenly spaced rows, at most IMPORTANCE_SAMPLE of them."""
    step = max(data.num_rows // IMPORTANCE_SAMPLE, 1)
    return data.take(pa.array(range(0, data.num_rows, step)))

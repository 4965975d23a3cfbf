"""The tables of schema mlview, made from the catalog at the moment they are read."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.definitions import Kind, Model
from mlview.freshness.columns import STALENESS, staleness_line
from mlview.observation.stored import definition_of, maintenance_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mlview.freshness.planner import Planner
    from mlview.freshness.promises import Promises
    from mlview.monitoring import Monitor
    from mlview.observation.observer import Observer
    from mlview.records import Staleness, Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

TEXT, INTEGER, FLOAT, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
MOMENT = pa.timestamp("us", tz="UTC")
NUMBERS = pa.map_(TEXT, FLOAT)
TEXTS = pa.map_(TEXT, TEXT)

_VIEW_COLUMNS = {
    "name": TEXT, "state": TEXT, "live_version": INTEGER, "lag_sec": FLOAT,
    "target_lag_sec": FLOAT, "changed_rows": INTEGER, "score_name": TEXT, "score": FLOAT,
    "method": TEXT, "refresh_mode": TEXT, "refresh_mode_reason": TEXT, "owner": TEXT,
    "created_at": MOMENT, "comment": TEXT,
}  # fmt: skip

COLUMNS: Mapping[str, Mapping[str, pa.DataType]] = {
    "models": _VIEW_COLUMNS,
    "materialized_views": _VIEW_COLUMNS,
    "versions": {
        "name": TEXT, "version": INTEGER, "status": TEXT, "snapshot_id": INTEGER,
        "data_timestamp": MOMENT, "published_at": MOMENT, "action": TEXT, "exact": FLAG,
        "method": TEXT, "parameters": TEXTS, "rows_trained": INTEGER, "rows_held_out": INTEGER,
        "rows_unlabelled": INTEGER, "metrics": NUMBERS, "fit_seconds": FLOAT,
        "artifact_sha256": TEXT, "library_versions": TEXTS,
        "upstream_versions": pa.map_(TEXT, INTEGER),
    },
    "staleness": STALENESS,
    "drift": {
        "name": TEXT, "column": TEXT, "psi": FLOAT, "ks": FLOAT, "js": FLOAT,
        "wasserstein": FLOAT, "hellinger": FLOAT, "tvd": FLOAT, "rows": INTEGER, "sampled": FLAG,
    },
    "refresh_history": {
        "refresh_id": INTEGER, "name": TEXT, "version": INTEGER, "state": TEXT, "action": TEXT,
        "trigger": TEXT, "reason": TEXT, "data_timestamp": MOMENT, "snapshot_id": INTEGER,
        "started_at": MOMENT, "finished_at": MOMENT, "inputs_with_changed_data": pa.list_(TEXT),
        "rows_inserted": INTEGER, "rows_deleted": INTEGER, "exact": FLAG,
        "predicted_seconds": FLOAT, "actual_seconds": FLOAT, "gate_results": TEXTS,
        "error_code": TEXT, "error": TEXT,
    },
    "plan": {
        "position": INTEGER, "name": TEXT, "action": TEXT, "reason": TEXT, "due_at": MOMENT,
        "start_at": MOMENT, "predicted_seconds": FLOAT, "snapshot_id": INTEGER, "sheds": TEXT,
    },
    "slo": {
        "name": TEXT, "target_lag_sec": FLOAT, "time_within_target_lag_ratio": FLOAT,
        "mean_lag_sec": FLOAT, "max_lag_sec": FLOAT, "error_budget_left": FLOAT,
    },
    "graph": {"name": TEXT, "kind": TEXT, "reads_name": TEXT, "reads_kind": TEXT},
    "deployments": {
        "name": TEXT, "version": INTEGER, "stage": TEXT, "at": MOMENT, "by": TEXT, "reason": TEXT,
    },
}  # fmt: skip


LATER_TABLES = frozenset({"expectation_results", "incidents", "monitors", "predictions_log"})


class SystemTables:
    """Makes each system table when it is asked for."""

    def __init__(
        self,
        home: Home,
        observer: Observer,
        planner: Planner,
        promises: Promises,
        monitor: Monitor,
    ) -> None:
        self._home = home
        self._observer = observer
        self._planner = planner
        self._promises = promises
        self._monitor = monitor
        self._make: dict[str, Callable[[], Iterable[Mapping[str, Any]]]] = {
            "models": lambda: self._views(Kind.MODEL),
            "materialized_views": lambda: self._views(Kind.MATERIALIZED_VIEW),
            "versions": self._versions,
            "staleness": self._staleness,
            "drift": self._drift,
            "refresh_history": self._history,
            "plan": self._plan,
            "slo": self._slo,
            "graph": self._graph,
            "deployments": lambda: map(asdict, self._home.catalog.deployments()),
        }

    def table(self, name: str) -> pa.Table:
        """One system table, with exactly the columns of its contract."""
        columns = COLUMNS[name]
        rows = [{column: row.get(column) for column in columns} for row in self._make[name]()]
        return pa.Table.from_pylist(rows, schema=pa.schema(list(columns.items())))

    def _views(self, kind: Kind) -> Iterable[Mapping[str, Any]]:
        seen = self._observer.look()
        staleness = seen.staleness(self._home.clock.now())
        for name, row in seen.rows.items():
            if row.kind is kind:
                yield _view_line(row, seen.live.get(row.id), staleness[name])

    def _versions(self) -> Iterable[Mapping[str, Any]]:
        names = {row.id: row.name.plain for row in self._home.catalog.objects()}
        for version in self._home.catalog.versions():
            if version.object_id in names:
                yield _version_line(names[version.object_id], version)

    def _staleness(self) -> Iterable[Mapping[str, Any]]:
        found = self._monitor.staleness(self._home.clock.now())
        promised = any(stale.target_lag_sec is not None for stale in found.values())
        effective = self._planner.effective_targets() if promised else {}
        for name, stale in found.items():
            target = effective.get(name, stale.target_lag_sec)
            yield staleness_line(replace(stale, effective_target_lag_sec=target))

    def _drift(self) -> Iterable[Mapping[str, Any]]:
        """Each feature of each model to which rows came since its live version."""
        for name, row in self._observer.look().rows.items():
            found = self._monitor.measures(name) if row.kind is Kind.MODEL else None
            for drift in found.drifts if found is not None else ():
                line = {field: getattr(drift, field) for field in drift.__slots__}
                yield line | {"name": name.plain, "sampled": found.sampled if found else None}

    def _history(self) -> Iterable[Mapping[str, Any]]:
        for record in reversed(self._home.catalog.refreshes()):
            line = {field: getattr(record, field) for field in record.__slots__}
            gates = [(gate, str(result)) for gate, result in record.gate_results.items()]
            yield line | {
                "inputs_with_changed_data": list(record.inputs_with_changed_data),
                "gate_results": gates,
            }

    def _plan(self) -> Iterable[Mapping[str, Any]]:
        plan = self._planner.plan()
        for step in plan.steps:
            line = {field: getattr(step, field) for field in step.__slots__}
            yield line | {"name": step.name.plain, "snapshot_id": plan.snapshot.id}

    def _slo(self) -> Iterable[Mapping[str, Any]]:
        for name, kept in self._promises.slos().items():
            yield {"name": name.plain, **asdict(kept)}

    def _graph(self) -> Iterable[Mapping[str, Any]]:
        graph = self._observer.look().graph
        for name in graph:
            for read in graph.parents(name):
                yield {
                    "name": name.plain,
                    "kind": str(graph.kind(name)),
                    "reads_name": read.plain,
                    "reads_kind": str(graph.kind(read)),
                }


def _view_line(row: ObjectRow, live: Version | None, stale: Staleness) -> Mapping[str, Any]:
    definition = definition_of(row.create_text)
    score = live.score if live else None
    declared = definition.method if isinstance(definition, Model) else None
    return {
        "name": row.name.plain,
        "state": str(stale.state),
        "live_version": row.live_version,
        "lag_sec": stale.lag_sec,
        "target_lag_sec": stale.target_lag_sec,
        "changed_rows": stale.changed_rows,
        "score_name": score.name if score else None,
        "score": score.value if score else None,
        "method": live.method if live else getattr(declared, "name", None),
        "refresh_mode": str(getattr(definition, "refresh_mode", "")) or None,
        "refresh_mode_reason": maintenance_of(live).reason if live else None,
        "owner": row.owner,
        "created_at": row.created_at,
        "comment": row.comment,
    }


def _version_line(name: str, version: Version) -> Mapping[str, Any]:
    line = {field: getattr(version, field) for field in version.__slots__}
    return line | {
        "name": name,
        "version": version.number,
        "status": str(version.status),
        "action": str(version.action),
        "parameters": [(key, str(value)) for key, value in version.parameters.items()],
        "metrics": [(metric.name, metric.value) for metric in version.metrics],
        "library_versions": list(version.library_versions.items()),
        "upstream_versions": [(up.name, up.version) for up in version.upstream],
    }

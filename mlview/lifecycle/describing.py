"""DESCRIBE and SHOW: what is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.definitions import quote
from mlview.lifecycle.cards import describe_score
from mlview.lifecycle.items import as_table, freshness_said, pairs, target_said
from mlview.observation.stored import definition_of

if TYPE_CHECKING:
    from mlview.definitions import Kind, Name
    from mlview.observation.observer import Observer
    from mlview.storage.home import Home


class Describer:
    """Says what is known of views."""

    def __init__(self, home: Home, observer: Observer) -> None:
        self._home = home
        self._observer = observer

    def describe(self, name: Name, kind: Kind) -> pa.Table:
        """Everything known of one view, as rows of (item, value)."""
        row = self._home.catalog.get(name, kind)
        seen = self._observer.look()
        stale = seen.staleness(self._home.clock.now())[row.name]
        live = seen.live.get(row.id)
        definition = definition_of(row.create_text)
        lines: list[tuple[str, Any]] = [
            ("name", row.name.plain),
            ("kind", str(row.kind).lower()),
            ("state", f"{stale.state}: {stale.stale_reason}"),
            ("live version", row.live_version),
            ("target lag", target_said(definition)),
            ("refresh when", getattr(definition, "refresh_when", None)),
            ("freshness", freshness_said(getattr(definition, "freshness", None))),
            ("priority", getattr(definition, "priority", None)),
            ("owner", row.owner),
            ("comment", row.comment),
        ]
        if live is not None:
            lines += [
                (
                    "snapshot",
                    f"{live.snapshot_id}, data of {live.data_timestamp:%Y-%m-%d %H:%M:%S} UTC",
                ),
                ("reads", ", ".join(map(str, seen.graph.parents(row.name)))),
                *(("column", f"{quote(c.name)} {c.type}") for c in live.schema),
            ]
            if live.method is not None:
                lines += [
                    ("method", live.method),
                    ("parameters", ", ".join(f"{k} => {v}" for k, v in live.parameters.items())),
                    *pairs("preprocessing", live.details.get("preprocessing", [])),
                    *pairs("missing", live.details.get("missing", {}).items()),
                    *pairs("left out", live.details.get("ignored", [])),
                    ("held out by", live.details.get("holdout", {}).get("by")),
                    ("row order", ", ".join(live.row_order)),
                    *((metric.name, describe_score(metric)) for metric in live.metrics),
                ]
        lines.append(("definition", row.create_text))
        return as_table((item, str(value)) for item, value in lines if value not in (None, ""))

    def show(self, kind: Kind) -> pa.Table:
        """The views or models there are."""
        seen = self._observer.look()
        staleness = seen.staleness(self._home.clock.now())
        rows = [row for row in seen.rows.values() if row.kind is kind]
        return pa.table(
            {
                "name": pa.array([r.name.plain for r in rows], pa.string()),
                "state": pa.array([str(staleness[r.name].state) for r in rows], pa.string()),
                "live_version": pa.array([r.live_version for r in rows], pa.int64()),
                "lag_sec": pa.array([staleness[r.name].lag_sec for r in rows], pa.float64()),
                "comment": pa.array([r.comment for r in rows], pa.string()),
            }
        )

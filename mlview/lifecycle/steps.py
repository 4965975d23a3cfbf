"""The steps of a plan as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.records import Trigger

if TYPE_CHECKING:
    from mlview.definitions import Name
    from mlview.graph import Graph
    from mlview.records import Plan, RefreshStep


def step_table(plan: Plan, graph: Graph) -> pa.Table:
    """Steps as rows, in order, with what reads each of them."""
    rows = plan.steps
    return pa.table(
        {
            "position": pa.array([s.position for s in rows], pa.int64()),
            "name": pa.array([s.name.plain for s in rows], pa.string()),
            "action": pa.array([str(s.action) for s in rows], pa.string()),
            "reason": pa.array([s.reason for s in rows], pa.string()),
            "changed": pa.array(["; ".join(map(_changed, s.changes)) for s in rows], pa.string()),
            "trigger": pa.array([str(Trigger.MANUAL) for _ in rows], pa.string()),
            "delta": pa.array([_delta(s) for s in rows], pa.string()),
            "predicted_seconds": pa.array([s.predicted_seconds for s in rows], pa.float64()),
            "predicted_full_seconds": pa.array(
                [s.predicted_full_seconds for s in rows], pa.float64()
            ),
            "predicted_incremental_seconds": pa.array(
                [s.predicted_incremental_seconds for s in rows], pa.float64()
            ),
            "due_at": pa.array([s.due_at for s in rows], pa.timestamp("us", tz="UTC")),
            "start_at": pa.array([s.start_at for s in rows], pa.timestamp("us", tz="UTC")),
            "sheds": pa.array([s.sheds for s in rows], pa.string()),
            "exact": pa.array([s.exact for s in rows], pa.bool_()),
            "followed_by": pa.array([_readers(graph, s.name) for s in rows], pa.string()),
            "snapshot_id": pa.array([plan.snapshot.id for _ in rows], pa.int64()),
        }
    )


def _readers(graph: Graph, name: Name) -> str:
    return ", ".join(map(str, graph.descendants(name)))


def _delta(step: RefreshStep) -> str | None:
    """The change of the view's own query, where it is known before it is refreshed."""
    if step.delta is None:
        return None
    return f"+{step.delta.inserted:,} -{step.delta.deleted:,}"


def _changed(change: Any) -> str:
    if change.rows is None:
        return f"{change.name}: altered"
    return f"{change.name}: +{change.inserted:,} -{change.deleted:,}"

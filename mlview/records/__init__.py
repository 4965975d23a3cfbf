"""What was observed or done: snapshots, deltas, staleness, versions, refreshes."""

from mlview.records.heartbeats import DaemonState, Heartbeat
from mlview.records.refreshes import (
    Deployment,
    Failures,
    Plan,
    RefreshRecord,
    RefreshState,
    RefreshStep,
    Running,
    Trigger,
)
from mlview.records.snapshots import (
    Column,
    DeltaSummary,
    RowDelta,
    Snapshot,
    TableChange,
    TableState,
)
from mlview.records.staleness import Staleness, State
from mlview.records.versions import (
    Action,
    Maintenance,
    Metric,
    UpstreamVersion,
    Version,
    VersionStatus,
)

__all__ = [
    "Action",
    "Column",
    "DaemonState",
    "DeltaSummary",
    "Deployment",
    "Failures",
    "Heartbeat",
    "Maintenance",
    "Metric",
    "Plan",
    "RefreshRecord",
    "RefreshState",
    "RefreshStep",
    "RowDelta",
    "Running",
    "Snapshot",
    "Staleness",
    "State",
    "TableChange",
    "TableState",
    "Trigger",
    "UpstreamVersion",
    "Version",
    "VersionStatus",
]

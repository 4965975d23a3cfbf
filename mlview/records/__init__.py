"""What was observed or done: snapshots, deltas, staleness, versions, refreshes."""

from mlview.records.refreshes import (
    Deployment,
    Plan,
    RefreshRecord,
    RefreshState,
    RefreshStep,
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
    "DeltaSummary",
    "Deployment",
    "Maintenance",
    "Metric",
    "Plan",
    "RefreshRecord",
    "RefreshState",
    "RefreshStep",
    "RowDelta",
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

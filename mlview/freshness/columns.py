"""The columns of mlview.staleness, and one view's row of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.definitions import Kind
from mlview.records import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.records import Staleness

STALENESS: Mapping[str, pa.DataType] = {
    "name": pa.string(),
    "kind": pa.string(),
    "state": pa.string(),
    "lag_sec": pa.float64(),
    "source_lag_sec": pa.float64(),
    "target_lag_sec": pa.float64(),
    "effective_target_lag_sec": pa.float64(),
    "changed_rows": pa.int64(),
    "changed_fraction": pa.float64(),
    "max_psi": pa.float64(),
    "max_psi_column": pa.string(),
    "live_metric": pa.string(),
    "live_value": pa.float64(),
    "live_drop": pa.float64(),
    "live_n": pa.int64(),
    "live": pa.map_(pa.string(), pa.float64()),
    "stale_reason": pa.string(),
}
"""Names and types; both are a contract."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "kind": (str(Kind.MODEL), str(Kind.MATERIALIZED_VIEW)),
    "state": tuple(map(str, State)),
}
"""Columns that can be nothing else."""

SCHEMA = pa.schema(list(STALENESS.items()))

ORDINARY = pa.Table.from_pydict(
    {
        column: [[] if pa.types.is_map(type_) else "" if type_ == pa.string() else 1]
        for column, type_ in STALENESS.items()
    },
    SCHEMA,
)
"""One row in which nothing is NULL, to try an expression on."""


def staleness_line(stale: Staleness) -> dict[str, Any]:
    """The row of one view."""
    line = {column: getattr(stale, column) for column in STALENESS}
    return line | {
        "name": stale.name.plain,
        "kind": str(stale.kind),
        "state": str(stale.state),
        "live": list(stale.live.items()),
    }

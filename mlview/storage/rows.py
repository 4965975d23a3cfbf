"""Rows of the catalog as frozen values, and records as rows."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING, Any

from mlview.definitions import Kind, Name
from mlview.records import (
    Action,
    Column,
    Deployment,
    Metric,
    RefreshRecord,
    RefreshState,
    Trigger,
    UpstreamVersion,
    Version,
    VersionStatus,
)

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import RowMapping


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """A view or model as the catalog knows it; its CREATE text is the definition of record.

    `held` means that publishing waits after a rollback. `current_through` is the newest lake
    snapshot at which the live version is known to equal its definition. `revision` grows with
    every change of this row. `suspended_reason` is there where a schedule suspended it, not a user.
    """

    id: int
    kind: Kind
    name: Name
    create_text: str
    fingerprint: str
    created_at: datetime
    comment: str | None = None
    owner: str | None = None
    suspended: bool = False
    pinned_version: int | None = None
    held: bool = False
    live_version: int | None = None
    live_since: datetime | None = None
    current_through: int | None = None
    dropped_at: datetime | None = None
    unusable_reason: str | None = None
    revision: int = 1
    altered_at: datetime | None = None
    suspended_reason: str | None = None
    suspended_at: datetime | None = None
    resumed_at: datetime | None = None


def object_row(row: RowMapping) -> ObjectRow:
    """A row of objects joined with its pointers."""
    values = dict(row)
    name = Name(values.pop("name"), values.pop("schema_name"))
    return ObjectRow(kind=Kind(values.pop("kind")), name=name, **values)


def version_values(version: Version) -> dict[str, Any]:
    """What a row of versions holds."""
    values = {slot: getattr(version, slot) for slot in Version.__slots__}
    return values | {
        "upstream": [list(astuple(read)) for read in version.upstream],
        "schema": [list(astuple(column)) for column in version.schema],
        "metrics": [list(astuple(metric)) for metric in version.metrics],
        "row_order": list(version.row_order),
    }


def version_record(row: RowMapping) -> Version:
    """A row of versions as a record."""
    values = dict(row)
    return Version(
        **values
        | {
            "status": VersionStatus(values["status"]),
            "action": Action(values["action"]),
            "upstream": tuple(UpstreamVersion(*read) for read in values["upstream"]),
            "schema": tuple(Column(*column) for column in values["schema"]),
            "metrics": tuple(Metric(*metric) for metric in values["metrics"]),
            "row_order": tuple(values["row_order"]),
        }
    )


def refresh_values(record: RefreshRecord) -> dict[str, Any]:
    """What a row of refreshes holds, except its id."""
    values = {slot: getattr(record, slot) for slot in RefreshRecord.__slots__}
    del values["refresh_id"]
    return values | {"inputs_with_changed_data": list(record.inputs_with_changed_data)}


def refresh_record(row: RowMapping) -> RefreshRecord:
    """A row of refreshes as a record."""
    values = dict(row)
    return RefreshRecord(
        **values
        | {
            "state": RefreshState(values["state"]),
            "action": Action(values["action"]),
            "trigger": Trigger(values["trigger"]),
            "inputs_with_changed_data": tuple(values["inputs_with_changed_data"]),
        }
    )


def deployment_values(deployment: Deployment) -> dict[str, Any]:
    """What a row of deployments holds, except its id."""
    return asdict(deployment)


def deployment_record(row: RowMapping) -> Deployment:
    """A row of deployments as a record."""
    return Deployment(**row)

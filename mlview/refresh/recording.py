"""All of a version that is known before anything was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlview.engines import DEFINITION_SETTINGS
from mlview.observation.inputs import text_digest
from mlview.records import Maintenance, UpstreamVersion, Version, VersionStatus
from mlview.refresh.libraries import library_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.deltas import Operator
    from mlview.observation.reads import Reads
    from mlview.refresh.jobs import Job


def blank_version(job: Job, reads: Reads) -> Version:
    """A candidate without its result."""
    views = {name.qualified: text_digest(text) for name, text in reads.lake_views.items()}
    kept = reads.kept_views.values()
    views |= {row.name.qualified: text_digest(row.create_text) for row in kept}
    upstream = [
        UpstreamVersion(row.id, row.name.plain, job.choice.version(row).number)
        for row in reads.upstream.values()
    ]
    return Version(
        object_id=job.row.id,
        number=job.number,
        status=VersionStatus.CANDIDATE,
        fingerprint=job.row.fingerprint,
        definition_text=job.row.create_text,
        snapshot_id=job.snapshot.id,
        data_timestamp=job.data_timestamp,
        created_at=job.data_timestamp,
        action=job.step.action,
        exact=job.step.exact,
        upstream=tuple(upstream),
        base_tables={n.qualified: state.table_id for n, state in reads.base_tables.items()},
        settings=dict(DEFINITION_SETTINGS),
        library_versions=library_versions(),
        details={
            "reads": {name.qualified: str(kind) for name, kind in reads.direct.items()},
            "views": views,
            "refresh_time": reads.refresh_time,
            "order_matters": reads.order_matters,
        },
    )


def kept_maintenance(able: Maintenance) -> dict[str, Any]:
    """How a version may be maintained, as its record keeps it."""
    return {"possible": able.possible, "reason": able.reason, "exact": able.exact}


def kept_operators(operators: Iterable[Operator]) -> list[list[str]]:
    """How each operator's delta was had, as a record keeps it."""
    return [[o.what, str(o.strategy), o.reason] for o in operators]

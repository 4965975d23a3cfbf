"""Verifications and problems as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.session.result import Result
from mlview.upkeep.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.engines import Problem
    from mlview.refresh.progress import Progress
    from mlview.session.services import Services
    from mlview.storage.catalog import ObjectRow


def verification_result(
    services: Services, rows: Iterable[ObjectRow], progress: Progress, *, every: bool
) -> Result:
    """Live versions (or every kept one) compared with what their records give now."""
    catalog = services.home.catalog
    found = []
    for row in rows:
        versions = catalog.versions(row.id) if every else ()
        if not every and row.live_version is not None:
            versions = (catalog.version(row.id, row.live_version),)
        found += [verify(services.home, services.binder, row, v, progress) for v in versions]
    return Result(
        pa.table(
            {
                "name": pa.array([f.row.name.plain for f in found], pa.string()),
                "version": pa.array([f.version.number for f in found], pa.int64()),
                "equal": pa.array([f.equal for f in found], pa.bool_()),
                "rows": pa.array([f.compared_rows for f in found], pa.int64()),
                "largest_difference": pa.array([f.largest for f in found], pa.float64()),
                "result": pa.array([f.said for f in found], pa.string()),
            }
        )
    )


def problem_result(problems: Iterable[Problem]) -> Result:
    """Problems as rows."""
    found = list(problems)
    return Result(
        pa.table(
            {
                "path": pa.array([p.path for p in found], pa.string()),
                "problem": pa.array([p.message for p in found], pa.string()),
                "next": pa.array([p.hint for p in found], pa.string()),
            }
        )
    )

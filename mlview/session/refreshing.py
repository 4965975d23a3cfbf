"""What a refresh came to, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.session.result import Result

if TYPE_CHECKING:
    from mlview.refresh.outcomes import Outcome, StepOutcome


def outcome_result(outcome: Outcome, *, strict: bool) -> Result:
    """A refresh's steps as rows; with `strict` the first error is raised, else kept."""
    if strict and outcome.first_error is not None:
        raise outcome.first_error
    steps = outcome.steps
    table = pa.table(
        {
            "name": pa.array([s.step.name.plain for s in steps], pa.string()),
            "action": pa.array([str(s.step.action) for s in steps], pa.string()),
            "state": pa.array([str(s.state) for s in steps], pa.string()),
            "version": pa.array(
                [s.version.number if s.version else None for s in steps], pa.int64()
            ),
            "published": pa.array([s.published for s in steps], pa.bool_()),
            "score": pa.array([_score(s) for s in steps], pa.string()),
            "seconds": pa.array([round(s.seconds, 3) for s in steps], pa.float64()),
            "reason": pa.array(
                [s.error.message if s.error else s.step.reason for s in steps], pa.string()
            ),
        }
    )
    notices = tuple(f"{s.step.name}: {n}" for s in steps for n in s.notices)
    return Result(table, notices=notices, failed=outcome.first_error)


def _score(outcome: StepOutcome) -> str | None:
    score = outcome.version.score if outcome.version else None
    return f"{score.name} {score.value:.4f}" if score else None

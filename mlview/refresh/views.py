"""A materialized view's next version: computed anew, or brought up to date by its delta."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.errors import LakeProblem, NotIncremental
from mlview.records import Action
from mlview.refresh.changed import changed_rows
from mlview.refresh.columns import keep_columns
from mlview.refresh.jobs import Candidate
from mlview.refresh.maintainability import insist_on, of_query, operators_of
from mlview.refresh.recording import blank_version, kept_maintenance, kept_operators

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.definitions import MaterializedView
    from mlview.observation.reads import Reads
    from mlview.refresh.jobs import Job
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope
    from mlview.serving.targets import OnReader
    from mlview.storage.home import Home


def full_view(
    home: Home,
    binder: Binder,
    scope: Scope,
    target: OnReader,
    job: Job,
    reads: Reads,
    definition: MaterializedView,
    tell: Callable[[str], None],
) -> Candidate:
    """All rows of the view's query, stored."""
    query = binder.define(definition.query, scope)
    columns, notices = keep_columns(target.describe(query), job.columns_before)
    operators = operators_of(home, target.reader, definition, reads, job.choice.version)
    able = of_query(operators)
    insist_on(definition, able)
    tell("storing")
    picked = ", ".join(always_quote(c.name) for c in columns)
    batches = target.batches(f"SELECT {picked} FROM ({query}\n)")
    stored = home.engine.write_materialization(job.row.id, batches, refresh_id=job.refresh_id)
    blank = blank_version(job, reads)
    version = replace(
        blank,
        schema=columns,
        stored_snapshot=stored.stored_snapshot,
        rows=stored.rows,
        details={
            **blank.details,
            "maintenance": kept_maintenance(able),
            "operators": kept_operators(operators),
        },
    )
    return Candidate(version, None, notices, job.step)


def changed_view(home: Home, job: Job, reads: Reads, tell: Callable[[str], None]) -> Candidate:
    """The live version's rows with the delta applied, in one transaction of the store.

    Raises:
        NotIncremental: the delta cannot be had, or does not fit what is stored.
    """
    live = job.live
    if live.stored_snapshot is None:
        raise NotIncremental("its live version has no stored rows")
    with changed_rows(home, job, lossless=True) as changed:
        tell("applying")
        try:
            stored = home.engine.apply_delta(
                job.row.id,
                live.stored_snapshot,
                changed.rows,
                columns=live.schema,
                refresh_id=job.refresh_id,
            )
        except LakeProblem as problem:
            if problem.error_code != "DELTA_MISMATCH":
                raise
            raise NotIncremental(problem.message, hint=problem.hint) from problem
        blank = blank_version(job, reads)
        version = replace(
            blank,
            action=Action.INCREMENTAL,
            schema=live.schema,
            stored_snapshot=stored.stored_snapshot,
            rows=stored.rows,
            details={
                **blank.details,
                "maintenance": live.details["maintenance"],
                "operators": live.details["operators"],
                "delta": kept_operators(changed.operators),
            },
        )
        return Candidate(version, None, (), job.step, changed.size)

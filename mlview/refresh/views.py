"""A materialized view's next version: computed anew, or brought up to date by its delta."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.engines.differencing.adding import whole_sums
from mlview.errors import LakeProblem, NotIncremental
from mlview.observation.deltas import KEPT_SUMS, LAYOUT
from mlview.observation.sources import sources
from mlview.records import Action
from mlview.refresh.changed import changed_rows
from mlview.refresh.columns import keep_columns
from mlview.refresh.jobs import Candidate
from mlview.refresh.maintainability import insist_on, of_query, operators_of
from mlview.refresh.recording import blank_version, kept_maintenance, kept_operators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlview.definitions import MaterializedView
    from mlview.engines.differencing.adding import WholeSums
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
    picked = ", ".join(always_quote(c.name) for c in columns)
    with _summed(home, target, job, reads, definition) as summed:
        operators = (
            operators_of(home, target.reader, definition, reads, job.choice.version, sums=False)
            if summed is None
            else summed.operators
        )
        able = of_query(operators)
        insist_on(definition, able)
        tell("storing")
        rows = query if summed is None else summed.rows
        stored = home.engine.write_materialization(
            job.row.id,
            target.batches(f"SELECT {picked} FROM ({rows}\n)"),
            refresh_id=job.refresh_id,
            state=None if summed is None else partial(target.batches, summed.state),
        )
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
            **({} if summed is None else {KEPT_SUMS: LAYOUT}),
        },
    )
    return Candidate(version, None, notices, job.step)


@contextmanager
def _summed(
    home: Home, target: OnReader, job: Job, reads: Reads, definition: MaterializedView
) -> Iterator[WholeSums | None]:
    """The view's rows with the sums of its groups, where those are worth keeping."""
    reader = target.reader
    upstream = {row.id: job.choice.version(row).number for row in reads.upstream.values()}
    resolve = sources(home, upstream, reader.snapshot_id, reader.snapshot_id, job.choice.version)
    summed = whole_sums(reader, definition.query, resolve, threads=target.threads)
    try:
        yield summed
    finally:
        if summed is not None:
            reader.run(f"DROP TABLE IF EXISTS {summed.table}")


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
                state=None if changed.sums is None else changed.sums.delta(live.rows or 0),
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
                **({} if changed.sums is None else {KEPT_SUMS: LAYOUT}),
            },
        )
        return Candidate(version, None, (), job.step, changed.size)

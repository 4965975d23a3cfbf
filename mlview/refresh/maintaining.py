"""A maintained model brought up to date: what came is added to its sums, what went taken away."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlview import learners
from mlview.definitions import RefreshMode, always_quote
from mlview.engines.differencing import query_text_at
from mlview.engines.sources import WEIGHT
from mlview.errors import NotIncremental, StorageProblem, TrainingDataProblem
from mlview.learners.frames import column_of
from mlview.learners.identifying import Levels
from mlview.learners.keeping.sums import Sums
from mlview.learners.keeping.timeline import Timeline, moment_literal, stamps_of
from mlview.learners.leaks import check_leaks
from mlview.observation.deltas import sources_of
from mlview.observation.identities import BUCKET, ROW_ID, bucket
from mlview.records import Action
from mlview.refresh.adding import Adding
from mlview.refresh.changed import changed_rows
from mlview.refresh.jobs import Candidate
from mlview.refresh.models import is_refit, summable, with_solved, with_sums
from mlview.refresh.parts import refuse_texts_that_identify, watched, with_levels
from mlview.refresh.recording import blank_version, kept_operators
from mlview.refresh.resync import Resync
from mlview.refresh.solving import solve_sums
from mlview.refresh.timelines import count_moments, last_of
from mlview.refresh.training import SEED
from mlview.serving.targets import OnReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from mlview.definitions import Definition, Model
    from mlview.engines import SnapshotReader
    from mlview.observation.reads import Reads
    from mlview.records import Version
    from mlview.refresh.jobs import Job
    from mlview.storage.home import Home

TOLERATED = 1e-9
"""The relative error that rounding may have come to before all rows are summed anew."""


@dataclass(frozen=True)
class ChangedModel:
    """An incremental refresh of a model that is solved from sums."""

    home: Home
    job: Job
    reads: Reads
    definition: Model
    tell: Callable[[str], None]

    def candidate(self) -> Candidate:
        """The candidate.

        Raises:
            NotIncremental: the state is gone, or the delta cannot be had.
            Resync: all rows have to be summed anew for the model to stay exact.
        """
        with changed_rows(self.home, self.job, lossless=False) as changed:
            rows = changed.rows.read_all()
        self.tell("adding")
        resolved = summable(self.definition)
        if resolved is None:
            raise NotIncremental("its method is no function of sums in this release")
        sums = self._added(self._state(), rows)
        self._refuse_rounding(sums)
        self._refuse_leaks(sums)
        self.tell("solving")
        refit = is_refit(self.definition, sums.roles)
        identity = self.job.ends.identity
        assert identity is not None  # noqa: S101 - it is a model
        solved = solve_sums(sums, self.definition, identity, refit=refit)
        self.tell("storing")
        version = replace(self._blank(changed.operators), schema=self.job.live.schema)
        version = with_sums(self.home, version, sums, solved.fitted, refit=refit)
        version = with_solved(version, solved, sums, resolved)
        notices = tuple(dict.fromkeys((*sums.roles.notices, *solved.notices)))
        version = replace(version, details={**version.details, "notices": list(notices)})
        return Candidate(version, solved.fitted, notices, self.job.step, changed.size)

    def _state(self) -> Sums:
        digest = self.job.live.artifact_sha256
        if digest is None or self.job.live.details.get("solved") != "sums":
            raise NotIncremental("its live version kept no sums")
        try:
            _, payload = self.home.artifacts.get(digest)
            return Sums.from_bytes(payload, self._maintained)
        except StorageProblem as problem:
            raise Resync(f"its sums cannot be read: {problem.message}") from problem

    def _maintained(self, roles: Any) -> Any:
        resolved = summable(self.definition)
        assert resolved is not None  # noqa: S101 - asked before
        return learners.maintenance(roles, resolved, SEED)

    def _added(self, sums: Sums, rows: pa.Table) -> Sums:
        weights = np.asarray(rows[WEIGHT].to_numpy(), np.int64)
        rows = rows.drop_columns([WEIGHT])
        if ROW_ID in rows.column_names:
            rows = rows.drop_columns([ROW_ID])
        sums = self._with_moments(sums, rows, weights)
        adding = Adding(sums, self.definition)
        adding.add(rows, weights)
        reason = adding.sums.needs_resync
        if reason is not None:
            raise Resync(reason)
        return self._with_levels(adding.sums.settled(), rows, weights)

    def _with_levels(self, sums: Sums, rows: pa.Table, weights: NDArray[np.int64]) -> Sums:
        refuse_texts_that_identify(sums)
        columns = watched(sums, self.job.live.schema)
        if not columns:
            return sums
        if sums.roles.target is not None:
            known = column_of(rows, sums.roles.target).is_valid()
            rows, weights = rows.filter(known), weights[np.asarray(known.to_numpy())]
        return with_levels(sums, columns, rows, weights, self._levels)

    def _levels(self, names: Sequence[str]) -> list[Levels]:
        """The levels of columns in all labelled rows."""
        quoted = [always_quote(name) for name in names]
        counts = ", ".join(f"count(DISTINCT {name}), count({name})" for name in quoted)
        target = self.definition.target
        where = "" if target is None else f" WHERE {always_quote(target)} IS NOT NULL"
        with self._all_rows() as (reader, text):
            row = reader.run(f"SELECT {counts} FROM ({text}\n){where}")[0]
        pairs = zip(names, row[::2], row[1::2], strict=True)
        return [Levels(name, levels, levels, known) for name, levels, known in pairs]

    def _with_moments(self, sums: Sums, rows: pa.Table, weights: NDArray[np.int64]) -> Sums:
        """The sums with the boundary in time moved to where it belongs now."""
        last = last_of(self.definition, sums.roles.time)
        if last is None or sums.roles.time is None:
            return sums
        line = self._timeline(sums, rows, weights)
        since = line.held_from(last)
        moved = replace(sums, timeline=line if sums.timeline is not None else None)
        if since == sums.held_from:
            return moved
        if since is None or sums.held_from is None:
            raise Resync("the hold-out begins, or ends")
        between = self._between(sums, min(since, sums.held_from), max(since, sums.held_from))
        ones = np.ones(between.num_rows, np.int64)
        out = Adding(moved, self.definition)
        out.add(between, -ones)
        into = Adding(replace(out.sums, held_from=since), self.definition)
        into.add(between, ones)
        return into.sums

    def _timeline(self, sums: Sums, rows: pa.Table, weights: NDArray[np.int64]) -> Timeline:
        time, target = sums.roles.time or "", sums.roles.target or ""
        if sums.timeline is None:
            return self._counted(time)
        known = column_of(rows, target).is_valid()
        labelled, counts = rows.filter(known), weights[np.asarray(known.to_numpy())]
        times = column_of(labelled, time)
        if times.null_count:
            raise NotIncremental(f"labelled rows without {time} came")
        return sums.timeline.plus(Timeline.of(stamps_of(times), counts))

    def _counted(self, time: str) -> Timeline:
        """All labelled rows per moment, counted anew where there are too many moments to keep."""
        with self._all_rows() as (reader, text):
            return count_moments(OnReader(reader), text, self.definition, time)

    @contextmanager
    def _all_rows(self) -> Iterator[tuple[SnapshotReader, str]]:
        """A reader of the new snapshot, and the text of the model's query for it."""
        job = self.job
        with self.home.engine.reader(job.snapshot.id, refresh_time=job.data_timestamp) as reader:
            resolve = sources_of(self.home, job.ends, job.choice.version)
            yield (
                reader,
                query_text_at(
                    reader, self.definition.query, resolve, old=False, time=job.data_timestamp
                ),
            )

    def _between(self, sums: Sums, start: int, end: int) -> pa.Table:
        """The live version's labelled rows of some moments, which change sides."""
        job, ends = self.job, self.job.ends
        assert ends.identity is not None  # noqa: S101 - it is a model
        time = sums.roles.time or ""
        kind = next(c.type for c in job.live.schema if c.name == time)
        picked = ", ".join(always_quote(c.name) for c in job.live.schema)
        number = bucket(self.definition, ends.identity, job.live.schema)
        label = always_quote(self.definition.target or "")
        with self.home.engine.reader(job.snapshot.id, refresh_time=job.data_timestamp) as reader:
            resolve = sources_of(self.home, ends, job.choice.version)
            text = query_text_at(
                reader,
                ends.query,
                resolve,
                old=True,
                time=job.live.data_timestamp,
            )
            return reader.table(
                f"SELECT {picked}, {number} AS {BUCKET} FROM ({text}\n) WHERE {label} IS NOT NULL "
                f"AND {always_quote(time)} >= {moment_literal(start, kind)} "
                f"AND {always_quote(time)} < {moment_literal(end, kind)}"
            )

    def _refuse_rounding(self, sums: Sums) -> None:
        error = max(sums.train.error_estimate(), sums.test.error_estimate())
        if error > TOLERATED:
            raise Resync(f"resync: rounding may have come to {error:.0e}")
        outgrown = sums.train.outgrown
        if outgrown is not None:
            raise NotIncremental(outgrown)

    def _refuse_leaks(self, sums: Sums) -> None:
        """Let a full pass decide what the scored rows make suspicious, as it would at first."""
        roles = sums.roles
        if sums.sample is None or roles.target is None or roles.task is None:
            return
        try:
            check_leaks(sums.sample.rows, roles.features, roles.target, roles.task)
        except TrainingDataProblem as problem:
            raise Resync(problem.message) from problem

    def _blank(self, operators: Any) -> Version:
        live, blank = self.job.live, blank_version(self.job, self.reads)
        kept = {
            name: live.details[name]
            for name in ("maintenance", "operators", "histograms")
            if name in live.details
        }
        return replace(
            blank,
            action=Action.INCREMENTAL,
            details={**blank.details, **kept, "delta": kept_operators(operators)},
        )


def insists(definition: Definition, job: Job) -> bool:
    """Whether nothing but an exact incremental refresh is wanted."""
    mode = getattr(definition, "refresh_mode", RefreshMode.AUTO)
    return job.step.incremental_only or mode is RefreshMode.INCREMENTAL

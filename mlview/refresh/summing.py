"""Training a model from sums: its rows pass by once, in batches, and are forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview import learners
from mlview.definitions import HoldoutLast, HoldoutShare, always_quote
from mlview.errors import TrainingDataProblem
from mlview.learners.frames import column_of
from mlview.learners.keeping.sums import Sample, Sums, empty_sums
from mlview.learners.keeping.timeline import MAX_MOMENTS, Timeline, moment_literal, stamps_of
from mlview.learners.threads import one_thread
from mlview.observation.identities import BUCKET, ROW_ID, bucket, identity_of, time_column
from mlview.refresh.columns import keep_columns
from mlview.refresh.reading import check_columns, read_training_rows
from mlview.refresh.splitting import effective_holdout
from mlview.refresh.training import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview.definitions import Model
    from mlview.learners import ResolvedMethod
    from mlview.observation.identities import Identity
    from mlview.observation.reads import Reads
    from mlview.records import Column
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope
    from mlview.serving.targets import OnReader

LOOKED_AT = 50_000
"""Rows from whose values the part of every column is decided; the sums confirm it."""

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Summed:
    """The sums of a model's rows, and what was found on the way."""

    sums: Sums
    columns: tuple[Column, ...]
    identity: Identity
    notices: tuple[str, ...]
    looked_at: pa.Table  # labelled rows that the roles were derived from


def sum_rows(
    binder: Binder,
    scope: Scope,
    target: OnReader,
    definition: Model,
    resolved: ResolvedMethod,
    reads: Reads,
    keep: Sequence[Column] | None,
) -> Summed:
    """The sums over all rows of a model's query at the scope's snapshot.

    The part of each column is decided from the first rows. Where these do not suffice, because
    they cannot be learned from or a column is left out that more rows could speak for, all rows
    are read into memory and decide.
    """
    plan = _Plan.of(binder, scope, target, definition, reads, keep)
    batches = iter(plan.batches(target))
    first, whole = _first(batches, plan.schema(target))
    try:
        with one_thread():
            roles = learners.derive_roles(plan.columns, plan.labelled(first), definition)
        decided = whole or not _doubtful(roles)
    except TrainingDataProblem:
        if whole:
            raise
        decided = False
    if not decided:
        rows = read_training_rows(binder, scope, definition, reads, keep)
        first = rows.data if rows.bucket is None else rows.data.append_column(BUCKET, rows.bucket)
        roles = learners.derive_roles(plan.columns, plan.labelled(first), definition)
        batches = iter(())
    maintained = learners.maintenance(roles, resolved, SEED)
    if isinstance(maintained, learners.NotMaintained):
        raise NotSums(maintained.reason)
    adding = Adding(empty_sums(maintained, roles), plan)
    for rows_ in chain((first.slice(at, BATCH_ROWS) for at in _starts(first)), batches):
        adding.add(rows_, None)
    return Summed(adding.sums, plan.columns, plan.identity, plan.notices, plan.labelled(first))


class NotSums(Exception):
    """The method, on these columns, is no function of sums after all."""


@dataclass(frozen=True)
class _Plan:
    """How a model's rows are read, and which of them are held out."""

    query: str
    columns: tuple[Column, ...]
    definition: Model
    identity: Identity
    time: str | None
    notices: tuple[str, ...] = ()
    timeline: Timeline | None = None
    held_from: int | None = None

    @classmethod
    def of(
        cls,
        binder: Binder,
        scope: Scope,
        target: OnReader,
        definition: Model,
        reads: Reads,
        keep: Sequence[Column] | None,
    ) -> _Plan:
        identity = identity_of(definition, reads.base_tables)
        query = binder.define(identity.query, scope)
        described = target.describe(query)
        columns, notices = keep_columns([c for c in described if c.name != ROW_ID], keep)
        check_columns(definition, columns)
        plan = cls(query, columns, definition, identity, time_column(definition, columns), notices)
        return plan if plan.last is None else plan._with_timeline(target)

    @property
    def last(self) -> HoldoutLast | None:
        """The hold-out by time, if it is one."""
        return last_of(self.definition, self.time)

    def _with_timeline(self, target: OnReader) -> _Plan:
        line = count_moments(target, self.query, self.definition, self.time)
        assert self.last is not None  # noqa: S101 - asked before
        return replace(self, timeline=line, held_from=line.held_from(self.last))

    def schema(self, target: OnReader) -> pa.Schema:
        """The schema of the batches."""
        return target.table(f"{self._text()} LIMIT 0").schema

    def batches(self, target: OnReader) -> Iterator[pa.Table]:
        """The rows, as they come."""
        for batch in target.stream(self._text()):
            yield pa.Table.from_batches([batch])

    def labelled(self, rows: pa.Table) -> pa.Table:
        """The rows that have a label, without the bucket."""
        rows = rows.select([c.name for c in self.columns])
        if self.definition.target is None:
            return rows
        return rows.filter(column_of(rows, self.definition.target).is_valid())

    def _text(self) -> str:
        picked = [always_quote(c.name) for c in self.columns]
        number = self._bucket()
        if number is not None:
            picked.append(f"{number} AS {BUCKET}")
        return f"SELECT {', '.join(picked)} FROM ({self.query}\n)"

    def _bucket(self) -> str | None:
        if self.definition.target is None:
            return None
        number = bucket(self.definition, self.identity, self.columns)
        if self.last is None:
            return number
        if self.held_from is None or self.time is None:
            return "NULL::DOUBLE"
        kind = next(c.type for c in self.columns if c.name == self.time)
        since = moment_literal(self.held_from, kind)
        return f"CASE WHEN {always_quote(self.time)} >= {since} THEN {number} END"


class Adding:
    """Puts rows where they belong: trained on, held out, scored, or questions."""

    def __init__(self, sums: Sums, plan: _Plan | None = None) -> None:
        self.sums = sums
        if plan is not None:
            self.sums = replace(
                sums,
                timeline=plan.timeline if _keeps(plan.timeline) else None,
                held_from=plan.held_from,
            )
        self._share = _share(plan.definition, plan.time) if plan is not None else None

    @classmethod
    def to(cls, sums: Sums, definition: Model) -> Adding:
        """Add to sums that are there already."""
        adding = cls(sums)
        adding._share = _share(definition, sums.roles.time)
        return adding

    def add(self, rows: pa.Table, weights: np.ndarray[Any, np.dtype[np.int64]] | None) -> None:
        """Add rows, each as often as its weight says, or once."""
        sums, target = self.sums, self.sums.roles.target
        if target is None:
            add_signed(sums.train, rows, weights)
            return
        label = column_of(rows, target)
        if label.null_count:
            known = label.is_valid()
            unknown = np.asarray(pc.invert(known).to_numpy())
            count = int(unknown.sum() if weights is None else weights[unknown].sum())
            self.sums = sums = replace(sums, unlabelled=sums.unlabelled + count)
            rows = rows.filter(known)
            weights = None if weights is None else weights[~unknown]
        held = self._held(rows)
        if held is None or not held.any():
            add_signed(sums.train, rows, weights)
            return
        mask = pa.array(held)
        test, train = rows.filter(mask), rows.filter(pc.invert(mask))
        add_signed(sums.train, train, None if weights is None else weights[~held])
        self._hold_out(test, None if weights is None else weights[held])

    def _hold_out(
        self, test: pa.Table, weights: np.ndarray[Any, np.dtype[np.int64]] | None
    ) -> None:
        sums = self.sums
        if not sums.test.rows and sums.train.rows:
            # The same shifts, so that both can be merged without rounding.
            sums = replace(sums, test=sums.maintained.empty(sums.train))
        add_signed(sums.test, test, weights)
        self.sums = sums
        sample = self.sums.sample
        if sample is None:
            limit = 1.0 if self._share is None else self._share
            sample = Sample(limit, test.slice(0, 0))
        self.sums = replace(self.sums, sample=sample.changed(test, weights, BUCKET))

    def _held(self, rows: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
        """Which rows are held out."""
        if self._share is not None:
            return np.asarray(pc.less(rows[BUCKET], self._share).to_numpy())
        if self.sums.held_from is None or self.sums.roles.time is None:
            return None
        times = column_of(rows, self.sums.roles.time)
        return np.asarray(stamps_of(times) >= self.sums.held_from)


def last_of(definition: Model, time: str | None) -> HoldoutLast | None:
    """The hold-out by time of a model, if it is one.

    Raises:
        TrainingDataProblem: HOLDOUT LAST without a time column.
    """
    if definition.target is None:
        return None
    holdout = effective_holdout(definition, time)
    if not isinstance(holdout, HoldoutLast):
        return None
    if time is None:
        raise TrainingDataProblem(
            "HOLDOUT LAST needs a time column, and the query has none, or several",
            hint="name it: TIME column",
        )
    return holdout


def count_moments(target: OnReader, query: str, definition: Model, time: str | None) -> Timeline:
    """The labelled rows of a query per moment.

    Raises:
        TrainingDataProblem: NULL_TIME.
    """
    moment, label = always_quote(time or ""), always_quote(definition.target or "")
    found = target.table(
        f"SELECT {moment} AS moment, count(*)::BIGINT AS labelled FROM ({query}\n) "
        f"WHERE {label} IS NOT NULL GROUP BY {moment}"
    )
    known = found.filter(found["moment"].is_valid())
    without = pc.sum(found["labelled"]).as_py() or 0
    without -= pc.sum(known["labelled"]).as_py() or 0
    if without:
        raise TrainingDataProblem(
            f"{without:,} labelled rows have no {time} to be ordered by",
            code="NULL_TIME",
            hint=f"leave them out: WHERE {time} IS NOT NULL",
        )
    counts = np.asarray(known["labelled"].to_numpy(), np.int64)
    return Timeline.of(stamps_of(known["moment"]), counts)


def add_signed(
    moments: Any, rows: pa.Table, weights: np.ndarray[Any, np.dtype[np.int64]] | None
) -> None:
    """Add rows to sums; nothing where there are none."""
    if rows.num_rows:
        moments.add(rows, weights)


def _share(definition: Model, time: str | None) -> float | None:
    if definition.target is None:
        return None
    holdout = effective_holdout(definition, time)
    return holdout.share if isinstance(holdout, HoldoutShare) else None


def _keeps(line: Timeline | None) -> bool:
    return line is not None and len(line.stamps) <= MAX_MOMENTS


def _first(batches: Iterator[pa.Table], schema: pa.Schema) -> tuple[pa.Table, bool]:
    """The first rows, and whether they are all there are."""
    found: list[pa.Table] = []
    while sum(rows.num_rows for rows in found) < LOOKED_AT:
        following = next(batches, None)
        if following is None:
            return (pa.concat_tables(found) if found else schema.empty_table()), True
        found.append(following)
    return pa.concat_tables(found), False


def _doubtful(roles: Any) -> bool:
    """Whether a column was left out for values that further rows may have more of."""
    return any("distinct values in" in ignored.reason for ignored in roles.ignored)


def _starts(rows: pa.Table) -> range:
    return range(0, rows.num_rows, BATCH_ROWS)

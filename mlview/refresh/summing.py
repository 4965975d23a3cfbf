"""Training a model from sums: its rows pass by once, in batches, and are forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview import learners
from mlview.errors import TrainingDataProblem
from mlview.learners.identifying import was_left_out
from mlview.learners.keeping.sums import empty_sums
from mlview.learners.keeping.timeline import MAX_MOMENTS
from mlview.learners.threads import one_thread
from mlview.observation.identities import BUCKET
from mlview.refresh.adding import Adding
from mlview.refresh.ahead import read_ahead
from mlview.refresh.histograms import histograms_kept
from mlview.refresh.reading import read_training_rows
from mlview.refresh.streaming import RowPlan
from mlview.refresh.training import SEED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlview.definitions import Model
    from mlview.learners import ResolvedMethod, Roles
    from mlview.learners.keeping.sums import Sums
    from mlview.observation.identities import Identity
    from mlview.observation.reads import Reads
    from mlview.records import Column, Version
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope
    from mlview.serving.targets import OnReader

LOOKED_AT = 50_000
"""Rows from whose values the part of every column is decided; the sums confirm it."""

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Summed:
    """The sums of a model's rows, and what was found on the way.

    Attributes:
        sums: those of all rows.
        columns: the columns of the query.
        identity: what tells its rows apart.
        notices: what the user should be told.
        histograms: how the columns are spread, as a record keeps it.
    """

    sums: Sums
    columns: tuple[Column, ...]
    identity: Identity
    notices: tuple[str, ...]
    histograms: dict[str, Any]


class NotSums(Exception):
    """The method, on these columns, is no function of sums after all."""


def sum_rows(
    binder: Binder,
    scope: Scope,
    target: OnReader,
    definition: Model,
    resolved: ResolvedMethod,
    reads: Reads,
    keep: Sequence[Column] | None,
    *,
    recorded: Version | None = None,
) -> Summed:
    """The sums over all rows of a model's query at the scope's snapshot.

    The part of each column is decided from the first rows. Where these do not suffice, because
    they cannot be learned from or a column is left out that more rows could speak for, all rows
    are read into memory and decide.
    """
    plan = RowPlan.of(binder, scope, target, definition, reads, keep, recorded)
    stream = plan.stream(target)
    with read_ahead(map(_as_table, stream)) as batches:
        first, whole = _first(batches, stream.schema)
        roles = _roles(plan, first, whole=whole)
        if roles is not None:
            return _summed(plan, roles, resolved, first, batches)
    rows = read_training_rows(binder, scope, definition, reads, keep, recorded)
    first = rows.data if rows.bucket is None else rows.data.append_column(BUCKET, rows.bucket)
    roles = learners.derive_roles(plan.columns, plan.labelled(first), definition)
    return _summed(plan, roles, resolved, first, ())


def _summed(
    plan: RowPlan,
    roles: Roles,
    resolved: ResolvedMethod,
    first: pa.Table,
    batches: Iterable[pa.Table],
) -> Summed:
    maintained = learners.maintenance(roles, resolved, SEED)
    if isinstance(maintained, learners.NotMaintained):
        raise NotSums(maintained.reason)
    histograms = histograms_kept(plan.labelled(first), roles)
    kept = plan.timeline is not None and len(plan.timeline.stamps) <= MAX_MOMENTS
    empty = replace(
        empty_sums(maintained, roles),
        timeline=plan.timeline if kept else None,
        held_from=plan.held_from,
    )
    adding = Adding(empty, plan.definition)
    for rows in chain(_pieces(first), batches):
        adding.add(rows, None)
    return Summed(adding.sums, plan.columns, plan.identity, plan.notices, histograms)


def _roles(plan: RowPlan, first: pa.Table, *, whole: bool) -> Roles | None:
    """The part of each column, None where only all rows can decide it."""
    try:
        with one_thread():
            roles = learners.derive_roles(plan.columns, plan.labelled(first), plan.definition)
    except TrainingDataProblem:
        if whole:
            raise
        return None
    return roles if whole or not _doubtful(roles) else None


def _doubtful(roles: Roles) -> bool:
    """Whether a column was left out for values that further rows may have more of."""
    return any(was_left_out(ignored.reason) for ignored in roles.ignored)


def _first(batches: Iterator[pa.Table], schema: pa.Schema) -> tuple[pa.Table, bool]:
    """The first rows, and whether they are all there are."""
    found = [schema.empty_table()]
    while sum(rows.num_rows for rows in found) < LOOKED_AT:
        following = next(batches, None)
        if following is None:
            return pa.concat_tables(found), True
        found.append(following)
    return pa.concat_tables(found), False


def _pieces(rows: pa.Table) -> Iterator[pa.Table]:
    """The rows in batches, so that their blocks are few and full."""
    return (rows.slice(at, BATCH_ROWS) for at in range(0, rows.num_rows, BATCH_ROWS))


def _as_table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])

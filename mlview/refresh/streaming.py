"""How the rows of a model pass by: its query, what tells them apart, and who is held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from mlview.definitions import always_quote
from mlview.learners.frames import column_of
from mlview.learners.keeping.timeline import moment_literal
from mlview.observation.identities import (
    BUCKET,
    BY_ROW_ID,
    ROW_ID,
    as_recorded,
    bucket,
    identity_of,
    numbers_of,
    time_column,
)
from mlview.refresh.columns import keep_columns
from mlview.refresh.reading import check_columns
from mlview.refresh.timelines import count_moments, last_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.definitions import HoldoutLast, Model
    from mlview.learners.keeping.timeline import Timeline
    from mlview.observation.identities import Identity
    from mlview.observation.reads import Reads
    from mlview.records import Column, Version
    from mlview.serving.binding import Binder
    from mlview.serving.scopes import Scope
    from mlview.serving.targets import OnReader


@dataclass(frozen=True)
class RowPlan:
    """How a model's rows are read, and which of them are held out.

    Attributes:
        query: the model's query, bound, with row ids where these tell rows apart.
        columns: those that are learned from or told, without the row ids.
        definition: the model.
        identity: what tells its rows apart.
        time: the column that may decide who is held out.
        notices: what the user should be told.
        timeline: labelled rows per moment, where time decides.
        held_from: the first moment held out.
    """

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
        recorded: Version | None,
    ) -> RowPlan:
        """The plan for a model at the scope's snapshot; `recorded` as in `read_training_rows`."""
        identity = as_recorded(identity_of(definition, reads.base_tables), recorded)
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

    def _with_timeline(self, target: OnReader) -> RowPlan:
        line = count_moments(target, self.query, self.definition, self.time)
        assert self.last is not None  # noqa: S101 - asked before
        return replace(self, timeline=line, held_from=line.held_from(self.last))

    def stream(self, target: OnReader) -> pa.RecordBatchReader:
        """The rows as they come, to be read before the target runs anything else."""
        rows = target.stream(self._text())
        return _with_numbers(rows) if self._by_row_id else rows

    def labelled(self, rows: pa.Table) -> pa.Table:
        """The rows that have a label, without the bucket."""
        rows = rows.select([c.name for c in self.columns])
        if self.definition.target is None:
            return rows
        label = column_of(rows, self.definition.target)
        return rows.filter(label.is_valid()) if label.null_count else rows

    def _text(self) -> str:
        picked = [always_quote(c.name) for c in self.columns]
        number = ROW_ID if self._by_row_id else self._bucket()
        if number is not None:
            picked.append(f"{number} AS {BUCKET}")
        return f"SELECT {', '.join(picked)} FROM ({self.query}\n)"

    @property
    def _by_row_id(self) -> bool:
        """Whether the row ids are fetched, and the numbers made of them here."""
        by_share = self.definition.target is not None and self.last is None
        return by_share and self.identity.rule == BY_ROW_ID

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
        # Only held-out rows are scored: the others need no number.
        return f"CASE WHEN {always_quote(self.time)} >= {since} THEN {number} END"


def _with_numbers(rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The rows with the number that decides who is held out where the row id was, at the end."""
    schema = rows.schema.set(len(rows.schema) - 1, pa.field(BUCKET, pa.float64()))
    made = (
        pa.RecordBatch.from_arrays([*columns, numbers_of(row_ids)], schema=schema)
        for *columns, row_ids in (batch.columns for batch in rows)
    )
    return pa.RecordBatchReader.from_batches(schema, made)

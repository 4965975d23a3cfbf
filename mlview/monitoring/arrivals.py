"""The rows that came into a model's query since its live version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.definitions import Model, always_quote
from mlview.engines.differencing import query_text_at, release
from mlview.engines.sources import WEIGHT
from mlview.learners.frames import column_of
from mlview.observation.deltas import open_delta, signed_rows, sources_of
from mlview.observation.identities import BUCKET, ROW_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlview.observation.deltas import Ends, ViewDelta
    from mlview.records import Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home

SAMPLED_ROWS = 250_000
"""Signed rows of a delta too large to be kept that are looked at."""

_POSITION, _ARRIVED = "__mlview_position", "__mlview_arrived"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Rows that came, and those among them whose identity the live version never learned.

    Attributes:
        inserted: the query's columns of every row that came.
        unknown: of those with a label, the ones that no labelled row of the version's snapshot
            shares its identity with, oldest first; a label that arrived late counts as new.
        whole: how many rows came; `inserted` are a sample where that is more.
    """

    inserted: pa.Table
    unknown: pa.Table
    whole: int


def arrivals(
    home: Home, ends: Ends, delta: ViewDelta, version_of: Callable[[ObjectRow], Version]
) -> Arrivals:
    """The rows that a delta brought.

    Args:
        home: the database.
        ends: the delta's ends.
        delta: the delta; its rows, or a sample of them, are computed anew where they were too many.
        version_of: which version of a view counts at the end.
    """
    signed = delta.rows if delta.rows is not None else _sampled(home, ends, version_of)
    weights = np.asarray(signed[WEIGHT].to_numpy(), np.int64)
    came, went = signed.filter(pa.array(weights > 0)), signed.filter(pa.array(weights < 0))
    definition = ends.definition
    assert isinstance(definition, Model)  # noqa: S101 - asked for models only
    inserted = _plain(came)
    unknown = inserted.slice(0, 0)
    if definition.target is not None:
        labelled = came.filter(column_of(came, definition.target).is_valid())
        unknown = _plain(_unknown(home, ends, definition, labelled, went, version_of))
        time = ends.live.details.get("time")
        if time is not None:
            unknown = unknown.sort_by(time)
    return Arrivals(inserted, unknown, delta.size.inserted)


def _sampled(home: Home, ends: Ends, version_of: Callable[[ObjectRow], Version]) -> pa.Table:
    with home.engine.workbench(ends.until, refresh_time=ends.now) as reader:
        found = open_delta(home, reader, ends, version_of)
        try:
            rows = signed_rows(found, ends)
            sample = f"USING SAMPLE reservoir({SAMPLED_ROWS} ROWS) REPEATABLE (0)"
            return reader.table(f"SELECT * FROM ({rows}) {sample}", threads=1)
        finally:
            release(reader, found)


def _unknown(
    home: Home,
    ends: Ends,
    definition: Model,
    labelled: pa.Table,
    went: pa.Table,
    version_of: Callable[[ObjectRow], Version],
) -> pa.Table:
    """The labelled rows whose identity no labelled row of the live version's snapshot has."""
    if not labelled.num_rows:
        return labelled
    if ROW_ID in labelled.column_names:
        learned = went.filter(column_of(went, definition.target or "").is_valid())
        return labelled.filter(pc.invert(pc.is_in(labelled[ROW_ID], learned[ROW_ID])))
    assert ends.identity is not None  # noqa: S101 - it is a model
    target = (definition.target or "").lower()
    keys = ends.identity.columns or tuple(
        c.name for c in ends.live.schema if c.name.lower() != target
    )
    position = pa.array(np.arange(labelled.num_rows))
    with home.engine.workbench(ends.until, refresh_time=ends.now) as reader:
        before = query_text_at(
            reader,
            ends.query,
            sources_of(home, ends, version_of),
            old=True,
            time=ends.live.data_timestamp,
        )
        reader.bind_table(_ARRIVED, labelled.append_column(_POSITION, position))
        try:
            same = " AND ".join(
                f"b.{always_quote(k)} IS NOT DISTINCT FROM a.{always_quote(k)}" for k in keys
            )
            new = reader.table(
                f"SELECT a.{_POSITION} FROM {_ARRIVED} a WHERE NOT EXISTS (SELECT 1 FROM "
                f"({before}\n) b WHERE b.{always_quote(definition.target or '')} IS NOT NULL "
                f"AND {same}) ORDER BY 1"
            )
        finally:
            reader.unbind(_ARRIVED)
    return labelled.take(new[_POSITION].combine_chunks())


def _plain(rows: pa.Table) -> pa.Table:
    """The query's own columns."""
    own = [c for c in rows.column_names if c not in (WEIGHT, ROW_ID, BUCKET)]
    return rows.select(own)

"""Held-out rows that are kept to be scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCORED_ROWS = 5_000
"""Held-out rows from which metrics are computed that sums do not give; twice as many at most."""


@dataclass(frozen=True)
class Sample:
    """Held-out rows, chosen by who they are: those whose bucket is below a limit.

    The limit is halved whenever there would be too many, so the rows that stay do not depend on
    the order in which they came.
    """

    limit: float
    rows: pa.Table  # the query's columns, then the bucket

    def changed(self, rows: pa.Table, weights: NDArray[np.int64] | None, bucket: str) -> Sample:
        """With held-out rows that came (once, or as often as the weight says), or went."""
        below = pc.less(rows[bucket], self.limit)
        rows = rows.select(self.rows.column_names)
        if not pc.all(below).as_py():
            rows = rows.filter(below)
        if weights is None:
            return self.with_rows(rows, bucket)
        weights = weights[np.asarray(below.to_numpy())]
        came = np.repeat(np.arange(len(weights)), np.maximum(weights, 0))
        went = np.repeat(np.arange(len(weights)), np.maximum(-weights, 0))
        left = self._without(rows.take(pa.array(went)), bucket)
        return left.with_rows(rows.take(pa.array(came)), bucket)

    def since(self, held: NDArray[np.bool_]) -> Sample:
        """Only those rows that are still held out."""
        return Sample(self.limit, self.rows.filter(pa.array(held)))

    def with_rows(self, rows: pa.Table, bucket: str) -> Sample:
        """With more held-out rows, the limit halved until they are few enough."""
        if not rows.num_rows:
            return self
        rows = rows if rows.schema.equals(self.rows.schema) else rows.cast(self.rows.schema)
        sample = Sample(self.limit, pa.concat_tables([self.rows, rows]))
        while sample.rows.num_rows > 2 * SCORED_ROWS:
            limit = sample.limit / 2
            sample = Sample(limit, sample.rows.filter(pc.less(sample.rows[bucket], limit)))
        return sample

    def _without(self, rows: pa.Table, bucket: str) -> Sample:
        """Less these rows: of those with the same bucket, the equal one, else any of them."""
        if not rows.num_rows:
            return self
        asked = rows[bucket].to_numpy()
        candidates = np.flatnonzero(np.isin(self.rows[bucket].to_numpy(), asked))
        numbers = self.rows[bucket].to_numpy()[candidates]
        gone = np.zeros(self.rows.num_rows, np.bool_)
        if len(np.unique(numbers)) == len(numbers) and len(np.unique(asked)) == len(asked):
            gone[candidates] = True
        else:
            mine = self.rows.take(pa.array(candidates))
            gone[candidates[_matched(mine, rows.cast(self.rows.schema), bucket)]] = True
        return Sample(self.limit, self.rows.filter(pa.array(~gone)))


def _matched(mine: pa.Table, theirs: pa.Table, bucket: str) -> list[int]:
    """A row of the one table for each of the other: an equal one before one of its bucket."""
    equal: dict[tuple[object, ...], list[int]] = {}
    alike: dict[float, list[int]] = {}
    for place, (row, number) in enumerate(zip(_rows(mine), mine[bucket].to_pylist(), strict=True)):
        equal.setdefault(row, []).append(place)
        alike.setdefault(number, []).append(place)
    unmatched: list[float] = []
    found: set[int] = set()
    for row, number in zip(_rows(theirs), theirs[bucket].to_pylist(), strict=True):
        same = equal.get(row)
        if same:
            found.add(same.pop())
        else:
            unmatched.append(number)
    for number in unmatched:
        places = alike.get(number, [])
        while places and places[-1] in found:
            places.pop()
        if places:
            found.add(places.pop())
    return list(found)


def _rows(table: pa.Table) -> list[tuple[object, ...]]:
    """The rows as values that can be looked up."""
    columns = [
        list(map(repr, column.to_pylist()))
        if pa.types.is_nested(column.type)
        else column.to_pylist()
        for column in table.columns
    ]
    return list(zip(*columns, strict=True))

"""Columns that are features, or left out, for how many values they have: whether they still are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlview.learners.columns import is_text, is_whole_number
from mlview.learners.frames import column_of
from mlview.learners.identifying import Levels, named_like_an_id, reason_of, was_left_out
from mlview.refresh.resync import Resync
from mlview.refresh.summing import LOOKED_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlview.learners.keeping.sums import Sums
    from mlview.records import Column

    Count = Callable[[Sequence[str]], Sequence[Levels]]


@dataclass(frozen=True, slots=True)
class Watched:
    """A column whose part hangs on how many values it has."""

    name: str
    text: bool
    left_out: bool

    def refuse_other_part(self, levels: Levels) -> None:
        """Raise Resync if a full pass would give it the other part."""
        if levels.identifying(text=self.text) is self.left_out:
            return
        if self.left_out:
            said = f"{levels.least} distinct values in {levels.known} rows: it is left out no more"
        else:
            said = f"{reason_of(levels.least, levels.known)} by now"
        raise Resync(f"{self.name} has {said}")


def watched(sums: Sums, schema: Sequence[Column]) -> list[Watched]:
    """The columns to watch; texts that are features are counted with the sums.

    Where there are more rows than a full pass looks at, the first ones decide what a feature is.
    """
    left_out = {i.column for i in sums.roles.ignored if was_left_out(i.reason)}
    features = {feature.name for feature in sums.roles.features}
    if sums.train.rows + sums.test.rows > LOOKED_AT:
        features = set()
    return [
        Watched(column.name, is_text(column.type), column.name in left_out)
        for column in schema
        if column.name in left_out
        or (
            column.name in features
            and named_like_an_id(column.name)
            and is_whole_number(column.type)
        )
    ]


def refuse_texts_that_identify(sums: Sums) -> None:
    """Raise Resync if a text that is a feature has come to identify rows."""
    if sums.outgrown is not None:
        raise Resync(sums.outgrown)


def with_levels(
    sums: Sums, columns: Sequence[Watched], rows: pa.Table, weights: NDArray[np.int64], count: Count
) -> Sums:
    """The sums with the columns' levels as they are after signed rows.

    Args:
        sums: after these rows.
        columns: to be watched.
        rows: the signed rows that have a label.
        weights: how often each came or went.
        count: counts the levels of columns in all rows; asked where bounds do not suffice.

    Raises:
        Resync: a column's part has to change.
    """
    known = {levels.column: levels for levels in sums.levels}
    found = {
        column.name: known[column.name].changed(column_of(rows, column.name), weights)
        for column in columns
        if column.name in known
    }
    unsure = [
        column.name
        for column in columns
        if column.name not in found or found[column.name].identifying(text=column.text) is None
    ]
    found |= {levels.column: levels for levels in (count(unsure) if unsure else ())}
    for column in columns:
        column.refuse_other_part(found[column.name])
    return replace(sums, levels=tuple(found.values()))

"""Whether a column identifies rows instead of describing them, by its distinct values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.learners.frames import as_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR_UNIQUE = 0.9
"""The share of distinct values from which a column identifies rows instead of describing them."""

FEW_DISTINCT = 50
"""Up to so many distinct values a text column is a category, however few the rows."""

_REASON = "rows: it identifies rows"
_ID = re.compile(r"(?:^|_)(?:id|uuid|guid|key|rowid)$|[a-z](?:Id|ID|Uuid|UUID|Key)$")


def named_like_an_id(column: str) -> bool:
    """Whether a column is called `id`, `customer_id`, `rowKey` or the like.

    >>> [named_like_an_id(name) for name in ("id", "user_id", "paid", "orderId")]
    [True, True, False, True]
    """
    return _ID.search(column) is not None


def identifies(column: str, levels: int, known: int, *, text: bool) -> bool:
    """Whether a text column, or one of whole numbers, tells rows apart.

    With more levels among as many rows it never tells them apart less.

    Args:
        column: its name.
        levels: distinct values, NULL not counted.
        known: rows that have a value.
        text: not whole numbers.

    >>> identifies("note", 95, 100, text=True), identifies("age", 95, 100, text=False)
    (True, False)
    """
    if levels <= NEAR_UNIQUE * known:
        return False
    by_name = levels > 1 and named_like_an_id(column)
    return by_name or (text and levels > FEW_DISTINCT)


def reason_of(levels: int, known: int) -> str:
    """Why a column that identifies rows is left out."""
    return f"{levels} distinct values in {known} {_REASON}"


def was_left_out(reason: str) -> bool:
    """Whether a column was left out because it identified rows.

    >>> was_left_out(reason_of(100, 100)), was_left_out("UUID values identify rows")
    (True, False)
    """
    return reason.endswith(_REASON)


@dataclass(frozen=True, slots=True)
class Levels:
    """How many distinct values a column may have, from a count and what came and went since.

    Attributes:
        column: its name.
        least, most: between these numbers.
        known: rows that have a value.
    """

    column: str
    least: int
    most: int
    known: int

    def changed(self, values: pa.ChunkedArray, weights: NDArray[np.int64]) -> Levels:
        """The same after signed rows: one value each, and how often it came or went."""
        there = np.asarray(values.is_valid().to_numpy())
        came = _distinct(values.filter(pa.array(there & (weights > 0))))
        went = _distinct(values.filter(pa.array(there & (weights < 0))))
        return replace(
            self,
            least=max(0, self.least - len(went - came)),
            most=self.most + len(came - went),
            known=self.known + int(weights[there].sum()),
        )

    def identifying(self, *, text: bool) -> bool | None:
        """Whether the column identifies rows; None where it has to be counted to be known."""
        least = identifies(self.column, self.least, self.known, text=text)
        most = identifies(self.column, min(self.most, self.known), self.known, text=text)
        return least if least is most else None


def _distinct(values: pa.ChunkedArray) -> set[object]:
    if pa.types.is_dictionary(values.type):
        values = as_text(values.unify_dictionaries())
    return set(pc.unique(values).to_pylist())

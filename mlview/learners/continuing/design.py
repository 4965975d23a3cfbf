"""The feature matrix of a linear method as codes and numbers, never as one-hot columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder

from mlview.learners.frames import categories, numbers
from mlview.learners.preprocessing import PREPROCESS

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Design:
    """Rows of a matrix X whose first columns are one-hot and whose last ones are dense.

    Attributes:
        codes: per categorical feature (rows,), 0 for a value without a column, else the position
            of its column from 1.
        levels: per categorical feature, how many columns it has.
        dense: (rows, numbers), the intercept's ones included.
    """

    codes: tuple[Codes, ...]
    levels: tuple[int, ...]
    dense: Floats

    @property
    def rows(self) -> int:
        """How many rows X has."""
        return len(self.dense)

    @property
    def width(self) -> int:
        """How many columns X has."""
        return sum(self.levels) + int(self.dense.shape[1])

    def times(self, weights: Floats) -> Floats:
        """X @ weights, for weights of shape (columns,)."""
        start = sum(self.levels)
        result: Floats = self.dense @ weights[start:]
        for codes, part in zip(self.codes, np.split(weights, self._starts()[1:]), strict=False):
            result += np.concatenate([[0.0], part])[codes]
        return result

    def transposed_times(self, values: Floats) -> Floats:
        """X.T @ values, for values of shape (rows,)."""
        sums = [
            np.bincount(codes, values, levels + 1)[1:]
            for codes, levels in zip(self.codes, self.levels, strict=True)
        ]
        return np.concatenate([*sums, self.dense.T @ values])

    def gram(self, values: Floats) -> Floats:
        """X.T @ diag(values) @ X: BLAS for numbers, one bincount for each pair of categories."""
        starts = self._starts()
        result = np.zeros((self.width, self.width))
        weighted = self.dense * values[:, None]
        result[starts[-1] :, starts[-1] :] = self.dense.T @ weighted
        for i, (codes, levels) in enumerate(zip(self.codes, self.levels, strict=True)):
            here = slice(starts[i], starts[i] + levels)
            counts = np.bincount(codes, values, levels + 1)[1:]
            result[here, here] = np.diag(counts)
            for j, column in enumerate(weighted.T, start=starts[-1]):
                result[here, j] = np.bincount(codes, column, levels + 1)[1:]
            for j in range(i):
                there = slice(starts[j], starts[j] + self.levels[j])
                result[there, here] = self._pairs(j, i, values)
        upper = np.triu(result)
        return upper + np.triu(result, 1).T

    def _pairs(self, i: int, j: int, values: Floats) -> Floats:
        shape = self.levels[i] + 1, self.levels[j] + 1
        pairs = self.codes[i] * shape[1] + self.codes[j]
        sums: Any = np.bincount(pairs, values, shape[0] * shape[1])
        return np.asarray(sums.reshape(shape)[1:, 1:], dtype=np.float64)

    def squares_times(self, weights: Floats) -> Floats:
        """(X * X) @ weights."""
        last = np.einsum("ij,ij,j->i", self.dense, self.dense, weights[sum(self.levels) :])
        return Design(self.codes, self.levels, last[:, None]).times(
            np.append(weights[: sum(self.levels)], 1.0)
        )

    def transposed_squares_times(self, values: Floats) -> Floats:
        """(X * X).T @ values."""
        first = Design(self.codes, self.levels, self.dense[:, :0]).transposed_times(values)
        last = np.einsum("ij,ij,i->j", self.dense, self.dense, values)
        return np.concatenate([first, last])

    def take(self, positions: Any) -> Design:
        """The rows at these positions, or where a mask is true."""
        codes = tuple(codes[positions] for codes in self.codes)
        return Design(codes, self.levels, self.dense[positions])

    def under(self, other: Design) -> Design:
        """These rows after those of another design with the same columns."""
        codes = (np.concatenate(pair) for pair in zip(other.codes, self.codes, strict=True))
        return Design(tuple(codes), self.levels, np.concatenate([other.dense, self.dense]))

    def _starts(self) -> list[int]:
        return list(accumulate(self.levels, initial=0))


def design_of(pipeline: Pipeline, matched: pa.Table, *, intercept: bool) -> Design:
    """The rows as the last step of a Pipeline for a linear method sees them, and ones behind.

    Args:
        pipeline: fitted, with one-hot categories before scaled numbers.
        matched: the feature columns.
        intercept: whether a column of ones is added.
    """
    codes: list[Codes] = []
    levels: list[int] = []
    dense: list[Floats] = []
    for _, step, columns in pipeline.named_steps[PREPROCESS].transformers_:
        if isinstance(step, OneHotEncoder):
            for name, known in zip(columns, step.categories_, strict=True):
                codes.append(_positions(matched.column(name), known))
                levels.append(len(known))
        else:
            # One block by columns: a frame of single columns would be laid together again.
            block = np.empty((matched.num_rows, len(columns)), order="F")
            for i, name in enumerate(columns):
                block[:, i] = numbers(matched.column(name))
            scaled = step.transform(pd.DataFrame(block, columns=columns, copy=False))
            dense.extend(np.asarray(scaled, dtype=np.float64).T)
    if intercept:
        dense.append(np.ones(matched.num_rows))
    together = np.empty((matched.num_rows, len(dense)), order="F")
    for i, column in enumerate(dense):
        together[:, i] = column
    return Design(tuple(codes), tuple(levels), together)


def _positions(column: pa.ChunkedArray, known: NDArray[Any]) -> Codes:
    """The position of every value among the known ones from 1, 0 for the others."""
    place = {level: i for i, level in enumerate(known.tolist(), start=1) if isinstance(level, str)}
    missing = 0 if len(place) == len(known) else len(known)
    values = categories(column)
    found = [place.get(level, 0) for level in values.categories]
    # A missing value has the code -1, which is the last position.
    result: Codes = np.take(np.asarray([*found, missing], dtype=np.int64), values.codes)
    return result

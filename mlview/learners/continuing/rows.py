"""Which rows of a delta count, and which ones only a full fit can take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.errors import ColumnMismatch
from mlview.learners.continuing.outcomes import CannotContinue
from mlview.learners.fitting import label_array
from mlview.learners.frames import as_text, column_of, feature_frame
from mlview.learners.matching import match_columns
from mlview.learners.preprocessing import PREPROCESS
from mlview.learners.roles import FeatureKind
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mlview.learners.signatures import Fitted

UNSEEN_SHARE = 0.01
"""The share of inserted rows with a value of one feature that has no column up to which the value
is ignored, as it is at prediction."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that are trained on.

    Attributes:
        features: the feature columns, under the names and in the order of training.
        label: float64 for a quantity, else the positions of the classes; None without a label.
    """

    features: pa.Table
    label: NDArray[np.float64] | None

    def __len__(self) -> int:
        return int(self.features.num_rows)

    def matrix(self, fitted: Fitted) -> Any:
        """The feature matrix as the method sees it."""
        frame = feature_frame(self.features, fitted.signature.features)
        return fitted.pipeline.named_steps[PREPROCESS].transform(frame)

    def labels(self, fitted: Fitted) -> NDArray[Any]:
        """The label as the method was given it: numbers, classes, or their positions."""
        signature = fitted.signature
        if self.label is None or signature.task is Task.REGRESSION or signature.coded:
            return np.asarray(self.label)
        classes = fitted.pipeline.steps[-1][1].classes_
        return np.asarray(classes[self.label.astype(np.int64)])


@dataclass(frozen=True, slots=True)
class Delta:
    """What came and what went since the live version, and how often it was continued.

    Attributes:
        inserted, deleted: the rows that are trained on.
        seed: for what is random in this continuation.
        steps: continuations since the last full fit.
    """

    inserted: Rows
    deleted: Rows
    seed: int
    steps: int

    @property
    def said(self) -> str:
        """Its size in words."""
        return f"{len(self.inserted)} inserted and {len(self.deleted)} deleted rows"


def training_rows(fitted: Fitted, data: pa.Table) -> Rows:
    """The labelled rows of a table.

    Raises:
        CannotContinue: a class never seen, values that are not finite, columns of another type.
    """
    signature = fitted.signature
    if signature.target is not None:
        known = column_of(data, signature.target)
        data = data.filter(known.is_valid()) if known.null_count else data
    try:
        features = match_columns(signature.features, data)
    except ColumnMismatch as problem:
        raise CannotContinue(problem.message) from problem
    for name in features.column_names:
        _check_finite(name, features.column(name))
    return Rows(features, _label(fitted, data))


def _label(fitted: Fitted, data: pa.Table) -> NDArray[np.float64] | None:
    signature = fitted.signature
    if signature.target is None:
        return None
    _check_finite(signature.target, column_of(data, signature.target))
    values = label_array(data, signature.target, signature.task, signature.classes)
    label = np.asarray(values, dtype=np.float64)
    strange = np.isnan(label)
    if strange.any():
        column = column_of(data, signature.target)
        first = column[int(strange.argmax())].as_py()
        what = "NaN" if signature.task is Task.REGRESSION else "a class never seen"
        raise CannotContinue(
            f"the label '{signature.target}' is {what} in {int(strange.sum())} rows, "
            f"the first of them {first!r}"
        )
    return label


def _check_finite(name: str, column: pa.ChunkedArray) -> None:
    if pa.types.is_floating(column.type):
        count = int(pc.sum(pc.is_inf(column)).as_py() or 0)
        if count:
            raise CannotContinue(f"the column '{name}' is infinite in {count} rows")


def ignored_categories(fitted: Fitted, rows: Rows) -> str:
    """Which features have values without a column of their own, for a sentence's end.

    Raises:
        CannotContinue: more than `UNSEEN_SHARE` of the rows have such a value in one feature.
    """
    counts = {name: count for name, count in _unseen(fitted, rows) if count}
    for name, count in counts.items():
        if count > UNSEEN_SHARE * len(rows):
            raise CannotContinue(
                f"{count} of {len(rows)} inserted rows have a value of '{name}' never seen"
            )
    return f"; values never seen were ignored in {', '.join(counts)}" if counts else ""


def _unseen(fitted: Fitted, rows: Rows) -> Iterator[tuple[str, int]]:
    texts = {f.name for f in fitted.signature.features if f.kind is FeatureKind.CATEGORICAL}
    for _, encoder, columns in fitted.pipeline.named_steps[PREPROCESS].transformers_:
        if not texts.issuperset(columns) or not columns:
            continue
        for name, levels in zip(columns, encoder.categories_, strict=True):
            known = pa.array([v for v in levels if isinstance(v, str)], pa.string())
            column = as_text(rows.features.column(name))
            seen = int(pc.sum(pc.is_in(column, known)).as_py() or 0)
            missing = column.null_count if len(known) < len(levels) else 0
            yield name, len(column) - seen - missing

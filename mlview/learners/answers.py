"""A model's answers on labelled rows beside the labels, for metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.errors import ColumnMismatch
from mlview.learners.frames import column_of, numbers
from mlview.learners.matching import match_columns
from mlview.learners.prediction import BATCH_ROWS, codes_from, frame_for, predicted_codes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mlview.learners.signatures import Fitted

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Classified:
    """Labels and answers as positions in the model's classes.

    Attributes:
        actual: -1 where training had no such class.
        predicted: the answers.
        probabilities: rows x classes, or None.
        scores: for two classes, what orders the rows; None if the method gives nothing.
    """

    actual: Codes
    predicted: Codes
    probabilities: Floats | None
    scores: Floats | None


def labelled(fitted: Fitted, data: pa.Table) -> pa.Table:
    """The rows whose label is known: neither NULL nor NaN."""
    label = column_of(data, fitted.signature.target or "")
    known = label.is_valid()
    if pa.types.is_floating(label.type):
        known = pc.and_(known, pc.fill_null(pc.is_finite(label), False))
    return data if pc.all(known).as_py() in (True, None) else data.filter(known)


def frames(fitted: Fitted, data: pa.Table) -> Iterator[Any]:
    """The frames a fitted Pipeline reads, batch by batch."""
    matched = match_columns(fitted.signature.features, data)
    for start in range(0, matched.num_rows, BATCH_ROWS):
        yield frame_for(fitted, matched.slice(start, BATCH_ROWS))


def actual_codes(fitted: Fitted, data: pa.Table) -> Codes:
    """The labels as positions in the model's classes, -1 for a class it does not know."""
    label = column_of(data, fitted.signature.target or "")
    if pa.types.is_dictionary(label.type):
        label = label.cast(pa.string())
    if pa.types.is_decimal(label.type):
        label = label.cast(pa.float64(), safe=False)
    try:
        classes = pa.array(fitted.signature.classes).cast(label.type)
    except pa.ArrowInvalid:
        raise _other_label(fitted, label) from None
    found = pc.fill_null(pc.index_in(label, classes), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def refuse_unseen_labels(fitted: Fitted, data: pa.Table) -> None:
    """Refuse to judge a classifier by labels it was never taught.

    Raises:
        ColumnMismatch: UNSEEN_LABELS with their counts, or a label of another type.
    """
    unseen = actual_codes(fitted, data) < 0
    if not unseen.any():
        return
    target = fitted.signature.target or ""
    counted = pc.value_counts(column_of(data, target).filter(pa.array(unseen))).to_pylist()
    counts = {str(one["values"]): one["counts"] for one in counted}
    shown = ", ".join(f"{label!r}: {count:,}" for label, count in list(counts.items())[:10])
    raise ColumnMismatch(
        f"{sum(counts.values()):,} labels in '{target}' are none the model was taught: {shown}",
        code="UNSEEN_LABELS",
        hint=f"it knows {', '.join(map(repr, fitted.signature.classes[:10]))}",
        counts=counts,
    )


def _other_label(fitted: Fitted, label: pa.ChunkedArray) -> ColumnMismatch:
    target = fitted.signature.target
    return ColumnMismatch(
        f"the label '{target}' is {label.type}, the model was taught {fitted.signature.class_type}",
        hint=f"CAST({target} AS {fitted.signature.class_type}) AS {target}",
    )


def classified(fitted: Fitted, data: pa.Table) -> Classified:
    """A classifier's answers on labelled rows; one pass over the data."""
    predicted, probabilities, scores = [], [], []
    two = len(fitted.signature.classes) == 2  # noqa: PLR2004 - two classes are ordered by one score
    for frame in frames(fitted, data):
        if hasattr(fitted.pipeline, "predict_proba"):
            chances = np.asarray(fitted.pipeline.predict_proba(frame), dtype=np.float64)
            probabilities.append(chances)
            predicted.append(codes_from(fitted, frame, chances))
        else:
            predicted.append(predicted_codes(fitted, frame))
            if two and hasattr(fitted.pipeline, "decision_function"):
                scores.append(np.ravel(fitted.pipeline.decision_function(frame)))
    everything = np.concatenate(probabilities) if probabilities else None
    if everything is not None and two:
        scores = [everything[:, 1]]
    return Classified(
        actual_codes(fitted, data),
        np.concatenate(predicted) if predicted else np.empty(0, np.int64),
        everything,
        np.concatenate(scores) if scores else None,
    )


def regressed(fitted: Fitted, data: pa.Table) -> tuple[Floats, Floats]:
    """Labels and answers of a regression."""
    parts = [np.ravel(fitted.pipeline.predict(frame)) for frame in frames(fitted, data)]
    answers = np.concatenate(parts) if parts else np.empty(0)
    return numbers(column_of(data, fitted.signature.target or "")), answers.astype(np.float64)

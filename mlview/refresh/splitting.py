"""Which labelled rows are held out to judge a candidate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.definitions import HoldoutLast, HoldoutShare
from mlview.errors import TrainingDataProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.definitions import Holdout, Model
    from mlview.refresh.reading import TrainingRows

DEFAULT_SHARE = 0.2


@dataclass(frozen=True)
class Split:
    """Labelled rows, in two parts.

    Attributes:
        train, test: the parts, in the order of reading.
        everything: both together.
        refit: whether the published model learns from everything.
        record: how it was decided, as kept with the version.
        unlabelled: rows whose label is NULL.
        notices: what the user should be told.
    """

    train: pa.Table
    test: pa.Table
    everything: pa.Table
    refit: bool
    record: dict[str, Any]
    unlabelled: int
    notices: tuple[str, ...] = ()


def effective_holdout(definition: Model, time: str | None) -> Holdout:
    """The declared hold-out, or the default: by time where there is a time, else by identity."""
    if definition.holdout is not None:
        return definition.holdout
    return HoldoutShare(DEFAULT_SHARE) if time is None else HoldoutLast(DEFAULT_SHARE)


def split(rows: TrainingRows, definition: Model) -> Split:
    """Hold out labelled rows as the definition says.

    Raises:
        TrainingDataProblem: HOLDOUT LAST without a time column, or a NULL in it; or no row is
            left to train on.
    """
    assert definition.target is not None  # noqa: S101 - unsupervised models are not split
    label = _column(rows.data, definition.target)
    unlabelled = label.null_count
    known = label.is_valid() if unlabelled else None
    data = rows.data if known is None else rows.data.filter(known)
    match effective_holdout(definition, rows.time):
        case HoldoutLast() as last:
            train, test, record = _by_time(data, rows, last)
            parts = Split(train, test, data, True, record, unlabelled)
        case HoldoutShare() as share:
            bucket = rows.bucket if known is None else rows.bucket.filter(known)  # type: ignore[union-attr]
            held = pc.less(bucket, share.share)
            train, test = data.filter(pc.invert(held)), data.filter(held)
            record = {
                "by": "identity" if not share.by else list(share.by),
                "identity": rows.identity,
                "hash": rows.rule,
                "share": share.share,
                "refit": share.refit,
            }
            parts = Split(train, test, data, share.refit, record, unlabelled)
    return _usable(parts)


def refuse_lost_classes(parts: Split, target: str) -> None:
    """Every class must have a row left to train on.

    Raises:
        TrainingDataProblem: CLASS_TOO_SMALL, with the counts of the classes that have none.
    """
    left = pc.value_counts(_column(parts.train, target)).to_pylist()
    held = pc.value_counts(_column(parts.test, target)).to_pylist()
    refuse_lost(
        {c["values"]: c["counts"] for c in left}, {c["values"]: c["counts"] for c in held}, target
    )


def refuse_lost(left: Mapping[Any, int], held: Mapping[Any, int], target: str) -> None:
    """The same, given how many rows of each class are left, and how many held out.

    Raises:
        TrainingDataProblem: CLASS_TOO_SMALL.
    """
    lost = {str(value): count for value, count in held.items() if value not in left}
    if lost:
        shown = ", ".join(f"{label}: {count}" for label, count in list(lost.items())[:10])
        raise TrainingDataProblem(
            f"every row of some classes of '{target}' is held out, none is left to train on: "
            f"{shown}",
            code="CLASS_TOO_SMALL",
            hint="HOLDOUT a smaller share, or another one than the last rows",
            counts=lost,
        )


def _usable(parts: Split) -> Split:
    """The same split, if there are rows to train on; said where there are none to judge with."""
    held_out = parts.test.num_rows
    if held_out and not parts.train.num_rows:
        raise TrainingDataProblem(
            f"the hold-out takes all of the {held_out:,} labelled rows",
            code="TOO_FEW_ROWS",
            hint="HOLDOUT a smaller share",
        )
    if held_out or not parts.train.num_rows:
        return parts
    notice = f"no row was held out of {parts.train.num_rows:,}: the model is not scored"
    return replace(parts, notices=(notice,))


def _by_time(
    data: pa.Table, rows: TrainingRows, holdout: HoldoutLast
) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    if rows.time is None:
        raise TrainingDataProblem(
            "HOLDOUT LAST needs a time column, and the query has none, or several",
            hint="name it: TIME column",
        )
    times = data[rows.time]
    if times.null_count:
        raise TrainingDataProblem(
            f"{times.null_count:,} labelled rows have no {rows.time} to be ordered by",
            code="NULL_TIME",
            hint=f"leave them out: WHERE {rows.time} IS NOT NULL; "
            f"if it orders nothing: IGNORE ({rows.time})",
        )
    if data.num_rows == 0:
        return data, data, {"by": "time", "column": rows.time}
    start = _first_held_out(times, holdout)
    record = {"by": "time", "column": rows.time, "refit": True}
    if start < data.num_rows:
        record["from"] = str(times[start])
    return data.slice(0, start), data.slice(start), record


def _first_held_out(times: pa.ChunkedArray, holdout: HoldoutLast) -> int:
    """The position of the first held-out row; rows of one moment are never parted."""
    kind = pa.timestamp("us")
    values = times.combine_chunks()
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit))
    stamps = values.cast(kind, safe=False).cast(pa.int64()).to_numpy(zero_copy_only=False)
    if isinstance(holdout.last, timedelta):
        micros = int(holdout.last.total_seconds() * 1e6)
        return int(np.searchsorted(stamps, stamps[-1] - micros, side="right"))
    position = round(len(stamps) * (1 - holdout.last))
    if position >= len(stamps):
        return len(stamps)
    return int(np.searchsorted(stamps, stamps[position], side="left"))


def _column(data: pa.Table, name: str) -> pa.ChunkedArray:
    for column in data.column_names:
        if column.lower() == name.lower():
            return data[column]
    raise KeyError(name)

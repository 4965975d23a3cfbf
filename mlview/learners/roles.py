"""What each column of a training query is for: target, feature, key, time, or left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlview.learners.tasks import Task


class FeatureKind(StrEnum):
    """How a column enters the feature matrix.

    NUMERIC as float64; BOOLEAN as 0 and 1; DATETIME as float64 seconds since 1970-01-01 UTC (a
    TIME as seconds since midnight); CATEGORICAL as text. NULL is missing in all of them.
    """

    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"
    CATEGORICAL = "CATEGORICAL"
    DATETIME = "DATETIME"


@dataclass(frozen=True, slots=True)
class Feature:
    """A column the method learns from.

    `type` is the DuckDB type; `levels` the number of distinct values of a CATEGORICAL in training,
    a missing value not counted.
    """

    name: str
    type: str
    kind: FeatureKind
    levels: int | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A column that is no feature, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Roles:
    """The part every column of a training query plays.

    `notices` are warnings for the model's card. `target_type` is the label's DuckDB type, None
    without a label.
    """

    target: str | None
    task: Task
    features: tuple[Feature, ...]
    ignored: tuple[Ignored, ...] = ()
    key: tuple[str, ...] = ()
    time: str | None = None
    notices: tuple[str, ...] = ()
    target_type: str | None = None

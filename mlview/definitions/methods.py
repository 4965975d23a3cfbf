"""How a model is learned, and which rows judge it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

Scalar = None | bool | int | float | str
Value = Scalar | tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Method:
    """An estimator by name with its parameters, in the order they were written."""

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class ArtifactMethod:
    """An unfitted scikit-learn Pipeline that was given from Python and is kept as an artifact."""

    sha256: str


@dataclass(frozen=True, slots=True)
class HoldoutShare:
    """Hold out a share of the identities, chosen by a hash of them (or of the BY columns)."""

    share: float
    by: tuple[str, ...] = ()
    refit: bool = False


@dataclass(frozen=True, slots=True)
class HoldoutLast:
    """Hold out the newest rows by the TIME column: a length of time or a share of the rows.

    A version held out by time is always refitted on all rows before it is published, because
    otherwise the newest rows would never be learned.
    """

    last: timedelta | float


Holdout = HoldoutShare | HoldoutLast

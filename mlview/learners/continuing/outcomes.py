"""What can be said before and after continuing a fitted model on a delta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.errors import RefreshProblem

if TYPE_CHECKING:
    from mlview.learners.signatures import Fitted


@dataclass(frozen=True, slots=True)
class Continuable:
    """A method that can be continued.

    Attributes:
        how: what a continuation does, for EXPLAIN.
        full_every: continuations after which a full fit is due.
        takes_deletes: whether deleted rows can be unlearned.
    """

    how: str
    full_every: int
    takes_deletes: bool


@dataclass(frozen=True, slots=True)
class NotContinuable:
    """A method that cannot be continued, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Continued:
    """A model continued on a delta.

    Attributes:
        fitted: a new object; the one that was given is as it was, and is given back only where
            no row that counts came or went.
        state: what the next continuation needs; None if nothing.
        error_estimate: the distance to the full fit with the same preprocessing, in standard
            errors of the worst coefficient, or as a share of the loss; None where it is unknown.
        said: one sentence for the refresh record.
    """

    fitted: Fitted
    state: bytes | None
    error_estimate: float | None
    said: str


class CannotContinue(RefreshProblem):
    """This delta cannot be taken by continuing; the model needs a full fit.

    >>> CannotContinue("2 rows were deleted").reason
    '2 rows were deleted'
    """

    code = "CANNOT_CONTINUE"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"expected a delta that a fitted model can be continued on, found that {reason}",
            hint="REFRESH MODEL name FULL",
        )
        self.reason = reason

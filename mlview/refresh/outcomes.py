"""What a refresh came to, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlview.errors import MlviewError
    from mlview.records import Plan, RefreshState, RefreshStep, Version


@dataclass(frozen=True)
class StepOutcome:
    """One step: how it ended, the version it made (published or kept), and what to tell."""

    step: RefreshStep
    state: RefreshState
    seconds: float
    version: Version | None = None
    published: bool = False
    error: MlviewError | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A plan and how each of its steps ended."""

    plan: Plan
    steps: tuple[StepOutcome, ...]

    @property
    def first_error(self) -> MlviewError | None:
        """The error that started it, if one did."""
        return next((s.error for s in self.steps if s.error is not None), None)

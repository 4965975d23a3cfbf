"""Rules on data and candidates, as they are given from Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mlview.definitions import Expectation, OnViolation, Requirement


@dataclass(frozen=True, slots=True)
class Expect:
    """A rule on the training data, as `CONSTRAINT name EXPECT (predicate)` has it."""

    predicate: str
    name: str | None = None
    on_violation: Literal["fail", "drop row", "warn"] = "fail"
    at_most_percent: float | None = None

    def definition(self) -> Expectation:
        """The rule as a definition holds it."""
        return Expectation(
            self.predicate,
            self.name,
            OnViolation(self.on_violation.upper()),
            self.at_most_percent,
        )


@dataclass(frozen=True, slots=True)
class Require:
    """A rule on a candidate, as `CONSTRAINT name REQUIRE (predicate)` has it."""

    predicate: str
    name: str | None = None
    on_violation: Literal["fail", "warn"] = "fail"

    def definition(self) -> Requirement:
        """The rule as a definition holds it."""
        return Requirement(self.predicate, self.name, OnViolation(self.on_violation.upper()))

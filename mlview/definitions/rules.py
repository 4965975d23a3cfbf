"""What a definition demands of its data, of its candidates and of their rollout."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


class OnViolation(StrEnum):
    """What a broken rule does."""

    FAIL = "FAIL"
    DROP_ROW = "DROP ROW"
    WARN = "WARN"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A rule on the data, checked before training; NULL passes, as in SQL CHECK."""

    predicate: str
    name: str | None = None
    on_violation: OnViolation = OnViolation.FAIL
    at_most_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """A rule on a candidate, checked after training and before it may go live."""

    predicate: str
    name: str | None = None
    on_violation: OnViolation = OnViolation.FAIL


class Stage(StrEnum):
    """A step of a rollout."""

    SHADOW = "SHADOW"
    CANARY = "CANARY"
    LIVE = "LIVE"


@dataclass(frozen=True, slots=True)
class RolloutStage:
    """How long a candidate stays in a stage; a canary also has a share and what splits it."""

    stage: Stage
    duration: timedelta | None = None
    share: float | None = None
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollout:
    """The stages a candidate passes, in order, the last being LIVE."""

    stages: tuple[RolloutStage, ...]
    rollback: bool = True

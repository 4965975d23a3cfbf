"""The operators of a query, and how the change of each one's rows is had."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Strategy(StrEnum):
    """How the change of an operator's rows is computed from the change of what it reads."""

    LINEAR = "LINEAR"
    """The changed rows go through it, and nothing else is read."""
    TELESCOPED = "TELESCOPED"
    """The changed rows of each input meet the whole of the others, one input after the other."""
    TOUCHED_KEYS = "TOUCHED_KEYS"
    """The keys of the changed rows are found, and only their rows are computed at both ends."""
    ONE_GROUP = "ONE_GROUP"
    """All rows are one group: where a changed row reaches it, it is computed at both ends."""
    ADDITIVE = "ADDITIVE"
    """Sums are kept of each group; the changed rows are added to them and taken away."""
    WINDOW_MOVED = "WINDOW_MOVED"
    """The rows between the two moments of `refresh_time()` are found by its condition."""
    FULL_DIFFERENCE = "FULL_DIFFERENCE"
    """All its rows are computed at both ends and compared."""
    UNCHANGED = "UNCHANGED"
    """Nothing it reads has changed; it costs nothing."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a query and how the change of its rows is had.

    Attributes:
        what: the operator in words of SQL, e.g. `GROUP BY carrier, day` or `LEFT JOIN weather`.
        strategy: how its change is computed.
        reason: what forced a full difference, in words; empty otherwise.
    """

    what: str
    strategy: Strategy
    reason: str = ""

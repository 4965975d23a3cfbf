"""What a model learns to answer."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    """The question a model answers, which decides its output columns and its metrics."""

    CLASSIFICATION = "CLASSIFICATION"
    REGRESSION = "REGRESSION"
    CLUSTERING = "CLUSTERING"
    DECOMPOSITION = "DECOMPOSITION"
    OUTLIERS = "OUTLIERS"

    @property
    def supervised(self) -> bool:
        """Whether it is learned from a label.

        >>> Task.REGRESSION.supervised, Task.CLUSTERING.supervised
        (True, False)
        """
        return self in (Task.CLASSIFICATION, Task.REGRESSION)

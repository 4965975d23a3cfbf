"""Who is told how far a refresh has come."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of each phase as it begins; must return quickly and never raise."""

    def __call__(self, view: str, phase: str, done: int, total: int) -> None:
        """`view` is in `phase`; `done` of `total` steps of the whole plan are behind it."""


def silent(view: str, phase: str, done: int, total: int) -> None:
    """Tell nobody."""

"""How many seconds a refresh will take, learned from the ones before."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

from mlview.records import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Measured on two cores with a million rows; a view's own refreshes soon outweigh them.
_OVERHEAD = {Action.FULL: 0.15, Action.INCREMENTAL: 0.08}
_PER_ROW = 1.0e-6
_PER_CHANGE = 5.0e-6
_SHARE_OF_SCAN = 0.05  # of a full pass: what is not changed is still joined with what is

_REMEMBERED = 20
_FADING = 0.85  # weight of each refresh, in that of the one after it
_WIDTH = 1.0  # how alike two refreshes are whose sizes differ by a factor e
_SMALLEST = 1e-3


@dataclass(frozen=True, slots=True)
class Past:
    """One refresh as it was: what it did, the view's rows, rows changed below it, and seconds."""

    action: Action
    rows: int
    changed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds that each way to bring a view up to date would take; None where it cannot be had."""

    full: float
    incremental: float | None = None


def predict_seconds(action: Action, rows: int, changed: int, history: Sequence[Past]) -> float:
    """Seconds a refresh is expected to take.

    A prior in the sizes, multiplied by the weighted median of how much longer this view's own
    refreshes took than the prior said. Newer ones and those of like size weigh more, so one slow
    refresh does not count, and a machine that has become slower soon does.

    Args:
        action: INCREMENTAL, or anything that reads all rows.
        rows: the view's rows.
        changed: rows changed in the tables below it.
        history: the view's refreshes, the newest last.

    >>> past = [Past(Action.FULL, 1000, 0, 2.0)] * 5
    >>> round(predict_seconds(Action.FULL, 1000, 10, past), 2)
    2.0
    """
    like = _like(action)
    alike = [past for past in history if _like(past.action) is like and past.seconds > 0]
    expected = _prior(like, rows, changed)
    ratios = []
    weight = 1.0
    for past in reversed(alike[-_REMEMBERED:]):
        apart = _apart(like, past, rows, changed)
        ratio = log(max(past.seconds, _SMALLEST) / _prior(like, past.rows, past.changed))
        ratios.append((ratio, weight * exp(-(apart**2) / (2 * _WIDTH**2)) + 1e-9))
        weight *= _FADING
    return expected * exp(_weighted_median(ratios))


def _like(action: Action) -> Action:
    return Action.INCREMENTAL if action is Action.INCREMENTAL else Action.FULL


def _prior(action: Action, rows: int, changed: int) -> float:
    if action is Action.FULL:
        return _OVERHEAD[action] + _PER_ROW * rows
    return _OVERHEAD[action] + _SHARE_OF_SCAN * _PER_ROW * rows + _PER_CHANGE * changed


def _apart(action: Action, past: Past, rows: int, changed: int) -> float:
    """How much two refreshes differ in the size that matters most, in powers of e."""
    if action is Action.FULL:
        return log((past.rows + 1) / (rows + 1))
    return log((past.changed + 100) / (changed + 100))


def _weighted_median(values: Iterable[tuple[float, float]]) -> float:
    """The value at half of the weight, between its neighbours where that is in between."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    half, below = sum(weight for _, weight in ordered) / 2, 0.0
    for index, (value, weight) in enumerate(ordered):
        below += weight
        if below > half:
            return value
        if below == half and index + 1 < len(ordered):
            return (value + ordered[index + 1][0]) / 2
    return ordered[-1][0]

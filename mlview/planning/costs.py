"""How many seconds a refresh will take, learned from the ones before."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

from mlview.records import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Measured on two cores with a million rows; a view's own refreshes soon outweigh them.
_OVERHEAD = {Action.FULL: 0.15, Action.INCREMENTAL: 0.13}
_PER_ROW = 1.0e-6
_PER_CHANGE = 5.0e-6
_SHARE_OF_SCAN = 0.05  # of a full pass: what is not changed is still joined with what is

# Before the first incremental refresh. Measured at a thousandth changed: 0.08 to 0.5 of a full one.
_HARDEST = 3.0
_SHARE_OF_FULL = 0.1

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

    Before its first incremental refresh the full ones say how much harder than usual the view or
    the machine is. The prior is believed to be so many times too short, up to three times, and an
    incremental refresh to take a tenth of a full one at least: it joins what changed with what did
    not. That full ones were shorter than the prior says nothing, for the fixed part remains.

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
    told = _told(like, rows, changed, history)
    expected = _prior(like, rows, changed)
    if told is None and like is Action.INCREMENTAL:
        return _first(expected, rows, _told(Action.FULL, rows, changed, history))
    return expected * exp(told or 0.0)


def _first(expected: float, rows: int, told: float | None) -> float:
    """Seconds of the first incremental refresh, by what full ones have told."""
    if told is None:
        return expected
    harder, full = exp(told), _prior(Action.FULL, rows, 0) * exp(told)
    return max(expected * min(max(harder, 1.0), _HARDEST), _SHARE_OF_FULL * full)


def _told(like: Action, rows: int, changed: int, history: Sequence[Past]) -> float | None:
    """How much longer such refreshes took than the prior said, in powers of e; None of none."""
    alike = [past for past in history if _like(past.action) is like and past.seconds > 0]
    ratios = []
    weight = 1.0
    for past in reversed(alike[-_REMEMBERED:]):
        apart = _apart(like, past, rows, changed)
        ratio = log(max(past.seconds, _SMALLEST) / _prior(like, past.rows, past.changed))
        ratios.append((ratio, weight * exp(-(apart**2) / (2 * _WIDTH**2)) + 1e-9))
        weight *= _FADING
    return _weighted_median(ratios) if ratios else None


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

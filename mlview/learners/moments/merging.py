"""Adding one state to another, whose sums may be centred elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlview.errors import UsageProblem
from mlview.learners.moments.layout import ONE, Key, Kind, Shape
from mlview.learners.moments.sums import Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.moments.frame import Frame
    from mlview.learners.moments.layout import Columns
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]


def merge(one: Moments, two: Moments, into: Moments) -> Moments:
    """Both states in a third, empty one that has the first one's frame.

    Raises:
        UsageProblem: the states are of different columns.
    """
    if one.layout != two.layout:
        raise UsageProblem(
            "expected two states of the same columns and products, found different ones",
            hint="merge states that one `Maintained` made",
        )
    into.borrowed = one.borrowed
    _complete(into.frame, two.frame)
    for state in (one, two):
        _absorb(into, state)
    return into


def _complete(frame: Frame, other: Frame) -> None:
    """Shifts and scales of columns that only the other frame has seen."""
    unseen = np.isnan(frame.shifts)
    frame.shifts[unseen], frame.scales[unseen] = other.shifts[unseen], other.scales[unseen]


def _absorb(into: Moments, state: Moments) -> None:
    moves = np.nan_to_num(state.frame.shifts - into.frame.shifts)
    scales = state.frame.scales
    strange = ~np.isnan(scales) & (scales != into.frame.scales)
    into.reframed |= state.reframed or bool(moves.any() or strange.any())
    columns = _places(into.columns, state.columns)
    classes = _places(into.classes, state.classes)
    totals = into.layout.shape is Shape.CLASS_TOTALS
    rows = classes if totals else columns
    for place, sums in state.sums.items():
        known = into.sums.setdefault(place, Sums(0, 0, len(moves)))
        known.grow(len(into.classes if totals else into.columns), len(into.columns))
        moved = _moved(sums, state, moves) if moves.any() else sums
        known.absorb(moved, rows[: len(moved.value)], columns[: moved.value.shape[1]])
    for name, count in state.refused.items():
        into.refused[name] = into.refused.get(name, 0) + count
    into.nan_labels += state.nan_labels
    into.left_out += state.left_out
    for name, edges in state.edges.items():
        low, high = into.edges[name]
        into.edges[name] = (low.merged(edges[0]), high.merged(edges[1]))


def _places(known: Columns, arriving: Columns) -> NDArray[np.intp]:
    return np.array([known.at(key) for key in arriving.keys], dtype=np.intp)


def _moved(sums: Sums, state: Moments, moves: Floats) -> Sums:
    """Sums around other shifts: each present number grows by its move."""
    width = len(state.columns)
    totals = state.layout.shape is Shape.CLASS_TOTALS
    result = Sums(len(state.classes) if totals else width, width, len(moves))
    height, known = sums.value.shape
    result.value[:height, :known] = sums.total()
    result.count = sums.count
    result.reach = (np.sqrt(sums.reach) + np.abs(moves) * np.sqrt(abs(sums.count))) ** 2
    _move_columns(result.value, state, moves)
    if not totals:
        _move_columns(result.value.T, state, moves)
    return result


def _move_columns(matrix: Floats, state: Moments, moves: Floats) -> None:
    for name, move in zip(state.frame.names, moves.tolist(), strict=True):
        number = state.columns.find(Key(Kind.NUMBER, name))
        if number is None or not move:
            continue
        present = matrix[:, state.columns.at(ONE)].copy()
        missing = state.columns.find(Key(Kind.MISSING, name))
        if missing is not None:
            present -= matrix[:, missing]
        square = state.columns.find(Key(Kind.SQUARE, name))
        if square is not None:
            matrix[:, square] += 2 * move * matrix[:, number] + move**2 * present
        matrix[:, number] += move * present

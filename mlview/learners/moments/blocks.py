"""Arrow rows as the numbers and codes that are multiplied and summed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mlview.learners.frames import column_of, numbers
from mlview.learners.moments.codes import class_codes, level_codes
from mlview.learners.moments.layout import ONE, Key, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from mlview.learners.moments.codes import Codes
    from mlview.learners.moments.frame import Frame
    from mlview.learners.moments.layout import Layout

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]
    Places = NDArray[np.intp]

BLOCK_ROWS = 65_536
"""Rows whose products are summed at once: some megabytes, whatever the batch."""

Bad = tuple[str, bool]
"""A column, and whether its values are NaN; else they are infinite."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, ready to be summed.

    Attributes:
        dense: columns x rows: the measured columns less their shifts, then 1, then where numbers
            are missing, then squares.
        keys: of the columns of `dense`.
        reach: for each measured column, what no value in `dense` is further from 0 than.
        texts: the categories.
        label: the class; None where the label is none.
        weights: how often each row is added, negative where taken away; None for once each.
        raw: numbers x rows as they were given, where their extremes are kept; else nothing x rows.
        bad: by column, where a value is infinite or a label is NaN: rows that no sum can hold.
    """

    dense: Floats
    keys: tuple[Key, ...]
    reach: Floats
    texts: tuple[Codes, ...]
    label: Codes | None
    weights: Floats | None
    raw: Floats
    bad: dict[Bad, Mask] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.dense[0])

    def take(self, rows: Places | slice) -> Block:
        """Some of the rows; those of a slice share memory with these."""
        return replace(
            self,
            dense=_columns(self.dense, rows),
            texts=tuple(codes.take(rows) for codes in self.texts),
            label=None if self.label is None else self.label.take(rows),
            weights=None if self.weights is None else self.weights[rows],
            raw=_columns(self.raw, rows),
            bad={
                column: of_rows
                for column, mask in self.bad.items()
                if (of_rows := mask[rows]).any()
            },
        )

    def without_bad(self) -> Block:
        """The rows that a sum can hold."""
        good = ~np.logical_or.reduce(list(self.bad.values()))
        return replace(self, bad={}).take(np.flatnonzero(good))

    def net(self, rows: Mask | None = None) -> int:
        """How many of the rows (or of some) were added, less those taken away."""
        if self.weights is None:
            return self.rows if rows is None else int(np.count_nonzero(rows))
        return round(float((self.weights if rows is None else self.weights[rows]).sum()))


def read_blocks(
    rows: pa.Table, weights: NDArray[np.int64] | None, layout: Layout, frame: Frame
) -> Iterator[Block]:
    """Rows as blocks of up to `BLOCK_ROWS`.

    `frame` is completed by columns that it sees for the first time.
    """
    for place in places(rows.num_rows):
        signs = None if weights is None else weights[place]
        yield read_block(rows.slice(place.start, BLOCK_ROWS), signs, layout, frame)


def places(rows: int) -> Iterator[slice]:
    """Where among so many rows each block is."""
    return (slice(at, min(at + BLOCK_ROWS, rows)) for at in range(0, rows, BLOCK_ROWS))


def read_block(
    rows: pa.Table,
    weights: NDArray[np.int64] | None,
    layout: Layout,
    frame: Frame,
    order: Places | None = None,
) -> Block:
    """Rows as a block; `frame` is completed by columns that it sees for the first time.

    Args:
        rows: the rows.
        weights: how often each is added; None for once each.
        layout: what is summed.
        frame: shifts and scales.
        order: which row of the table each row of the block is; None for one after the other.
    """
    measured = _measure(rows, layout, frame, order)
    dense, keys = [measured.values], [Key(Kind.NUMBER, name) for name in frame.names] + [ONE]
    absent = [(n, m) for n, m in measured.missing.items() if n != layout.target]
    dense += [mask[None].astype(np.float64) for _, mask in absent]
    keys += [Key(Kind.MISSING, name) for name, _ in absent]
    if layout.squares:
        dense.append(np.square(measured.values[:-1]))
        keys += [Key(Kind.SQUARE, name) for name in frame.names]
    bad: dict[Bad, Mask] = {(name, False): mask for name, mask in measured.infinite.items()}
    label, target = None, layout.target or ""
    if target in measured.missing:
        bad[target, True] = measured.missing[target]
    if layout.classes and target:
        label = class_codes(target, column_of(rows, target)).ordered(order)
        bad |= _bad_classes(target, label)
    return Block(
        np.concatenate(dense) if len(dense) > 1 else measured.values,
        tuple(keys),
        measured.reach,
        tuple(level_codes(name, column_of(rows, name)).ordered(order) for name in layout.texts),
        label,
        None if weights is None else _ordered(np.asarray(weights, dtype=np.float64), order),
        measured.raw,
        bad,
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """The measured columns less their shifts and a row of 1, and what is strange about them."""

    values: Floats
    reach: Floats
    missing: dict[str, Mask]
    infinite: dict[str, Mask]
    raw: Floats


def _measure(rows: pa.Table, layout: Layout, frame: Frame, order: Places | None) -> _Measured:
    values = np.empty((len(frame.names) + 1, rows.num_rows))
    values[-1] = 1.0
    shifted = np.empty(rows.num_rows)
    reach = np.zeros(len(frame.names))
    raw = np.empty((len(layout.numbers) if layout.extremes else 0, rows.num_rows))
    missing, infinite = {}, {}
    for position, name in enumerate(frame.names):
        given = numbers(column_of(rows, name))
        shift = frame.look(position, given, flag=name in layout.flags)
        if position < len(raw):
            raw[position] = _ordered(given, order)
        row = values[position]
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(given, shift, out=row if order is None else shifted)
        if order is not None:
            # What was just written is at hand: to reorder it costs half of reordering `given`.
            np.take(shifted, order, out=row, mode="clip")
        reach[position] = _reach(row)
        if np.isfinite(reach[position]):
            continue
        absent, beyond = np.isnan(row), np.isinf(row)
        row[absent | beyond] = 0.0
        reach[position] = _reach(row)
        if absent.any():
            missing[name] = absent
        if beyond.any():
            infinite[name] = beyond
    return _Measured(values, reach, missing, infinite, raw)


def _ordered(values: Floats, order: Places | None) -> Floats:
    return values if order is None else values.take(order)


def _columns(matrix: Floats, places: Places | slice) -> Floats:
    return matrix[:, places] if isinstance(places, slice) else matrix.take(places, axis=1)


def _reach(row: Floats) -> float:
    """The largest magnitude; NaN where a value is."""
    return float(np.maximum(row.max(initial=0.0), -row.min(initial=0.0)))


def _bad_classes(target: str, label: Codes) -> dict[Bad, Mask]:
    """Where a label that is a class is NaN or infinite."""
    values = [key.value for key in label.keys]
    found = {
        True: [isinstance(v, float) and v != v for v in values],  # noqa: PLR0124 - NaN
        False: [isinstance(v, float) and abs(v) == np.inf for v in values],
    }
    return {
        (target, nan): np.array(strange, dtype=bool)[label.values]
        for nan, strange in found.items()
        if any(strange)
    }

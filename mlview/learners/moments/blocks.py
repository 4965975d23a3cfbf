"""Arrow rows as the numbers and codes that are multiplied and summed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.learners.frames import as_text, column_of, numbers
from mlview.learners.moments.layout import ONE, Key, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.frame import Frame
    from mlview.learners.moments.layout import Layout

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Codes:
    """A text or a class: the value of each row as a position in `keys`, each of which occurs."""

    keys: tuple[Key, ...]
    values: NDArray[np.int32]

    @property
    def size(self) -> int:
        """How many different values there are."""
        return len(self.keys)

    def take(self, rows: NDArray[np.intp]) -> Codes:
        """The codes of some rows."""
        return compacted(self.keys, self.values[rows])


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, ready to be summed.

    Attributes:
        dense: columns x rows: the measured columns less their shifts, then 1, then where numbers
            are missing, then squares.
        keys: of the columns of `dense`.
        texts: the categories.
        label: the class; None where the label is none.
        weights: how often each row is added, negative where taken away; None for once each.
        refused: per column, the net number of its infinite values, whose rows are left out; the
            label's NaN under `nan_labels`.
        left_out: the net number of rows left out.
    """

    dense: Floats
    keys: tuple[Key, ...]
    texts: tuple[Codes, ...]
    label: Codes | None
    weights: Floats | None
    refused: dict[str, int] = field(default_factory=dict)
    nan_labels: int = 0
    left_out: int = 0

    def take(self, rows: NDArray[np.intp]) -> Block:
        """Some of the rows."""
        return replace(
            self,
            dense=self.dense[:, rows],
            texts=tuple(codes.take(rows) for codes in self.texts),
            label=None if self.label is None else self.label.take(rows),
            weights=None if self.weights is None else self.weights[rows],
        )


def compacted(keys: Sequence[Key], values: NDArray[Any]) -> Codes:
    """Codes without the keys that no row has."""
    used = np.bincount(values, minlength=len(keys)) > 0
    if used.all():
        return Codes(tuple(keys), values)
    place = np.cumsum(used, dtype=np.int32) - 1
    kept = tuple(key for key, there in zip(keys, used, strict=True) if there)
    return Codes(kept, place.astype(np.int32)[values])


def read_block(
    rows: pa.Table, weights: NDArray[np.int64] | None, layout: Layout, frame: Frame
) -> tuple[Block, Floats]:
    """Rows as a block, and the values of its numbers before they were shifted.

    `frame` is completed by columns that it sees for the first time. Rows with an infinite value
    or a NaN label are counted and left out.
    """
    signed = None if weights is None else np.asarray(weights, dtype=np.float64)
    label = None
    if layout.classes and layout.target is not None:
        label = _classes(layout.target, column_of(rows, layout.target))
    texts = tuple(_levels(name, column_of(rows, name)) for name in layout.texts)
    measured, missing, infinite, raw = _measure(rows, layout, frame)
    dense = [measured]
    keys = [Key(Kind.NUMBER, name) for name in frame.names] + [ONE]
    absent = [(n, m) for n, m in missing.items() if n != layout.target]
    dense += [mask[None].astype(np.float64) for _, mask in absent]
    keys += [Key(Kind.MISSING, name) for name, _ in absent]
    if layout.squares:
        dense.append(np.square(measured[:-1]))
        keys += [Key(Kind.SQUARE, name) for name in frame.names]
    whole = np.concatenate(dense) if len(dense) > 1 else measured
    block = Block(whole, tuple(keys), texts, label, signed)
    return _refuse(block, layout, missing, infinite, raw)


def _measure(
    rows: pa.Table, layout: Layout, frame: Frame
) -> tuple[Floats, dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]], Floats]:
    """The measured columns shifted and a row of 1; where missing and infinite; numbers as given."""
    measured = np.empty((len(frame.names) + 1, rows.num_rows))
    measured[-1] = 1.0
    kept = np.empty((len(layout.numbers) if layout.extremes else 0, rows.num_rows))
    missing, infinite = {}, {}
    for position, name in enumerate(frame.names):
        values = numbers(column_of(rows, name))
        if layout.extremes and position < len(layout.numbers):
            kept[position] = values
        shift = frame.look(position, values, flag=name in layout.flags)
        row = measured[position]
        with np.errstate(over="ignore", invalid="ignore"):
            np.subtract(values, shift, out=row)
        if np.isfinite(row.max(initial=0.0)) and np.isfinite(row.min(initial=0.0)):
            continue
        absent, beyond = np.isnan(values), np.isinf(row)
        row[absent | beyond] = 0.0
        if absent.any():
            missing[name] = absent
        if beyond.any():
            infinite[name] = beyond
    return measured, missing, infinite, kept


def _refuse(
    block: Block,
    layout: Layout,
    missing: dict[str, NDArray[np.bool_]],
    infinite: dict[str, NDArray[np.bool_]],
    raw: Floats,
) -> tuple[Block, Floats]:
    """The block without rows whose values no sum can hold."""
    bad = dict(infinite)
    nan = missing.get(layout.target or "")
    if layout.classes and block.label is not None:
        nan, beyond = _bad_classes(block.label)
        if beyond is not None:
            bad[layout.target or ""] = beyond
    if not bad and nan is None:
        return block, raw
    weights = np.ones(block.dense.shape[1]) if block.weights is None else block.weights
    masks = [*bad.values(), *([] if nan is None else [nan])]
    out = np.logical_or.reduce(masks)
    good = np.flatnonzero(~out)
    kept = replace(
        block.take(good),
        refused={name: int(weights[mask].sum()) for name, mask in bad.items()},
        nan_labels=0 if nan is None else int(weights[nan].sum()),
        left_out=int(weights[out].sum()),
    )
    return kept, raw[:, good]


def _bad_classes(
    label: Codes,
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """Where a label that is a class is NaN, and where it is infinite."""
    values = [key.value for key in label.keys]
    nan = np.array([isinstance(v, float) and v != v for v in values], dtype=bool)  # noqa: PLR0124 - NaN
    beyond = np.array([isinstance(v, float) and abs(v) == np.inf for v in values], dtype=bool)
    return (
        nan[label.values] if nan.any() else None,
        beyond[label.values] if beyond.any() else None,
    )


def _levels(name: str, column: pa.ChunkedArray) -> Codes:
    """A text column as codes; a missing text is a level of its own, at the end."""
    if not pa.types.is_dictionary(column.type):
        column = as_text(column).dictionary_encode()
    return _codes(Kind.LEVEL, name, column)


def _classes(name: str, column: pa.ChunkedArray) -> Codes:
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64(), safe=False)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return _codes(Kind.CLASS, name, column)


def _codes(kind: Kind, name: str, column: pa.ChunkedArray) -> Codes:
    whole = column if column.num_chunks == 1 else column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    indices = whole.indices
    size = len(whole.dictionary)
    if indices.null_count:
        indices = pc.fill_null(indices.cast(pa.int32()), size)
    values = indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
    used = np.bincount(values, minlength=size + 1) > 0
    texts = whole.dictionary.take(pa.array(np.flatnonzero(used[:size]))).to_pylist()
    keys = [Key(kind, name, value) for value in texts]
    if used[size]:
        keys.append(Key(kind, name, None))
    place = np.cumsum(used, dtype=np.int32) - 1
    if place[-1] != size:
        values = place.astype(np.int32)[values]
    return _merged_levels(tuple(keys), values)


def _merged_levels(keys: tuple[Key, ...], values: NDArray[np.int32]) -> Codes:
    """One code for a value that the dictionary holds twice, or holds as NULL."""
    places: dict[Key, int] = {}
    for key in keys:
        places.setdefault(key, len(places))
    if len(places) == len(keys):
        return Codes(keys, values)
    place = np.array([places[key] for key in keys], dtype=np.int32)
    return Codes(tuple(places), place[values])

"""Texts and classes as codes: what is counted instead of multiplied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.learners.frames import as_text
from mlview.learners.moments.layout import Key, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Codes:
    """A text or a class: the value of each row as a position in `keys`, each of which occurs."""

    keys: tuple[Key, ...]
    values: NDArray[np.int32]

    @property
    def size(self) -> int:
        """How many different values there are."""
        return len(self.keys)

    def take(self, rows: NDArray[np.intp] | slice) -> Codes:
        """The codes of some rows."""
        return compacted(self.keys, self.values[rows])

    def ordered(self, order: NDArray[np.intp] | None) -> Codes:
        """The codes of all rows in another order; None for this one."""
        return self if order is None else Codes(self.keys, self.values.take(order))


def compacted(keys: Sequence[Key], values: NDArray[Any]) -> Codes:
    """Codes without the keys that no row has."""
    used = np.bincount(values, minlength=len(keys)) > 0
    if used.all():
        return Codes(tuple(keys), values)
    place = np.cumsum(used, dtype=np.int32) - 1
    kept = tuple(key for key, there in zip(keys, used, strict=True) if there)
    return Codes(kept, place.astype(np.int32, copy=False)[values])


def level_codes(name: str, column: pa.ChunkedArray) -> Codes:
    """A text column as codes; a missing text is a level of its own, at the end."""
    if pa.types.is_dictionary(column.type):
        return _merged(_codes(Kind.LEVEL, name, column))
    return _codes(Kind.LEVEL, name, as_text(column).dictionary_encode())


def class_codes(name: str, column: pa.ChunkedArray) -> Codes:
    """A label that is a class as codes."""
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64(), safe=False)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return _merged(_codes(Kind.CLASS, name, column))


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
    if not used[:size].all():
        values = (np.cumsum(used, dtype=np.int32) - 1)[values]
    return Codes(tuple(keys), values)


def _merged(codes: Codes) -> Codes:
    """One code for a value that a dictionary holds twice, as 0.0 and -0.0, or holds as NULL."""
    places: dict[Key, int] = {}
    for key in codes.keys:
        places.setdefault(key, len(places))
    if len(places) == codes.size:
        return codes
    place = np.array([places[key] for key in codes.keys], dtype=np.int32)
    return Codes(tuple(places), place[codes.values])

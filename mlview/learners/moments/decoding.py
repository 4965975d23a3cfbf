"""A state from the bytes that `encoding.write` made, refused where they are anything else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlview.errors import ArtifactRefused
from mlview.learners.moments.encoding import FORMAT, HEADER, described
from mlview.learners.moments.extremes import Edge
from mlview.learners.moments.frame import Frame
from mlview.learners.moments.layout import Columns, Key, Kind, Shape
from mlview.learners.moments.state import Moments
from mlview.learners.moments.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.moments.layout import Layout

    Floats = NDArray[np.float64]

MAX_BYTES = 2**31
"""The largest state that is read."""


def read(data: bytes, layout: Layout, method: ResolvedMethod, seed: int) -> Moments:
    """The state that `write` wrote.

    Raises:
        ArtifactRefused: no such file, a damaged one, or the state of another layout.
    """
    if len(data) > MAX_BYTES:
        raise _refused(f"it has {len(data):,} bytes, more than the limit of {MAX_BYTES:,}")
    try:
        table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
        # Offsets that point beyond the file would be followed.
        table.validate(full=True)
        header = json.loads((table.schema.metadata or {})[HEADER])
        if header["format"] != FORMAT or header["layout"] != described(layout):
            raise _refused("it holds the sums of other columns")
        return _restored(table, header, layout, method, seed)
    except ArtifactRefused:
        raise
    except (pa.ArrowException, KeyError, ValueError, TypeError, IndexError, AttributeError,
            OSError, RecursionError, OverflowError, MemoryError) as problem:  # fmt: skip
        raise _refused(f"it is no state of sums: {type(problem).__name__}") from problem


def _restored(
    table: pa.Table, header: Mapping[str, Any], layout: Layout, method: ResolvedMethod, seed: int
) -> Moments:
    moments = Moments(layout, method, seed)
    names = moments.frame.names
    moments.frame = Frame(names, _floats(header["shifts"], len(names)),
                          _floats(header["scales"], len(names)))  # fmt: skip
    moments.columns = Columns(tuple(_unkey(key) for key in header["columns"]))
    moments.classes = Columns(tuple(_unkey(key) for key in header["classes"]))
    parts = table.column("sums").to_pylist()
    for position, (group, magnitude, count, rows, columns, reach) in enumerate(header["sums"]):
        limits = (moments.columns, moments.columns)
        if layout.shape is Shape.CLASS_TOTALS:
            limits = (moments.classes, moments.columns)
        if not (0 <= rows <= len(limits[0]) and 0 <= columns <= len(limits[1])):
            raise ValueError("more sums than columns")
        sums = Sums(0, 0, len(names))
        sums.value = _unpacked(layout, parts[2 * position], (rows, columns))
        sums.carry = _unpacked(layout, parts[2 * position + 1], (rows, columns))
        sums.count, sums.reach = int(count), _floats(reach, len(names))
        moments.sums[_unkey(group), int(magnitude)] = sums
    moments.refused = {str(name): int(count) for name, count in header["refused"].items()}
    moments.nan_labels, moments.left_out = int(header["nan_labels"]), int(header["left_out"])
    moments.borrowed = bool(header["borrowed"])
    moments.reframed = bool(header["reframed"])
    for name, edges in header["edges"].items():
        low, high = (Edge(sign, e[0], int(e[1])) for sign, e in zip((-1, 1), edges, strict=True))
        moments.edges[name] = (low, high)
    if moments.edges.keys() != (set(layout.numbers) if layout.extremes else set()):
        raise ValueError("extremes of other columns")
    return moments


def _unkey(parts: list[Any]) -> Key:
    kind, column, value = parts
    if not (isinstance(column, str) and isinstance(value, bool | int | float | str | None)):
        raise TypeError("a column of no known kind")
    return Key(Kind[kind], column, value)


def _floats(values: Any, size: int) -> Floats:
    found = np.array(values, dtype=np.float64)
    if found.shape != (size,):
        raise ValueError("as many numbers as columns were expected")
    return found


def _unpacked(layout: Layout, data: bytes, shape: tuple[int, int]) -> Floats:
    values = np.frombuffer(data, dtype="<f8").astype(np.float64)
    if layout.shape is Shape.CLASS_TOTALS:
        return values.reshape(shape)
    size = shape[0]
    if shape[1] != size or len(values) != size * (size + 1) // 2:
        raise ValueError("no triangle of sums")
    matrix = np.zeros(shape)
    matrix[np.tril_indices(size)] = values
    whole: Floats = matrix + np.tril(matrix, -1).T
    return whole


def _refused(reason: str) -> ArtifactRefused:
    return ArtifactRefused(
        f"the sums of a maintained model cannot be read: {reason}",
        hint="REFRESH ... FULL makes them anew",
    )

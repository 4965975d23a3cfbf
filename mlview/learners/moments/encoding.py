"""A state as bytes: sums as Arrow, everything else as JSON in the schema's metadata."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlview.learners.moments.layout import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.moments.layout import Key, Layout
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]

FORMAT = 1
HEADER = b"mlview.moments"


def write(moments: Moments) -> bytes:
    """An Arrow IPC file with one row of numbers for each matrix.

    Sums of all pairs are symmetric: their lower triangle is kept.
    """
    rows, places = [], []
    for (group, magnitude), sums in moments.sums.items():
        places.append([_key(group), magnitude, sums.count, *sums.value.shape, sums.reach.tolist()])
        rows += [_packed(moments.layout, m).tobytes() for m in (sums.value, sums.carry)]
    header = {
        "format": FORMAT,
        "layout": described(moments.layout),
        "shifts": moments.frame.shifts.tolist(),
        "scales": moments.frame.scales.tolist(),
        "columns": [_key(key) for key in moments.columns.keys],
        "classes": [_key(key) for key in moments.classes.keys],
        "sums": places,
        "refused": moments.refused,
        "nan_labels": moments.nan_labels,
        "left_out": moments.left_out,
        "borrowed": moments.borrowed,
        "reframed": moments.reframed,
        "edges": {
            name: [[e.value, e.rows] for e in edges] for name, edges in moments.edges.items()
        },
    }
    table = pa.table({"sums": pa.array(rows, pa.large_binary())})
    table = table.replace_schema_metadata({HEADER: json.dumps(header).encode("ascii")})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    result: bytes = sink.getvalue().to_pybytes()
    return result


def described(layout: Layout) -> dict[str, Any]:
    """A layout as JSON."""
    result: dict[str, Any] = json.loads(json.dumps(asdict(layout)))
    return result


def _key(key: Key) -> list[Any]:
    return [key.kind.name, key.column, key.value]


def _packed(layout: Layout, matrix: Floats) -> Floats:
    if layout.shape is Shape.CLASS_TOTALS:
        return np.ascontiguousarray(matrix, dtype="<f8")
    return np.ascontiguousarray(matrix[np.tril_indices(len(matrix))], dtype="<f8")

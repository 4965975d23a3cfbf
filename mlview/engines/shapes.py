"""Where the bins of a column lie, chosen by a sample of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.planning.histograms import Histogram, binning, quantile_levels

if TYPE_CHECKING:
    from mlview.engines.tallies import Counts, Readable

_FEWEST = 100  # rows that levels are taken from
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Shape:
    """A column, the bins its rows are counted in, and how often each chose the levels."""

    part: Readable
    bins: Histogram
    chosen: Counts = ((), 0)


def shape_of(part: Readable, values: pa.ChunkedArray, bins: int, levels: int) -> Shape | None:
    """The bins of a column by its values, NULL and NaN being missing; None if all are.

    Args:
        part: the column.
        values: as `part.sql` reads them; the rows that choose edges and levels.
        bins: bins of about equal counts for a number.
        levels: the most frequent texts that get a bin of their own.
    """
    if values.null_count == len(values):
        return None
    if part.kind == "category":
        ranked, chosen = _frequent(values, levels)
        return Shape(part, Histogram(part.column, "category", (), ranked, (), 0), chosen)
    given = values.to_numpy()
    finite = np.sort(given[np.isfinite(given)])
    if not len(finite):
        return None
    last = len(finite) - 1
    grid = [float(finite[int(level * last)]) for level in quantile_levels(bins)]
    # Without a scale the square of 1e200 would be infinite.
    scale = max(abs(grid[0]), abs(grid[-1])) or 1.0
    spread = float(np.std(finite / scale)) * scale
    made = binning(grid)
    found = Histogram(part.column, "number", made.edges, (), (), 0, made.centres, spread)
    return Shape(part, found)


def _frequent(values: pa.ChunkedArray, levels: int) -> tuple[tuple[str, ...], Counts]:
    """The most frequent texts of a twentieth of the rows, and how often each is among these.

    Texts rarer than 1 % are left to the others. Chance makes some levels frequent, and by those
    rows they would seem to become rarer ever after: hence the rows that choose are few, and are
    not counted.
    """
    rows = len(values)
    wanted = min(max(_FEWEST, rows // 20), rows // 4)
    few = values.take(pa.array(_spread_out(rows, wanted), pa.int64()))
    found = {v["values"]: v["counts"] for v in pc.value_counts(few).to_pylist()}
    missing = found.pop(None, 0)
    often = [text for text, count in found.items() if count >= max(2, len(few) / 100)]
    ranked = tuple(sorted(often, key=lambda text: (-found[text], text))[:levels])
    counts = [found[text] for text in ranked]
    return ranked, ((*counts, sum(found.values()) - sum(counts)), missing)


def _spread_out(rows: int, wanted: int) -> list[int]:
    """Some rows all over a table, whatever its period: a golden-ratio sequence."""
    return sorted({int(k * _GOLDEN % 1 * rows) for k in range(wanted)})


def filled(shape: Shape, found: Counts) -> Histogram:
    """The histogram with its counts over all rows, less those that chose its levels."""
    counts, missing = found
    if shape.part.kind == "category":
        chosen, chosen_missing = shape.chosen
        counts = tuple(all_ - some for all_, some in zip(counts, chosen, strict=True))
        missing -= chosen_missing
    return replace(shape.bins, counts=counts, missing=missing)

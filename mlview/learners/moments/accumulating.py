"""Adding signed rows to sums, and reading the sums."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mlview.learners.frames import column_of
from mlview.learners.moments.blocks import Block, read_blocks
from mlview.learners.moments.extremes import Edge
from mlview.learners.moments.frame import Frame
from mlview.learners.moments.layout import ONE, Columns, Key, Kind, Shape
from mlview.learners.moments.products import pairs, squares, totals
from mlview.learners.moments.sums import Sums
from mlview.learners.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.moments.layout import Layout

    Floats = NDArray[np.float64]

_COUNTED = (Kind.MISSING, Kind.LEVEL, Kind.CLASS)


class Accumulation:
    """Sums of the products of columns over signed rows.

    Rows of different magnitudes are summed apart (see `Frame`), and sums that hold no row are
    dropped, so that a corrupt row leaves no trace once it is taken away.

    Attributes:
        layout: what is summed.
        method, seed: what is solved for.
        frame: shifts and scales.
        columns: the summed columns in the order of the matrices' columns.
        classes: what their rows stand for where `layout.shape` is CLASS_TOTALS.
        sums: by class (or ONE) and magnitude.
        refused: per column, rows that hold an infinite value and so are left out.
        nan_labels: rows whose label is NaN, left out as well.
        left_out: all rows that are left out.
        borrowed: whether the frame is another state's, whose rows these are held against.
        reframed: whether sums of another frame were merged into these.
        edges: the smallest and the largest value of each number, where they are kept.
    """

    def __init__(
        self, layout: Layout, method: ResolvedMethod, seed: int, frame: Frame | None = None
    ) -> None:
        self.layout, self.method, self.seed = layout, method, seed
        label = layout.target if not layout.classes else None
        names = (*layout.numbers, *([label] if label is not None else []))
        self.frame = Frame(names) if frame is None else frame.copy()
        self.borrowed = frame is not None
        self.columns = Columns((ONE,))
        self.classes = Columns(() if layout.classes else (ONE,))
        self.sums: dict[tuple[Key, int], Sums] = {}
        self.refused: dict[str, int] = {}
        self.nan_labels = 0
        self.left_out = 0
        self.reframed = False
        self.edges = (
            {name: (Edge(-1), Edge(1)) for name in layout.numbers} if layout.extremes else {}
        )

    def add(
        self, rows: pa.Table | pa.RecordBatch, weights: NDArray[np.int64] | None = None
    ) -> None:
        """Add signed rows; those whose label is NULL are questions and left out.

        Args:
            rows: with the feature columns and the label.
            weights: how often each row is added, negative to take it away; None for once each.
        """
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        table, weights = self._labelled(table, weights)
        with self.quietly():
            for block in read_blocks(table, weights, self.layout, self.frame):
                self.add_block(block)

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """How blocks are read and summed: products that overflow are told when they are read.

        Blocks this narrow gain little from a second thread, and lose much on a busy machine.
        """
        with np.errstate(over="ignore", invalid="ignore"), one_thread():
            yield

    def _labelled(
        self, table: pa.Table, weights: NDArray[np.int64] | None
    ) -> tuple[pa.Table, NDArray[np.int64] | None]:
        if self.layout.target is None:
            return table, weights
        label = column_of(table, self.layout.target)
        if not label.null_count:
            return table, weights
        known = label.is_valid()
        kept = None if weights is None else weights[known.to_numpy().astype(bool)]
        return table.filter(known), kept

    def add_block(self, block: Block) -> None:
        """Add the rows of a block that was read in this frame.

        Those that no sum can hold are counted and left out.
        """
        if block.bad:
            self._leave_out(block)
            block = block.without_bad()
        for position, edges in enumerate(self.edges.values()):
            for edge in edges:
                edge.see(block.raw[position], block.weights)
        measured = block.dense[: len(self.frame.names)]
        magnitudes = self.frame.magnitudes(measured, block.reach)
        for magnitude, part in _by_magnitude(block, magnitudes):
            for group, rows_of_group in self._by_group(part):
                self._sum(group, magnitude, rows_of_group)

    def _leave_out(self, block: Block) -> None:
        for (name, nan), mask in block.bad.items():
            if nan:
                self.nan_labels += block.net(mask)
            else:
                self.refused[name] = self.refused.get(name, 0) + block.net(mask)
        self.left_out += block.net(np.logical_or.reduce(list(block.bad.values())))

    def _by_group(self, block: Block) -> list[tuple[Key, Block]]:
        if self.layout.shape is not Shape.PAIRS_BY_CLASS or block.label is None:
            return [(ONE, block)]
        codes = block.label
        return [
            (key, block.take(np.flatnonzero(codes.values == code)))
            for code, key in enumerate(codes.keys)
        ]

    def _sum(self, group: Key, magnitude: int, block: Block) -> None:
        codes = list(block.texts)
        if self.layout.shape is Shape.CLASS_TOTALS:
            part = totals(block, codes, block.label)
            rows = self._places(self.classes, (ONE,) if block.label is None else block.label.keys)
        else:
            if self.layout.shape is Shape.PAIRS and block.label is not None:
                codes.append(block.label)
            part = pairs(block, codes)
        keys = (*block.keys, *(key for code in codes for key in code.keys))
        columns = self._places(self.columns, keys)
        if self.layout.shape is not Shape.CLASS_TOTALS:
            rows = columns
        into = self._into(group, magnitude)
        into.add(part, rows, columns)
        measured = len(self.frame.names)
        if block.weights is None and self.layout.shape is not Shape.CLASS_TOTALS:
            into.reach += np.diag(part)[:measured]
        else:
            into.reach += squares(block, measured)
        into.count += block.net()

    def _places(self, known: Columns, keys: tuple[Key, ...]) -> NDArray[np.intp]:
        return np.array([known.at(key) for key in keys], dtype=np.intp)

    def _into(self, group: Key, magnitude: int) -> Sums:
        rows = self.classes if self.layout.shape is Shape.CLASS_TOTALS else self.columns
        found = self.sums.get((group, magnitude))
        if found is None:
            found = Sums(len(rows), len(self.columns), len(self.frame.names))
            self.sums[group, magnitude] = found
        found.grow(len(rows), len(self.columns))
        return found

    def settle(self) -> None:
        """Drop sums that no row is in any more. To be called between deltas, not within one."""
        if self.reframed:
            return
        self.sums = {place: sums for place, sums in self.sums.items() if sums.count}
        one = self.columns.at(ONE)
        for sums in self.sums.values():
            counts = sums.value[:, one] + sums.carry[:, one]
            if self.layout.shape is Shape.CLASS_TOTALS:
                sums.forget(np.zeros(sums.value.shape[1], bool), counts == 0)
            else:
                exact = np.array([k.kind in _COUNTED for k in self.columns.keys[: len(counts)]])
                gone = exact & (counts == 0)
                sums.forget(gone, gone)

    def group(self, key: Key = ONE) -> Floats:
        """The sums of one class, or of all rows: one matrix over all magnitudes."""
        rows = self.classes if self.layout.shape is Shape.CLASS_TOTALS else self.columns
        whole = np.zeros((len(rows), len(self.columns)))
        for (group, _), sums in sorted(self.sums.items(), key=lambda item: -item[0][1]):
            if group == key:
                part = sums.total()
                whole[: part.shape[0], : part.shape[1]] += part
        return whole

    @property
    def groups(self) -> tuple[Key, ...]:
        """The classes whose sums are kept apart, those without rows left out; else ONE."""
        counts: dict[Key, int] = {}
        for (group, _), sums in self.sums.items():
            counts[group] = counts.get(group, 0) + sums.count
        return tuple(group for group, count in counts.items() if count)

    def column(self, key: Key = ONE) -> dict[Key, float]:
        """For each summed column, the sum of its products with this one over all rows.

        With ONE these are the sums of the columns themselves.
        """
        at = self.columns.find(key)
        if at is None:
            return {}
        summed = np.zeros(len(self.columns))
        for sums in self.sums.values():
            matrix = sums.value, sums.carry
            if self.layout.shape is Shape.CLASS_TOTALS:
                part = sum(m.sum(axis=0) for m in matrix)
            else:
                part = sum(m[at] for m in matrix) if at < len(sums.value) else np.zeros(0)
            summed[: len(part)] += part
        return dict(zip(self.columns.keys, summed.tolist(), strict=True))

    def squares(self) -> Floats:
        """For each measured column, the sum of squares around its shift; empty if not summed."""
        names = self.frame.names
        if self.layout.shape is Shape.CLASS_TOTALS:
            sums = self.column() if self.layout.squares else {}
            keys = [Key(Kind.SQUARE, name) for name in names] if self.layout.squares else []
            return np.array([sums.get(key, 0.0) for key in keys])
        diagonal = np.zeros(len(self.columns))
        for group in self.groups:
            diagonal += np.diag(self.group(group))
        places = [self.columns.find(Key(Kind.NUMBER, name)) for name in names]
        return np.array([0.0 if place is None else diagonal[place] for place in places])


def _by_magnitude(block: Block, magnitudes: NDArray[np.int64] | int) -> list[tuple[int, Block]]:
    if not block.rows:
        return []
    if isinstance(magnitudes, int):
        return [(magnitudes, block)]
    return [(int(m), block.take(np.flatnonzero(magnitudes == m))) for m in np.unique(magnitudes)]

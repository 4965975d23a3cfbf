"""Histograms of the columns of a query, and later rows counted in the same bins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from mlview.definitions import fold
from mlview.engines.memory import TABLE, in_memory
from mlview.engines.plain import as_tallied, plainly_read
from mlview.engines.shapes import Shape, filled, shape_of
from mlview.engines.tallies import readable, tally
from mlview.errors import ColumnMismatch, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from mlview.engines.tallies import Counts, Readable
    from mlview.planning.histograms import Histogram
    from mlview.records import Column

SAMPLE_ROWS = 100_000
"""Rows that edges and levels are taken from; all rows are counted."""

MAX_ROWS = 1_000_000
"""Later rows beyond which a sample of about so many is counted."""

_SEED = 20_130_101
_QUERY = re.compile(r"\s*(?:(?:SELECT|FROM|WITH|PIVOT|UNPIVOT|VALUES)\b|\(|--|/\*)", re.IGNORECASE)


class Reader(Protocol):
    """What is asked of a SnapshotReader."""

    def table(self, sql: str, *, threads: int | None = None) -> pa.Table:
        """The rows of a query."""

    def read(self, sql: str, *, threads: int | None = None) -> pa.RecordBatchReader:
        """The same, streamed."""

    def describe(self, sql: str) -> tuple[Column, ...]:
        """The columns of a query."""


def training_histograms(
    reader: Reader,
    query: str,
    columns: Sequence[Column],
    *,
    bins: int = 10,
    levels: int = 20,
    sample: int = SAMPLE_ROWS,
) -> list[Histogram]:
    """One histogram per column that can have one, of all rows of a query.

    Numbers, booleans, moments and text can; of other types, without any value or constant, a
    column is left out. The rows are numbered, scanned for the edges (beyond `sample` rows a
    Bernoulli sample of about so many) and scanned for the counts. The same rows in the same order
    give the same histograms.

    Args:
        reader: at the training snapshot, with the query's names bound.
        query: the training query.
        columns: those wanted, by name and DuckDB type.
        bins: bins of about equal counts that a number gets; fewer where many rows share a value.
        levels: the most frequent texts that get a bin of their own.
        sample: rows that edges and levels are taken from.
    """
    parts = [part for column in columns if (part := readable(column)) is not None]
    if not parts:
        return []
    source = _source(query)
    picked = _picked(reader, parts, source, sample)
    shapes = [shape for shape, _ in _shaped(parts, picked.columns, bins, levels)]
    counts = _counted(reader, shapes, source)
    return _varied(filled(shape, found) for shape, found in zip(shapes, counts, strict=True))


def histograms_of(
    table: pa.Table,
    columns: Sequence[Column],
    *,
    bins: int = 10,
    levels: int = 20,
    sample: int = SAMPLE_ROWS,
) -> list[Histogram]:
    """As `training_histograms`, of rows in memory.

    >>> import pyarrow as pa
    >>> from mlview.records import Column
    >>> rows = pa.table({"x": [0, 0, 0, 1, None]})
    >>> [(h.edges, h.counts, h.missing) for h in histograms_of(rows, [Column("x", "INTEGER")])]
    [((0.0, 0.0, 1.0), (3, 1), 1)]
    """
    wanted = [column for column in columns if readable(column) is not None]
    picked = plainly_read(table, wanted) if table.num_rows <= sample else None
    if picked is None:
        with in_memory(table) as reader:
            return training_histograms(
                reader, f"FROM {TABLE}", columns, bins=bins, levels=levels, sample=sample
            )
    parts = [part for column in wanted if (part := readable(column)) is not None]
    shapes = _shaped(parts, picked, bins, levels)
    return _varied(filled(shape, _tallied(shape, values)) for shape, values in shapes)


def counted(
    reader: Reader,
    relation_or_query: str,
    histograms: Sequence[Histogram],
    *,
    max_rows: int = MAX_ROWS,
    rows: int | None = None,
) -> tuple[list[Counts], int, bool]:
    """The rows of a relation in the bins of each histogram, in one scan.

    Args:
        reader: on which the relation's names are bound.
        relation_or_query: a relation as FROM takes it, or a query.
        histograms: whose bins are counted; the relation has a column for each.
        max_rows: beyond it a Bernoulli sample of about so many rows is counted, the same one for
            the same rows in the same order.
        rows: how many rows the relation has, where that is known; else they are numbered first.

    Returns:
        Counts and missing rows per histogram; the number of all rows; whether the counts are
        those of a sample.

    Raises:
        ColumnMismatch: a column is missing, or was a number and is a text, or the reverse.
    """
    source = _source(relation_or_query)
    whole = _rows(reader, source) if rows is None else rows
    if not histograms:
        return [], whole, False
    described = reader.describe(f"SELECT * FROM {source}")
    shapes = [Shape(_matching(one, described), one) for one in histograms]
    if whole <= max_rows:
        return _counted(reader, shapes, source), whole, False
    part = source + _sampling(max_rows, whole)
    return _counted(reader, shapes, part, threads=1), whole, True


def counted_in(
    table: pa.Table, histograms: Sequence[Histogram], *, max_rows: int = MAX_ROWS
) -> tuple[list[Counts], int, bool]:
    """As `counted`, of rows in memory."""
    with in_memory(table) as reader:
        return counted(reader, TABLE, histograms, max_rows=max_rows, rows=table.num_rows)


def _matching(histogram: Histogram, described: Sequence[Column]) -> Readable:
    """The column of a relation that a histogram is of."""
    by_name = {fold(c.name): c for c in reversed(described)} | {c.name: c for c in described}
    found = by_name.get(histogram.column) or by_name.get(fold(histogram.column))
    if found is None:
        names = [column.name for column in described]
        raise ColumnMismatch(
            f"expected the column '{histogram.column}', found {', '.join(names) or 'no columns'}",
            name=histogram.column,
            hint=did_you_mean(histogram.column, names) or "REFRESH the model",
        )
    part = readable(found)
    if part is None or part.kind != histogram.kind:
        raise ColumnMismatch(
            f"the column '{histogram.column}' was a {histogram.kind} in training, found "
            f"{found.type}",
            name=histogram.column,
            hint="REFRESH the model",
        )
    return part


def _source(text: str) -> str:
    """A relation or a query as it stands after FROM."""
    return f"({text}\n) AS __mlview_source" if _QUERY.match(text) else text


def _rows(reader: Reader, source: str) -> int:
    return int(reader.table(f"SELECT count(*) FROM {source}").column(0)[0].as_py())


def _sampling(wanted: int, rows: int) -> str:
    """A sample that is the same for the same rows, if one thread takes it."""
    return f" TABLESAMPLE bernoulli({100 * wanted / rows:.9f} PERCENT) REPEATABLE ({_SEED})"


def _picked(reader: Reader, parts: Sequence[Readable], source: str, sample: int) -> pa.Table:
    """The rows that edges and levels are taken from."""
    rows = _rows(reader, source)
    clause = _sampling(sample, rows) if rows > sample else ""
    picked = ", ".join(f"{part.sql} AS c{i}" for i, part in enumerate(parts))
    return reader.table(f"SELECT {picked} FROM {source}{clause}", threads=1)


def _shaped(
    parts: Sequence[Readable], picked: Sequence[pa.ChunkedArray], bins: int, levels: int
) -> list[tuple[Shape, pa.ChunkedArray]]:
    """The columns that have bins, with the values that chose these."""
    return [
        (shape, values)
        for part, values in zip(parts, picked, strict=True)
        if (shape := shape_of(part, values, bins, levels)) is not None
    ]


def _varied(histograms: Iterable[Histogram]) -> list[Histogram]:
    """Those whose rows are not all in one bin."""
    return [one for one in histograms if one.missing or max(one.counts) != one.rows]


def _tallied(shape: Shape, values: pa.ChunkedArray) -> Counts:
    """Values in memory, counted in the bins of a shape."""
    found = tally(shape.part, shape.bins)
    for chunk in values.chunks:
        found.add(as_tallied(shape.part, shape.bins, chunk))
    return found.result()


def _counted(
    reader: Reader, shapes: Sequence[Shape], source: str, *, threads: int | None = None
) -> list[Counts]:
    tallies = [tally(shape.part, shape.bins) for shape in shapes]
    if not tallies:
        return []
    widths = [len(one.sql) for one in tallies]
    picked = ", ".join(
        f"{sql} AS c{i}" for i, sql in enumerate(sql for one in tallies for sql in one.sql)
    )
    for batch in reader.read(f"SELECT {picked} FROM {source}", threads=threads):
        columns = iter(batch.columns)
        for one, width in zip(tallies, widths, strict=True):
            one.add([next(columns) for _ in range(width)])
    return [one.result() for one in tallies]

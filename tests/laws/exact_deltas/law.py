"""The law: what a query gave before, and its delta, are what it gives after."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import duckdb
from exact_deltas.multisets import Shape, differences, read_rows, rows_of, weighted_rows_of

from mlview.engines.differencing import (
    query_delta,
    query_operators,
    query_text_at,
    release,
)
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from exact_deltas.multisets import Row

    from mlview.engines.differencing import QueryDelta, Resolve
    from mlview.engines.readers import SnapshotReader

OLD_TIME = datetime(2024, 3, 1, tzinfo=UTC)
NEW_TIME = datetime(2024, 3, 2, 12, tzinfo=UTC)


@dataclass(slots=True)
class Verdict:
    """What came of one query: what is wrong, and how its delta was had."""

    query: str
    wrong: list[str] = field(default_factory=list)
    skipped: str = ""
    before: int = 0
    changed: int = 0
    full: bool = False
    strategies: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


class Law:
    """Checks queries between two states of some tables; close it after use.

    Args:
        reader: on the later state.
        resolve: gives what names of a query stand for.
        old, new: copies of the states, to ask what is right.
        times: the moments of refresh_time() at both ends.
    """

    def __init__(
        self,
        reader: SnapshotReader,
        resolve: Resolve,
        old: duckdb.DuckDBPyConnection,
        new: duckdb.DuckDBPyConnection,
        times: tuple[datetime, datetime] = (OLD_TIME, NEW_TIME),
    ) -> None:
        self.reader, self.resolve = reader, resolve
        self.old, self.new = old, new
        self.old_time, self.new_time = times

    def close(self) -> None:
        """Give the reader back, and drop the copies."""
        self.reader.close()
        self.old.close()
        self.new.close()

    def check(self, query: str, *, force_full: bool = False, texts: bool = False) -> Verdict:
        """Whether the law holds for a query; skipped where DuckDB does not run it at both ends.

        With `texts`, the texts of the query at both ends are checked too, and its operators.
        """
        verdict = Verdict(query)
        try:
            columns, others = (
                [row[:2] for row in copy.execute(f"DESCRIBE {query}").fetchall()]
                for copy in (self.new, self.old)
            )
            if columns != others:
                verdict.skipped = "other columns at the two ends"
                return verdict
            types = tuple(str(type_) for _, type_ in columns)
            before, after = (rows_of(copy, query, len(types)) for copy in (self.old, self.new))
        except duckdb.Error as error:
            verdict.skipped = str(error)
            return verdict
        verdict.before = before.total()
        verdict.changed = (after - before).total() + (before - after).total()
        try:
            delta = self.delta(query, force_full=force_full)
        except Exception as error:  # noqa: BLE001 - a query that runs has a delta, whatever this is
            if self._runs(query):
                verdict.wrong = [f"{type(error).__name__}: {error}"]
            else:
                verdict.skipped = str(error)
            return verdict
        verdict.full = delta.full_difference
        verdict.strategies = tuple(operator.strategy.name for operator in delta.operators)
        verdict.reasons = tuple(f"{o.what}: {o.reason}" for o in delta.operators if o.reason)
        verdict.wrong = _judged(self.reader, delta, Shape(types), before, after)
        self.release(delta)
        if texts and not verdict.wrong:
            verdict.wrong = self._texts_judged(query, Shape(types), before, after)
        return verdict

    def _runs(self, query: str) -> bool:
        """Whether the engine can run the query at both ends; some Parquet files DuckDB cannot read.

        A text that cannot be had is no excuse.
        """
        texts = [
            query_text_at(self.reader, query, self.resolve, old=old, time=moment)
            for old, moment in ((True, self.old_time), (False, self.new_time))
        ]
        try:
            for text in texts:
                self.reader.table(text)
        except MlviewError as error:
            return "Out of buffer" not in str(error)
        return True

    def _texts_judged(
        self, query: str, shape: Shape, before: Counter[Row], after: Counter[Row]
    ) -> list[str]:
        wrong = []
        ends = ((True, self.old_time, before), (False, self.new_time, after))
        for old, moment, expected in ends:
            text = query_text_at(self.reader, query, self.resolve, old=old, time=moment)
            found = read_rows(self.reader, text, len(shape.types))
            wrong += differences(found, expected, shape.floats)
        if not query_operators(self.reader, query, self.resolve):
            wrong.append("no operators")
        return wrong

    def delta(self, query: str, *, force_full: bool = False) -> QueryDelta:
        """The delta that is judged."""
        return query_delta(
            self.reader,
            query,
            self.resolve,
            old_time=self.old_time,
            new_time=self.new_time,
            force_full=force_full,
        )

    def release(self, delta: QueryDelta) -> None:
        """Drop what a delta keeps."""
        release(self.reader, delta)

    def left_over(self) -> list[str]:
        """The temporary tables and views of the reader that nobody released."""
        text = (
            "SELECT table_name AS name FROM duckdb_tables() WHERE temporary "
            "UNION ALL SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"
        )
        return list(self.reader.table(text).column(0).to_pylist())


def _judged(
    reader: SnapshotReader,
    delta: QueryDelta,
    shape: Shape,
    before: Counter[Row],
    after: Counter[Row],
) -> list[str]:
    found = tuple(column.type for column in delta.columns)
    if found != shape.types:
        return [f"columns {found}, expected {shape.types}"]
    signed = weighted_rows_of(reader, delta.table, len(found))
    wrong = differences(before + _part(signed, 1), after + _part(signed, -1), shape.floats)
    if wrong:
        return [*wrong[:8], f"delta {signed[:8]}", f"before {list(before.items())[:8]}"]
    weights = [weight for _, weight in signed]
    counts = (sum(w for w in weights if w > 0), -sum(w for w in weights if w < 0))
    net = ((after - before).total(), (before - after).total())
    if 0 in weights:
        return ["a weight of 0"]
    if counts != (delta.inserted, delta.deleted):
        return [f"counts {(delta.inserted, delta.deleted)}, the table has {counts}"]
    if not shape.floats and counts != net:
        return [f"counts {counts}, net {net}, delta {signed[:8]}"]
    if delta.empty != (not weights):
        return [f"empty is {delta.empty} with {len(weights)} rows"]
    return []


def _part(signed: list[tuple[Row, int]], sign: int) -> Counter[Row]:
    found: Counter[Row] = Counter()
    for row, weight in signed:
        if weight * sign > 0:
            found[row] += weight * sign
    return found

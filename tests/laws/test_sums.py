"""Random grouped queries over random tables: their change, by adding to sums, is what changed."""

from __future__ import annotations

from random import Random

from exact_deltas.hunt import law_of
from exact_deltas.law import Law
from exact_deltas.queries import random_query, world_with_views
from exact_deltas.scenarios import scenario

from mlview.engines.differencing.adding import added_delta, adding_operators, whole_sums
from mlview.engines.sources import Source
from mlview.errors import MlviewError
from mlview.sql import check_definition

SEEDS, QUERIES = range(1000, 1008), 60


class LawOfSums(Law):
    """The law for the change of a query from the sums that its groups had."""

    def delta(self, query, *, force_full=False):
        """The change of the rows, by adding; that of the sums is not looked at."""
        rows, state = self._before(query)
        try:
            delta = added_delta(
                self.reader,
                query,
                self.resolve,
                state=state,
                stored=rows,
                schema=self.reader.describe(f"FROM {rows}"),
                old_time=self.old_time,
                new_time=self.new_time,
            )
            if delta is None:
                return super().delta(query, force_full=force_full)
            self.reader.run(f"DROP TABLE {delta.state}")
            return delta.rows
        finally:
            self.reader.run(f"DROP TABLE {rows}; DROP TABLE {state}")

    def _before(self, query):
        """Tables of the rows and the sums at the old end."""

        def resolve(*name):
            found = self.resolve(*name)
            return found if isinstance(found, str) else Source(found.old, found.old, None, False)

        self.reader.refresh_time = self.old_time
        try:
            sums = whole_sums(self.reader, query, resolve)
        finally:
            self.reader.refresh_time = self.new_time
        assert sums is not None
        self.reader.run(f"CREATE TEMP TABLE was AS {sums.rows}")
        self.reader.run(f"CREATE TEMP TABLE sums AS {sums.state}")
        self.reader.run(f"DROP TABLE {sums.table}")
        return "was", "sums"


def grouped_queries(law, random, world):
    """Random queries whose groups can be kept as sums."""
    for _ in range(QUERIES):
        query = random_query(random, world, depth=random.choice((0, 0, 1, 1, 2)))
        try:
            check_definition(query)
        except MlviewError:
            continue
        if any(f"{name}(" in query for name in ("count", "sum", "avg", "min", "max")) and (
            adding_operators(law.reader, query, law.resolve) is not None
        ):
            yield query


def test_old_rows_and_what_is_added_are_the_new_rows():
    """And most queries have rows that change, and most of these are had by adding."""
    verdicts, broken = [], []
    for seed in SEEDS:
        random = Random(seed)
        world = world_with_views(random, made := scenario(random))
        start = random.randrange(len(made.changes))
        plain = law_of(None, made, start)
        law = LawOfSums(plain.reader, plain.resolve, plain.old, plain.new)
        try:
            for query in grouped_queries(law, random, world):
                verdicts.append(verdict := law.check(query))
                broken += [f"seed {seed}: {query}\n{wrong}" for wrong in verdict.wrong]
            assert not law.left_over()
        finally:
            law.close()
    assert not broken, "\n".join(broken)
    added = [verdict for verdict in verdicts if "ADDITIVE" in verdict.strategies]
    assert len(added) >= len(verdicts) * 3 // 4
    assert sum(verdict.changed > 0 for verdict in added) >= len(SEEDS) // 2

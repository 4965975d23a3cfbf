"""Hunting for queries that break the law: `python tests/laws/exact_deltas/hunt.py --seconds 60`."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exact_deltas.lakes import carry_out, law_in_lake
from exact_deltas.law import Law, Verdict
from exact_deltas.memory import law_in_memory
from exact_deltas.queries import random_query, world_with_views
from exact_deltas.scenarios import Scenario, scenario
from exact_deltas.shrinking import shrunk_query, shrunk_scenario

from mlview.clock import SystemClock
from mlview.engines import DuckLakeEngine
from mlview.errors import MlviewError
from mlview.sql import check_definition

if TYPE_CHECKING:
    from collections.abc import Iterator

QUERIES = 10
DEPTHS = (0, 1, 1, 2, 2, 3)


@dataclass(frozen=True, slots=True)
class Broken:
    """A query that broke the law, and all that is needed to see it again."""

    seed: int
    scenario: Scenario
    since: int
    verdict: Verdict

    def __str__(self) -> str:
        """A script, and what was wrong."""
        setup = ";\n".join(self.scenario.setup)
        changes = ";\n".join("; ".join(["BEGIN", *sql, "COMMIT"]) for sql in self.scenario.changes)
        wrong = "\n".join(self.verdict.wrong)
        how = f"{self.verdict.strategies} {self.verdict.reasons}"
        return (
            f"seed {self.seed}\n{setup};\n-- snapshot\n{changes};\n"
            f"-- query (from before change {self.since})\n{self.verdict.query}\n{how}\n{wrong}\n"
        )


@dataclass(slots=True)
class Tally:
    """What came of many queries."""

    queries: int = 0
    skipped: int = 0
    with_rows: int = 0
    with_change: int = 0
    cheap: int = 0
    cheap_with_change: int = 0
    strategies: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Count one query."""
        if verdict.skipped:
            self.skipped += 1
            return
        self.queries += 1
        self.with_rows += verdict.before > 0
        self.with_change += verdict.changed > 0
        self.cheap += not verdict.full
        self.cheap_with_change += not verdict.full and verdict.changed > 0
        self.strategies.update(verdict.strategies)
        self.reasons.update(verdict.reasons)

    def __str__(self) -> str:
        """The counts in lines."""
        counts = (
            f"{self.queries} queries, {self.skipped} skipped, {self.with_rows} with rows, "
            f"{self.with_change} changed, {self.cheap} cheap, {self.cheap_with_change} cheap and "
            f"changed, {len(self.broken)} broken"
        )
        lines = [
            counts,
            *(f"{count:6} {name}" for name, count in self.strategies.most_common()),
            *(f"{count:6} {name}" for name, count in self.reasons.most_common(25)),
        ]
        return "\n".join(lines)


@contextmanager
def temporary_engine() -> Iterator[DuckLakeEngine]:
    """An engine on a directory that goes away."""
    with (
        tempfile.TemporaryDirectory() as path,
        DuckLakeEngine.create(Path(path, "law.mlv"), clock=SystemClock()) as engine,
    ):
        yield engine


def law_of(engine: DuckLakeEngine | None, made: Scenario, start: int) -> Law:
    """The law for a scenario, from before the change of a number."""
    if engine is None:
        return law_in_memory(made, start, len(made.filling) + start)
    snapshots = carry_out(engine, made)
    return law_in_lake(engine, snapshots[start], snapshots[-1], made.views)


def shrunk(engine: DuckLakeEngine | None, broken: Broken) -> Broken:
    """The same fault with a smaller query and fewer rows."""

    def verdict(made: Scenario, query: str) -> Verdict:
        law = law_of(engine, made, broken.since)
        try:
            return law.check(query)
        finally:
            law.close()

    law = law_of(engine, broken.scenario, broken.since)

    def breaks(query: str) -> bool:
        try:
            check_definition(query)
        except MlviewError:
            return False
        return bool(law.check(query).wrong)

    try:
        query = shrunk_query(broken.verdict.query, breaks)
    finally:
        law.close()
    small = shrunk_scenario(broken.scenario, lambda made: bool(verdict(made, query).wrong))
    return replace(broken, scenario=small, verdict=verdict(small, query))


def try_seed(
    engine: DuckLakeEngine | None, seed: int, tally: Tally, *, queries: int = QUERIES
) -> list[Broken]:
    """Make the scenario of a seed, check queries on it, and give those that broke the law."""
    known = len(tally.broken)
    rng = Random(seed)
    world = world_with_views(rng, made := scenario(rng))
    start = rng.randrange(len(made.changes)) if rng.random() < 0.5 else 0
    law = law_of(engine, made, start)
    try:
        for _ in range(queries):
            query = random_query(rng, world, depth=rng.choice(DEPTHS))
            try:
                check_definition(query)
            except MlviewError:
                tally.skipped += 1
                continue
            verdict = law.check(query, force_full=rng.random() < 0.03, texts=rng.random() < 0.2)
            tally.add(verdict)
            if verdict.wrong:
                tally.broken.append(Broken(seed, made, start, verdict))
        left = law.left_over()
        if left:
            tally.broken.append(Broken(seed, made, start, Verdict("", [f"left over: {left}"])))
    finally:
        law.close()
    return tally.broken[known:]


def main() -> None:
    """Hunt for some seconds, or look at one seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--each", type=int, default=10, help="how many faults of a kind to print")
    parser.add_argument("--lake", action="store_true")
    parser.add_argument("--shrink", action="store_true")
    chosen = parser.parse_args()
    kinds: Counter[str] = Counter()
    tally, until = Tally(), time.monotonic() + chosen.seconds
    seed = chosen.start if chosen.seed is None else chosen.seed
    with temporary_engine() if chosen.lake else nullcontext() as engine:
        while time.monotonic() < until:
            for found in try_seed(engine, seed, tally):
                kind = re.sub(r"\W.*", "", found.verdict.wrong[0][:12] or "-")
                kinds[kind] += 1
                if kinds[kind] > chosen.each:
                    continue
                broken = shrunk(engine, found) if chosen.shrink and found.verdict.query else found
                print(broken, flush=True)  # noqa: T201 - what it is for
            if chosen.seed is not None:
                break
            seed += 1
    print(f"seeds {chosen.start} to {seed}\n{tally}")  # noqa: T201 - what it is for


if __name__ == "__main__":
    main()

"""The signed rows that an incremental step works on."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.errors import BindProblem, LakeProblem, NotIncremental, UnknownName
from mlview.observation.deltas import opened, signed_rows
from mlview.records import RowDelta

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from mlview.deltas import Operator
    from mlview.observation.deltas import KeptSums
    from mlview.refresh.jobs import Job
    from mlview.storage.home import Home


@dataclass(frozen=True, slots=True)
class Changed:
    """The delta of a view: its size, how it was had, and its rows with the weight last.

    `sums` are what changes in the sums of its groups, where they are kept.
    """

    size: RowDelta
    operators: tuple[Operator, ...]
    rows: pa.RecordBatchReader
    sums: KeptSums | None = None


@contextmanager
def changed_rows(home: Home, job: Job, *, lossless: bool) -> Iterator[Changed]:
    """The delta of a job's view: the one that was computed while planning, or computed now.

    Raises:
        NotIncremental: there is none, with the reason.
    """
    known = job.delta
    if known is not None and known.rows is not None and lossless is known.lossless:
        yield Changed(known.size, known.operators, known.rows.to_reader(), known.sums)
        return
    ends = job.ends
    with (
        home.engine.workbench(job.snapshot.id, refresh_time=job.data_timestamp) as reader,
        ExitStack() as stack,
    ):
        try:
            delta, sums = stack.enter_context(opened(home, reader, ends, job.choice.version))
        except (LakeProblem, BindProblem, UnknownName) as problem:
            raise NotIncremental(problem.message, hint=problem.hint) from problem
        rows = reader.read(signed_rows(delta, ends), lossless=lossless)
        size = RowDelta(delta.inserted, delta.deleted)
        yield Changed(size, delta.operators, rows, sums)

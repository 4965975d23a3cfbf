"""Where the rows held out by time begin, counted in the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from mlview.definitions import HoldoutLast, always_quote
from mlview.errors import TrainingDataProblem
from mlview.learners.keeping.timeline import Timeline, stamps_of
from mlview.refresh.splitting import effective_holdout

if TYPE_CHECKING:
    from mlview.definitions import Model
    from mlview.serving.targets import OnReader


def last_of(definition: Model, time: str | None) -> HoldoutLast | None:
    """The hold-out by time of a model, if it is one.

    Raises:
        TrainingDataProblem: HOLDOUT LAST without a time column.
    """
    if definition.target is None:
        return None
    holdout = effective_holdout(definition, time)
    if not isinstance(holdout, HoldoutLast):
        return None
    if time is None:
        raise TrainingDataProblem(
            "HOLDOUT LAST needs a time column, and the query has none, or several",
            hint="name it: TIME column",
        )
    return holdout


def count_moments(target: OnReader, query: str, definition: Model, time: str | None) -> Timeline:
    """The labelled rows of a query per moment.

    Raises:
        TrainingDataProblem: NULL_TIME.
    """
    moment, label = always_quote(time or ""), always_quote(definition.target or "")
    found = target.table(
        f"SELECT {moment} AS moment, count(*)::BIGINT AS labelled FROM ({query}\n) "
        f"WHERE {label} IS NOT NULL GROUP BY {moment}"
    )
    known = found.filter(found["moment"].is_valid())
    without = pc.sum(found["labelled"]).as_py() or 0
    without -= pc.sum(known["labelled"]).as_py() or 0
    if without:
        raise TrainingDataProblem(
            f"{without:,} labelled rows have no {time} to be ordered by",
            code="NULL_TIME",
            hint=f"leave them out: WHERE {time} IS NOT NULL; if it orders nothing: IGNORE ({time})",
        )
    counts = np.asarray(known["labelled"].to_numpy(), np.int64)
    return Timeline.of(stamps_of(known["moment"]), counts)

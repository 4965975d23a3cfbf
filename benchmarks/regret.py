"""What every model that could have been trained loses on every later row; policies replay it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

if TYPE_CHECKING:
    from streams import Stream

HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class World:
    """One stream and one window to train on. Model i saw the days before i and answers from i on.

    Attributes:
        stream: the rows.
        window: days a model is trained on; None for all before it.
        losses: by model, the log loss of each row from its day on, in nats; None where untrained.
        loss: mean log loss of model i on day j >= i; NaN elsewhere.
        said: mean probability that model i gave on day j.
        scored: mean log loss of model i on the fifth of its rows that it was not taught.
        rows: rows of each day.
        happened: share of the rows of each day in which it happened.
    """

    stream: Stream
    window: int | None
    losses: tuple[np.ndarray | None, ...]
    loss: np.ndarray
    said: np.ndarray
    scored: np.ndarray
    rows: np.ndarray
    happened: np.ndarray

    def row_losses(self, model: int, day: int) -> np.ndarray:
        """The loss of one model on each row of one day, in their order."""
        where, losses = self.stream.rows(day, day + 1), self.losses[model]
        assert losses is not None
        begin = int(self.stream.starts[model])
        return losses[where.start - begin : where.stop - begin]


def world(stream: Stream, window: int | None) -> World:
    """Train a model at the start of every day and score it on all rows that follow."""
    days, starts = stream.days, stream.starts
    rows = np.diff(starts)
    losses: list[np.ndarray | None] = [None] * days
    loss, said = np.full((days, days), np.nan), np.full((days, days), np.nan)
    scored = np.full(days, np.nan)
    random = np.random.default_rng(20130101)
    for model in range(stream.first, days):
        where = stream.rows(0 if window is None else model - window, model)
        held = random.random(where.stop - where.start) < HELD_OUT
        x, y = stream.x[where], stream.y[where]
        learner = HistGradientBoostingClassifier(
            max_iter=40,
            learning_rate=0.15,
            max_leaf_nodes=15,
            early_stopping=False,
            random_state=0,
        ).fit(x[~held], y[~held])
        scored[model] = _log_loss(learner.predict_proba(x[held])[:, 1], y[held]).mean()
        p = learner.predict_proba(stream.x[starts[model] :])[:, 1]
        losses[model] = _log_loss(p, stream.y[starts[model] :]).astype(np.float32)
        loss[model, model:] = _daily(losses[model], rows[model:])
        said[model, model:] = _daily(p, rows[model:])
    return World(stream, window, tuple(losses), loss, said, scored, rows, _daily(stream.y, rows))


def _daily(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    ends = np.cumsum(rows)
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return (sums[ends] - sums[ends - rows]) / np.maximum(rows, 1)


def _log_loss(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    kept = np.clip(p, 1e-6, 1 - 1e-6)
    return -np.log(np.where(y > 0, kept, 1 - kept))

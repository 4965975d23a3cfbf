"""Putting rows where they belong: trained on, held out, scored, or questions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mlview.definitions import HoldoutShare
from mlview.learners.frames import column_of
from mlview.learners.keeping.sampling import Sample
from mlview.learners.keeping.timeline import stamps_of
from mlview.learners.moments.parting import add_parted
from mlview.observation.identities import BUCKET
from mlview.refresh.splitting import effective_holdout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.definitions import Model
    from mlview.learners.keeping.sums import Sums


class Adding:
    """Adds rows to sums, which are changed.

    Attributes:
        sums: with all that was added.
    """

    def __init__(self, sums: Sums, definition: Model) -> None:
        self.sums = sums
        self._share = _share(definition, sums.roles.time)

    def add(self, rows: pa.Table, weights: NDArray[np.int64] | None) -> None:
        """Add rows, each as often as its weight says, or once."""
        target = self.sums.roles.target
        if target is not None:
            rows, weights = self._labelled(rows, column_of(rows, target), weights)
        if not rows.num_rows:
            return
        held = self._held(rows)
        if held is None or not held.any():
            self.sums.train.add(rows, weights)
        else:
            self._hold_out(rows, weights, held)

    def _labelled(
        self, rows: pa.Table, label: pa.ChunkedArray, weights: NDArray[np.int64] | None
    ) -> tuple[pa.Table, NDArray[np.int64] | None]:
        """The rows with a label; those without are counted."""
        if not label.null_count:
            return rows, weights
        known = np.asarray(label.is_valid().to_numpy())
        count = int((~known).sum() if weights is None else weights[~known].sum())
        self.sums = replace(self.sums, unlabelled=self.sums.unlabelled + count)
        return rows.filter(pa.array(known)), None if weights is None else weights[known]

    def _hold_out(
        self, rows: pa.Table, weights: NDArray[np.int64] | None, held: NDArray[np.bool_]
    ) -> None:
        sums = self.sums
        if not sums.test.rows:
            # The same shifts, so that both can be merged without rounding.
            sums = replace(sums, test=sums.maintained.empty(sums.train))
        add_parted(sums.train, sums.test, rows, weights, held)
        limit = 1.0 if self._share is None else self._share
        sample = sums.sample or Sample(limit, rows.slice(0, 0))
        # NULL, which is no number to be below anything, is NaN here.
        scored = held & (rows[BUCKET].to_numpy() < sample.limit)
        if scored.any():
            places = np.flatnonzero(scored)
            signs = None if weights is None else weights[places]
            sample = sample.changed(rows.take(pa.array(places)), signs, BUCKET)
        self.sums = replace(sums, sample=sample)

    def _held(self, rows: pa.Table) -> NDArray[np.bool_] | None:
        """Which rows are held out."""
        if self._share is not None:
            return np.asarray(rows[BUCKET].to_numpy() < self._share)
        if self.sums.held_from is None or self.sums.roles.time is None:
            return None
        times = column_of(rows, self.sums.roles.time)
        return np.asarray(stamps_of(times) >= self.sums.held_from)


def _share(definition: Model, time: str | None) -> float | None:
    if definition.target is None:
        return None
    holdout = effective_holdout(definition, time)
    return holdout.share if isinstance(holdout, HoldoutShare) else None

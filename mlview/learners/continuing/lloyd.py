"""k-means: one Lloyd step from the last full fit, on sums that a delta changes."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, issparse

from mlview.learners.continuing.outcomes import CannotContinue, Continued
from mlview.learners.continuing.rows import ignored_categories, training_rows
from mlview.learners.continuing.shapes import with_method
from mlview.learners.continuing.states import packed, unpacked
from mlview.learners.threads import threads_for

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlview.learners.continuing.rows import Delta, Rows
    from mlview.learners.signatures import Fitted

    Floats = NDArray[np.float64]

TOLERANCE = 0.01
"""The share of the inertia that the step may save: beyond it, more steps would follow."""


@dataclass(frozen=True, slots=True)
class LloydStep:
    """One iteration of Lloyd's algorithm from the last full fit's centres, over all rows.

    Every row, old or of the delta, belongs to the nearest of those centres. The sums and counts of
    each cluster are kept, inserted rows are added and deleted ones subtracted, and the new centres
    are the means: what an iteration over all rows would give, in whatever order deltas came
    (MacQueen, 1967, with the assignment held).
    """

    how: str = "one Lloyd step on the delta"
    full_every: int = 50
    takes_deletes: bool = True

    def prepare(self, fitted: Fitted, rows: pa.Table, seed: int) -> bytes:
        """The centres, and the counts, sums and squared distances at them."""
        del seed
        centres = np.asarray(fitted.pipeline.steps[-1][1].cluster_centers_, dtype=np.float64)
        return packed({"centres": centres, **_sums(fitted, centres, training_rows(fitted, rows))})

    def continue_fit(self, fitted: Fitted, state: bytes | None, delta: Delta) -> Continued:
        """The centres after the step, and the share of the inertia that it saved.

        Raises:
            CannotContinue: a cluster lost all of its rows, or the step saved too much for one to
                be enough.
        """
        kept = unpacked(state)
        centres = kept.pop("centres", np.empty(0))
        if centres.shape != fitted.pipeline.steps[-1][1].cluster_centers_.shape:
            raise CannotContinue("the state kept at the last full fit is of another kind")
        ignored = ignored_categories(fitted, delta.inserted)
        plus, minus = (_sums(fitted, centres, rows) for rows in (delta.inserted, delta.deleted))
        now = {name: kept[name] + plus[name] - minus[name] for name in kept}
        if now["counts"].min() <= 0:
            raise CannotContinue("no row of a cluster is left")
        moved = now["sums"] / now["counts"][:, None]
        # Koenig and Huygens: the means save this much of the squared distances to other points.
        saved = float(now["counts"] @ ((moved - centres) ** 2).sum(axis=1))
        error = saved / max(float(now["inertia"]), saved, np.finfo(float).tiny)
        if error > TOLERANCE:
            raise CannotContinue(
                f"one step would save {error:.1%} of the inertia, above {TOLERANCE:.0%}"
            )
        said = f"one Lloyd step on {delta.said}; it saved {error:.1g} of the inertia{ignored}"
        method = _with_centres(fitted, moved, float(now["inertia"]) - saved)
        new_state = packed({"centres": centres, **now})
        return Continued(with_method(fitted, method), new_state, error, said)


def _sums(fitted: Fitted, centres: Floats, rows: Rows) -> dict[str, NDArray[Any]]:
    """Counts and sums of the rows by their nearest centre, and all of their squared distances."""
    clusters, width = centres.shape
    if not len(rows):
        nothing = np.zeros(clusters)
        return {"counts": nothing, "sums": np.zeros((clusters, width)), "inertia": np.zeros(())}
    with threads_for(len(rows), width, alone=True):
        matrix = rows.matrix(fitted)
        squares = (matrix.multiply(matrix) if issparse(matrix) else matrix**2).sum(axis=1)
        products = np.asarray(matrix @ centres.T)
        distances = np.asarray(squares).reshape(-1, 1) - 2 * products + (centres**2).sum(axis=1)
        nearest = distances.argmin(axis=1)
        places = (np.ones(len(rows)), (nearest, np.arange(len(rows))))
        sums = csr_array(places, shape=(clusters, len(rows))) @ matrix
    return {
        "counts": np.bincount(nearest, minlength=clusters).astype(np.float64),
        "sums": np.asarray(sums.todense() if issparse(sums) else sums),
        "inertia": np.asarray(distances[np.arange(len(rows)), nearest].clip(min=0).sum()),
    }


def _with_centres(fitted: Fitted, centres: Floats, inertia: float) -> Any:
    method = copy.copy(fitted.pipeline.steps[-1][1])
    method.cluster_centers_ = np.ascontiguousarray(centres, dtype=method.cluster_centers_.dtype)
    method.inertia_ = inertia
    # The clusters of the full fit's rows say nothing of the rows there are now.
    method.labels_ = method.labels_[:0].copy()
    return method

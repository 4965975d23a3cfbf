"""Metrics of clusterings and decompositions, on a bounded sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from mlview.learners.answers import frames
from mlview.learners.intervals import clipped, of_mean
from mlview.records import Metric

if TYPE_CHECKING:
    from mlview.learners.signatures import Fitted

SAMPLE_ROWS = 5_000
"""Rows on which distances between all pairs are affordable."""

Scored = tuple[tuple[Metric, ...], tuple[str, ...]]


def sampled(data: pa.Table, rows: int) -> pa.Table:
    """At most so many rows, evenly spread."""
    if data.num_rows <= rows:
        return data
    return data.take(pa.array(np.linspace(0, data.num_rows - 1, rows).astype(np.int64)))


def _dense(matrix: Any) -> Any:
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


def score_clusters(fitted: Fitted, data: pa.Table) -> Scored:
    """The silhouette with its interval, calinski_harabasz and davies_bouldin, and notices."""
    frame = next(frames(fitted, sampled(data, SAMPLE_ROWS)))
    inner = fitted.pipeline[:-1]
    matrix = _dense(inner.transform(frame)) if len(inner) else np.asarray(frame)
    clusters = np.asarray(fitted.pipeline.predict(frame))
    found = len(np.unique(clusters))
    if not 1 < found < len(clusters):
        return (), (f"the rows fall into {found} cluster(s): silhouette is not defined",)
    widths = silhouette_samples(matrix, clusters)
    low, high = clipped(of_mean(widths) or (-1.0, 1.0), -1, 1)
    return (
        Metric("silhouette", float(widths.mean()), low, high),
        Metric("calinski_harabasz", float(calinski_harabasz_score(matrix, clusters))),
        Metric(
            "davies_bouldin", float(davies_bouldin_score(matrix, clusters)), greater_is_better=False
        ),
    ), ()


def score_components(fitted: Fitted, data: pa.Table) -> Scored:
    """explained_variance: the share of the spread that the components give back."""
    method = fitted.pipeline.steps[-1][1]
    if not hasattr(method, "inverse_transform"):
        return (), (f"{type(method).__name__} cannot be turned back: it has no metric",)
    frame = next(frames(fitted, sampled(data, SAMPLE_ROWS)))
    inner = fitted.pipeline[:-1]
    matrix = _dense(inner.transform(frame)) if len(inner) else np.asarray(frame)
    returned = _dense(method.inverse_transform(method.transform(matrix)))
    spread = float(((matrix - matrix.mean(axis=0)) ** 2).sum())
    if spread == 0.0:
        return (), ("the rows are all equal: explained_variance is not defined",)
    return (Metric("explained_variance", 1 - float(((matrix - returned) ** 2).sum()) / spread),), ()

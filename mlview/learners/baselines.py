"""The Dummy that a state of sums gives: what a model is compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.pipeline import Pipeline

from mlview.learners.fitting import fit
from mlview.learners.moments.layout import ONE, Key, Kind
from mlview.learners.preprocessing import METHOD
from mlview.learners.roles import FeatureKind
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from mlview.learners.moments.state import Moments
    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Fitted


def baseline_from(moments: Moments, roles: Roles) -> Fitted | None:
    """Class shares, or the mean label, of the rows of a state; None without a label.

    It is the model that `fit_baseline` gives on these rows.
    """
    if roles.target is None or not moments.rows:
        return None
    slim = replace(roles, features=roles.features[:1])
    if roles.task is Task.REGRESSION:
        labels = pa.array([mean_label(moments)])
        return fit(Pipeline([(METHOD, DummyRegressor())]), slim, _rows(slim, labels), seed=0)
    counts = moments.class_counts
    labels = pa.array(list(counts))
    dummy = fit(
        Pipeline([(METHOD, DummyClassifier(strategy="prior"))]), slim, _rows(slim, labels), seed=0
    )
    inner = dummy.pipeline.named_steps[METHOD]
    known = (
        [dummy.signature.classes[code] for code in inner.classes_]
        if (dummy.signature.coded)
        else inner.classes_.tolist()
    )
    shares = np.array([counts[label] for label in known], dtype=np.float64)
    inner.class_prior_ = shares / shares.sum()
    return dummy


def mean_label(moments: Moments) -> float:
    """The mean of a label that is a number."""
    sums = moments.column()
    mean = sums[Key(Kind.NUMBER, moments.layout.target or "")] / sums[ONE]
    return float(np.nan_to_num(moments.frame.shifts[-1])) + mean


def _rows(roles: Roles, labels: pa.Array) -> pa.Table:
    """One row per label; a Dummy reads no feature."""
    feature = roles.features[0]
    kind = pa.string() if feature.kind is FeatureKind.CATEGORICAL else pa.float64()
    return pa.table({feature.name: pa.nulls(len(labels), kind), roles.target: labels})

"""How much each source column of a fitted model matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.compose import ColumnTransformer
from sklearn.inspection import permutation_importance

from mlview.errors import UsageProblem
from mlview.learners.answers import actual_codes, frames, labelled
from mlview.learners.fitting import label_array
from mlview.learners.frames import column_of, numbers
from mlview.learners.preprocessing import PREPROCESS
from mlview.learners.tasks import Task
from mlview.learners.unsupervised import sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.signatures import Fitted

    Floats = NDArray[np.float64]

PERMUTED_ROWS = 5_000
"""Rows on which columns are shuffled."""

REPEATS = 5
"""Times each column is shuffled."""


def feature_importance(fitted: Fitted, data: pa.Table | None, seed: int = 0) -> pa.Table:
    """A row per feature, the most important first: feature, importance, std, kind.

    `kind` says what the number is: `impurity` or `gain` (shares of the trees' own gains, adding
    up to 1), `coefficient` (the mean absolute coefficient of the scaled columns, summed over the
    categories of a text column), or `permutation` (how much the score falls when the column is
    shuffled on at most 5000 of the rows of `data`, with its standard deviation).

    Raises:
        UsageProblem: the method has no importances of its own and there are no rows.
    """
    names = [f.name for f in fitted.signature.features]
    own = _own_importance(fitted)
    if own is not None:
        kind, values = own
        spread: Floats | None = None
    elif data is None or not fitted.signature.task.supervised:
        raise UsageProblem(
            f"{fitted.signature.method} has no importances of its own; expected labelled rows to "
            "measure them on",
            hint="give held-out rows",
        )
    else:
        kind, (values, spread) = "permutation", _permuted(fitted, data, seed)
    order = np.argsort(-values, kind="stable")
    stds = [None] * len(names) if spread is None else [float(spread[i]) for i in order]
    return pa.table(
        {
            "feature": pa.array([names[i] for i in order], pa.string()),
            "importance": pa.array([float(values[i]) for i in order], pa.float64()),
            "std": pa.array(stds, pa.float64()),
            "kind": pa.array([kind] * len(names), pa.string()),
        }
    )


def has_own_importance(fitted: Fitted) -> bool:
    """Whether the method says itself which features it used; if not, labelled rows are needed."""
    return _own_importance(fitted) is not None


def _own_importance(fitted: Fitted) -> tuple[str, Floats] | None:
    """What the method says itself, summed back to source columns; None if it says nothing."""
    sources = _sources(fitted)
    if sources is None:
        return None
    method = fitted.pipeline.steps[-1][1]
    found = _impurity_or_gain(method) or _coefficients(method)
    if found is None:
        return None
    kind, values = found
    if len(values) != len(sources):
        return None
    summed = np.zeros(len(fitted.signature.features))
    np.add.at(summed, sources, values)
    total = summed.sum()
    return kind, summed / total if kind != "coefficient" and total else summed


def _impurity_or_gain(method: Any) -> tuple[str, Floats] | None:
    if type(method).__module__.startswith("lightgbm"):
        gains = method.booster_.feature_importance("gain")
        return "gain", np.asarray(gains, dtype=np.float64)
    if type(method).__module__.startswith("xgboost"):
        return "gain", np.asarray(method.feature_importances_, dtype=np.float64)
    try:
        impurity = method.feature_importances_
    except (AttributeError, ValueError):
        return None
    return "impurity", np.asarray(impurity, dtype=np.float64)


def _coefficients(method: Any) -> tuple[str, Floats] | None:
    try:
        matrix = method.coef_
    except AttributeError:
        return None
    whole = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
    whole = np.atleast_2d(whole.squeeze())
    return "coefficient", np.abs(whole).mean(axis=0)


def _sources(fitted: Fitted) -> NDArray[np.int64] | None:
    """For each column the method reads, the position of the feature it comes from."""
    preprocess = dict(fitted.pipeline.steps).get(PREPROCESS)
    if not isinstance(preprocess, ColumnTransformer):
        return None
    position = {f.name: i for i, f in enumerate(fitted.signature.features)}
    sources: list[int] = []
    for _, step, columns in preprocess.transformers_:
        for name in columns:
            width = 1
            if hasattr(step, "sparse_output"):
                width = len(step.categories_[list(columns).index(name)])
            sources += [position[name]] * width
    return np.asarray(sources, dtype=np.int64)


def _permuted(fitted: Fitted, data: pa.Table, seed: int) -> tuple[Floats, Floats]:
    rows = sampled(labelled(fitted, data), PERMUTED_ROWS)
    if rows.num_rows == 0:
        raise UsageProblem("expected labelled rows, found 0", hint="give held-out rows")
    frame = next(frames(fitted, rows))
    result = permutation_importance(
        fitted.pipeline, frame, _labels(fitted, rows), n_repeats=REPEATS, random_state=seed
    )
    return np.asarray(result.importances_mean), np.asarray(result.importances_std)


def _labels(fitted: Fitted, rows: pa.Table) -> Any:
    """The labels as the method was given them."""
    signature = fitted.signature
    if signature.task is Task.REGRESSION:
        return numbers(column_of(rows, signature.target or ""))
    if signature.coded:
        return actual_codes(fitted, rows)
    return label_array(rows, signature.target or "", signature.task)

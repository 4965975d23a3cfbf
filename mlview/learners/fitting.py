"""Fitting a Pipeline on an Arrow table."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.base import clone

from mlview.errors import FitFailed, MlviewError
from mlview.learners.columns import base_type
from mlview.learners.frames import column_of, feature_frame, numbers
from mlview.learners.labels import empty, label_values
from mlview.learners.parts import settle
from mlview.learners.pipelines import is_user_pipeline, seed_pipeline, user_frame
from mlview.learners.prediction import PredictionResult, predict, transformed
from mlview.learners.preprocessing import fit_parameters
from mlview.learners.signatures import Fitted, Signature, output_columns
from mlview.learners.tasks import Task
from mlview.learners.threads import threads_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sklearn.pipeline import Pipeline

    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Label

__all__ = ["Fitted", "PredictionResult", "Signature", "fit", "predict"]

# Their threads add floats in the order they finish.
_ORDER_SENSITIVE = ("KMeans", "MiniBatchKMeans", "BisectingKMeans")
_SHOWN_WARNINGS = 5


def fit(
    pipeline: Pipeline, roles: Roles, data: pa.Table, *, seed: int, importable: bool = True
) -> Fitted:
    """Fit a clone of a Pipeline on the labelled rows of a table, in their order.

    The same pipeline, rows, order and seed give bit-identical predictions on one platform.

    Args:
        pipeline: from `build_pipeline` or `wrap_pipeline`; it stays unfitted.
        roles: from `derive_roles`.
        data: the training rows; those whose label is NULL are left out.
        seed: for the parts of a user's Pipeline that have no seed of their own.
        importable: whether another process can load the method.

    Raises:
        FitFailed: the estimator raised; its exception is the cause.
        TrainingDataProblem: EMPTY_TRAINING_SET.
    """
    if roles.target is not None:
        label = column_of(data, roles.target)
        if label.null_count:
            data = data.filter(label.is_valid())
    if data.num_rows == 0:
        raise empty(roles.target)
    fresh = clone(pipeline)
    if is_user_pipeline(fresh):
        seed_pipeline(fresh, seed)
    classes = _classes(roles, data)
    coded = _needs_codes(fresh, classes)
    notices = _fit(fresh, roles, data, classes if coded else ())
    signature = _signature(fresh, roles, data, classes, coded=coded, importable=importable)
    return Fitted(fresh, signature, notices)


def _needs_codes(pipeline: Pipeline, classes: Sequence[Label]) -> bool:
    """Whether the estimator has to be given positions instead of the labels.

    XGBoost takes nothing else, and numpy forgets a NUL at the end of a text.
    """
    if any(isinstance(label, str) and label.endswith("\0") for label in classes):
        return True
    return type(pipeline.steps[-1][1]).__module__.startswith("xgboost")


def _classes(roles: Roles, data: pa.Table) -> tuple[Label, ...]:
    if roles.task is not Task.CLASSIFICATION or roles.target is None:
        return ()
    return tuple(label_values(column_of(data, roles.target)))


def _fit(
    pipeline: Pipeline, roles: Roles, data: pa.Table, codes: Sequence[Label]
) -> tuple[str, ...]:
    frame = user_frame if is_user_pipeline(pipeline) else feature_frame
    label = () if roles.target is None else (label_array(data, roles.target, roles.task, codes),)
    alone = type(pipeline.steps[-1][1]).__name__ in _ORDER_SENSITIVE
    threads = threads_for(data.num_rows, len(roles.features), alone=alone)
    with warnings.catch_warnings(record=True) as caught, _raising(pipeline), threads:
        warnings.simplefilter("always")
        pipeline.fit(frame(data, roles.features), *label, **fit_parameters(pipeline))
    settle(pipeline)
    return _told(caught)


def label_array(
    data: pa.Table, target: str, task: Task, codes: Sequence[Label] = ()
) -> np.ndarray[Any, Any]:
    """The label as a numpy array: float64, or the classes themselves, or positions in `codes`."""
    column = column_of(data, target)
    if task is Task.REGRESSION:
        return numbers(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64(), safe=False)
    if codes:
        position = pa.compute.index_in(column, pa.array(codes, column.type))
        return np.asarray(position.to_numpy(zero_copy_only=False))
    if pa.types.is_string(column.type):
        whole = column.dictionary_encode().unify_dictionaries().combine_chunks()
        whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
        levels = np.asarray(whole.dictionary.to_pylist(), dtype=object)
        return np.asarray(levels[whole.indices.to_numpy(zero_copy_only=False)])
    return np.asarray(column.to_numpy(zero_copy_only=False))


@contextmanager
def _raising(pipeline: Pipeline) -> Iterator[None]:
    name = type(pipeline.steps[-1][1]).__name__
    try:
        yield
    except (MlviewError, MemoryError):
        raise
    except Exception as problem:
        first = str(problem).strip().split("\n")[0]
        raise FitFailed(
            f"{name} could not be fitted: {type(problem).__name__}: {first}",
            name=name,
            hint="change the parameters after USING, or the columns of the query",
        ) from problem


def _told(caught: Sequence[warnings.WarningMessage]) -> tuple[str, ...]:
    """Each different warning once, in one line; what a later scikit-learn changes is left out."""
    texts = dict.fromkeys(
        f"{w.category.__name__}: {' '.join(str(w.message).split())[:200]}"
        for w in caught
        if not issubclass(w.category, (FutureWarning, DeprecationWarning))
    )
    return tuple(texts)[:_SHOWN_WARNINGS]


def _signature(
    pipeline: Pipeline,
    roles: Roles,
    data: pa.Table,
    classes: tuple[Label, ...],
    *,
    coded: bool,
    importable: bool,
) -> Signature:
    method = pipeline.steps[-1][1]
    components = 0
    if roles.task is Task.DECOMPOSITION:
        frame = user_frame if is_user_pipeline(pipeline) else feature_frame
        components = transformed(pipeline, frame(data.slice(0, 1), roles.features)).shape[1]
    answered = class_type(roles.target_type) if classes else None
    return Signature(
        target=roles.target,
        task=roles.task,
        features=roles.features,
        classes=classes,
        class_type=answered,
        outputs=output_columns(
            roles.target,
            roles.task,
            answered,
            len(classes),
            probabilities=hasattr(pipeline, "predict_proba"),
            components=components,
        ),
        method=type(method).__name__,
        importable=importable,
        coded=coded,
    )


def class_type(type_name: str | None) -> str | None:
    """The type predicted labels have: the label's own, ENUM as VARCHAR, DECIMAL as DOUBLE."""
    match base_type(type_name or "VARCHAR"):
        case "ENUM":
            return "VARCHAR"
        case "DECIMAL":
            return "DOUBLE"
        case _:
            return type_name

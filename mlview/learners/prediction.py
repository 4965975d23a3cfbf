"""Predicting with a fitted Pipeline, in batches of bounded memory."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.compose import ColumnTransformer

from mlview.errors import PredictionProblem
from mlview.learners.frames import as_text, feature_frame
from mlview.learners.matching import match_columns
from mlview.learners.pipelines import is_user_pipeline, user_frame
from mlview.learners.preprocessing import PREPROCESS
from mlview.learners.roles import FeatureKind
from mlview.learners.tasks import Task
from mlview.learners.threads import threads_for
from mlview.learners.types import arrow_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlview.learners.signatures import Fitted, Signature

BATCH_ROWS = 131_072
"""Rows predicted at once: the feature matrix of a batch is all the memory it takes."""

_TIE = 1e-9
# Their predict is the most probable class, ties apart; others (SVC) may disagree.
_BY_PROBABILITY = (
    "HistGradientBoostingClassifier", "GradientBoostingClassifier", "RandomForestClassifier",
    "ExtraTreesClassifier", "DecisionTreeClassifier", "ExtraTreeClassifier", "LGBMClassifier",
    "XGBClassifier", "LogisticRegression", "MLPClassifier", "GaussianNB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """The prediction columns, and per text feature the values training had not seen."""

    table: pa.Table
    unseen: Mapping[str, int] = field(default_factory=dict)


def predict(fitted: Fitted, data: pa.Table) -> PredictionResult:
    """The prediction columns for every row of `data`, in its order, and what was not known.

    Raises:
        ColumnMismatch: features that are missing or have another type.
        PredictionProblem: NON_FINITE, a feature that is infinite, with the count.
    """
    signature = fitted.signature
    matched = match_columns(signature.features, data)
    _check_finite(signature, matched)
    schema = output_schema(signature)
    with warnings.catch_warnings(), threads_for(matched.num_rows, len(signature.features)):
        # What an estimator says of single rows is counted and told below.
        warnings.simplefilter("ignore", UserWarning)
        batches = [
            _predict_batch(fitted, matched.slice(start, BATCH_ROWS), schema)
            for start in range(0, matched.num_rows, BATCH_ROWS)
        ]
    table = pa.concat_tables(batches) if batches else schema.empty_table()
    return PredictionResult(table, _count_unseen(fitted, matched))


def output_schema(signature: Signature) -> pa.Schema:
    """The Arrow schema of the prediction columns."""
    return pa.schema([(c.name, arrow_type(c.type)) for c in signature.outputs])


def _check_finite(signature: Signature, matched: pa.Table) -> None:
    for feature in signature.features:
        column = matched.column(feature.name)
        if pa.types.is_floating(column.type):
            count = int(pc.sum(pc.is_inf(column)).as_py() or 0)
            if count:
                raise PredictionProblem(
                    f"the feature '{feature.name}' is infinite in {count} of "
                    f"{matched.num_rows} rows",
                    name=feature.name,
                    code="NON_FINITE",
                    hint=f"CASE WHEN isfinite({feature.name}) THEN {feature.name} END AS "
                    f"{feature.name} makes it a NULL",
                    count=count,
                )


def frame_for(fitted: Fitted, matched: pa.Table) -> Any:
    """The pandas DataFrame that the fitted Pipeline reads, from matched columns."""
    build = user_frame if is_user_pipeline(fitted.pipeline) else feature_frame
    return build(matched, fitted.signature.features)


def _predict_batch(fitted: Fitted, matched: pa.Table, schema: pa.Schema) -> pa.Table:
    frame = frame_for(fitted, matched)
    pipeline, signature = fitted.pipeline, fitted.signature
    match signature.task:
        case Task.CLASSIFICATION:
            arrays = _classes(fitted, frame, schema)
        case Task.REGRESSION:
            arrays = [_doubles(np.ravel(pipeline.predict(frame)))]
        case Task.CLUSTERING:
            arrays = [pa.array(np.asarray(pipeline.predict(frame)).astype(np.int32))]
        case Task.DECOMPOSITION:
            arrays = [_doubles(column) for column in transformed(pipeline, frame).T]
        case Task.OUTLIERS:
            arrays = [_doubles(-np.ravel(score_samples(pipeline, frame)))]
    return pa.Table.from_arrays(arrays, schema=schema)


def score_samples(pipeline: Any, frame: Any) -> NDArray[np.float64]:
    """How normal each row is, by `score_samples`, else by `decision_function`."""
    if hasattr(pipeline, "score_samples"):
        return np.asarray(pipeline.score_samples(frame), dtype=np.float64)
    return np.asarray(pipeline.decision_function(frame), dtype=np.float64)


def transformed(pipeline: Any, frame: Any) -> NDArray[np.float64]:
    """The components of each row.

    SparsePCA fails on a single row, so a single row is given twice.
    """
    if len(frame) == 1:
        return transformed(pipeline, frame.take([0, 0]))[:1]
    matrix = pipeline.transform(frame)
    whole = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return np.asarray(whole, dtype=np.float64)


def _doubles(values: NDArray[Any]) -> pa.Array:
    """DOUBLE values; what the method could not answer (NaN) is NULL."""
    values = np.ascontiguousarray(values, dtype=np.float64)
    return pa.array(values, mask=np.isnan(values))


def _classes(fitted: Fitted, frame: Any, schema: pa.Schema) -> list[pa.Array]:
    label = schema.field(0).type
    if len(schema) == 1:
        return [_labels(fitted.signature, predicted_codes(fitted, frame), label)]
    probabilities = np.asarray(fitted.pipeline.predict_proba(frame), dtype=np.float64)
    codes = codes_from(fitted, frame, probabilities)
    labels = _labels(fitted.signature, codes, label)
    if pa.types.is_float64(schema.field(1).type):
        return [labels, _doubles(probabilities[:, 1])]
    return [labels, _maps(fitted.signature, probabilities)]


def _labels(signature: Signature, codes: NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    return pa.array(signature.classes, kind).take(pa.array(codes))


def predicted_codes(fitted: Fitted, frame: Any) -> NDArray[np.int64]:
    """The predicted classes as positions in `signature.classes`."""
    predicted = np.ravel(fitted.pipeline.predict(frame))
    if fitted.signature.coded:
        return np.asarray(predicted, dtype=np.int64)
    classes = np.asarray(fitted.signature.classes, dtype=_class_dtype(fitted.signature.classes))
    return np.asarray(np.searchsorted(classes, predicted), dtype=np.int64)


def _class_dtype(classes: Sequence[Any]) -> Any:
    return object if isinstance(classes[0], str) else None


def codes_from(fitted: Fitted, frame: Any, probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """The predicted classes, read off the probabilities where the method allows it."""
    if type(fitted.pipeline.steps[-1][1]).__name__ not in _BY_PROBABILITY:
        return predicted_codes(fitted, frame)
    codes: NDArray[np.int64] = probabilities.argmax(axis=1)
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    close = ~(best[:, 1] - best[:, 0] > _TIE)
    if close.any():
        codes[close] = predicted_codes(fitted, frame[close])
    return codes


def _maps(signature: Signature, probabilities: NDArray[np.float64]) -> pa.Array:
    rows, width = probabilities.shape
    keys = np.tile(np.arange(width), rows)
    texts = pa.array([str(c) for c in signature.classes], pa.string())
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * width)
    return pa.MapArray.from_arrays(offsets, texts.take(pa.array(keys)), probabilities.ravel())


def _count_unseen(fitted: Fitted, matched: pa.Table) -> dict[str, int]:
    """Rows per text feature whose value no encoder of mlview's own has seen."""
    preprocess = dict(fitted.pipeline.steps).get(PREPROCESS)
    if not isinstance(preprocess, ColumnTransformer):
        return {}
    texts = {f.name for f in fitted.signature.features if f.kind is FeatureKind.CATEGORICAL}
    counts = {}
    for _, encoder, columns in preprocess.transformers_:
        if not texts.issuperset(columns):
            continue
        for name, levels in zip(columns, encoder.categories_, strict=True):
            known = pa.array([v for v in levels if isinstance(v, str)], pa.string())
            column = as_text(matched.column(name))
            seen = pc.sum(pc.is_in(column, known)).as_py() or 0
            counts[name] = len(column) - column.null_count - seen
    return {name: count for name, count in counts.items() if count}

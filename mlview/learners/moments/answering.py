"""The answers of a model that is linear in its columns, without scikit-learn's steps between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from mlview.learners.frames import as_text, column_of, numbers
from mlview.learners.preprocessing import METHOD, PREPROCESS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.signatures import Fitted

    Floats = NDArray[np.float64]

_LINEAR = (LinearRegression, Ridge, Lasso, ElasticNet)


def linear_answers(fitted: Fitted, rows: pa.Table) -> Floats | None:
    """The predictions of a solved LinearRegression, Ridge, Lasso or ElasticNet.

    They are those of `fitted.pipeline.predict`, up to the order in which products are added.

    Args:
        fitted: the model, with one-hot categories and imputed, scaled numbers.
        rows: with its features.

    Returns:
        None for another model.
    """
    estimator = fitted.pipeline.named_steps.get(METHOD)
    preprocess = fitted.pipeline.named_steps.get(PREPROCESS)
    if not isinstance(estimator, _LINEAR) or preprocess is None:
        return None
    answers = np.full(rows.num_rows, float(estimator.intercept_))
    place = 0
    for _, step, columns in preprocess.transformers_:
        names = list(columns)
        if isinstance(step, OneHotEncoder) and step.drop_idx_ is None:
            for name, levels in zip(names, step.categories_, strict=True):
                slopes = estimator.coef_[place : place + len(levels)]
                answers += _of_levels(column_of(rows, name), levels, slopes)
                place += len(levels)
        elif isinstance(step, Pipeline):
            slopes = estimator.coef_[place : place + len(names)]
            answers += _of_numbers(rows, names, step, slopes)
            place += len(names)
        else:
            return None
    return answers


def _of_numbers(rows: pa.Table, names: list[str], step: Pipeline, slopes: Floats) -> Floats:
    imputer, scaler = (part for _, part in step.steps)
    matrix = np.empty((rows.num_rows, len(names)))
    for position, name in enumerate(names):
        values = numbers(column_of(rows, name))
        filled = np.where(np.isnan(values), imputer.statistics_[position], values)
        matrix[:, position] = (filled - scaler.mean_[position]) / scaler.scale_[position]
    found: Floats = matrix @ slopes
    return found


def _of_levels(column: pa.ChunkedArray, levels: NDArray[Any], slopes: Floats) -> Floats:
    """The slope of each row's level; 0 for one that training had not."""
    if not pa.types.is_dictionary(column.type):
        column = as_text(column).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    by_level = {
        level if isinstance(level, str) else None: slope
        for level, slope in zip(levels.tolist(), slopes.tolist(), strict=True)
    }
    known = [by_level.get(text, 0.0) for text in whole.dictionary.to_pylist()]
    # A missing text is a level of its own, at the end.
    effects = np.array([*known, by_level.get(None, 0.0)])
    codes = whole.indices.cast(pa.int64()).fill_null(len(known))
    found: Floats = effects[codes.to_numpy(zero_copy_only=False)]
    return found

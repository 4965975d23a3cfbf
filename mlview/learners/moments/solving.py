"""From sums to the fitted model that a fit on the same rows would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy import linalg

from mlview.errors import FitFailed, UsageProblem
from mlview.learners.columns import base_type
from mlview.learners.fitting import class_type
from mlview.learners.moments.assembling import Assembled, assemble
from mlview.learners.moments.bayes import (
    classes_of,
    solve_categorical,
    solve_counting,
    solve_gaussian,
)
from mlview.learners.moments.checking import check_learnable
from mlview.learners.moments.decomposition import solve_pca, solve_truncated_svd
from mlview.learners.moments.discriminant import solve_lda, solve_qda
from mlview.learners.moments.dummies import solve_dummy_classifier, solve_dummy_regressor
from mlview.learners.moments.linear import solve_linear, solve_ridge, solve_ridge_classifier
from mlview.learners.moments.penalized import solve_elastic_net
from mlview.learners.parts import settle
from mlview.learners.signatures import Fitted, Signature, output_columns
from mlview.learners.tasks import Task
from mlview.learners.threads import threads_for
from mlview.learners.types import arrow_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.state import Moments
    from mlview.learners.roles import Roles
    from mlview.learners.signatures import Label


def solve(moments: Moments, roles: Roles, *, importable: bool = True) -> Fitted:
    """The fitted model of a state: an ordinary scikit-learn Pipeline with its signature.

    Args:
        moments: the state; its `needs_resync` must be None.
        roles: the definition's roles; levels are taken from the state.
        importable: whether another process can load the method.

    Raises:
        TrainingDataProblem: the rows cannot be learned from, with the codes of a full fit.
        FitFailed: the parameters do not fit the rows.
        UsageProblem: the state needs a pass over all rows first.
    """
    moments.settle()
    if moments.needs_resync is not None:
        raise UsageProblem(
            f"the sums cannot be solved: {moments.needs_resync}",
            hint="add all rows to an empty state",
        )
    check_learnable(moments, roles)
    assembled = assemble(moments, roles)
    counts: dict[Any, int] = dict(moments.class_counts)
    values = sorted(counts) if moments.layout.classes else []
    coded = any(isinstance(value, str) and value.endswith("\0") for value in values)
    labels = _labels(values, roles, coded=coded)
    with threads_for(len(moments.columns), len(moments.columns)), np.errstate(all="ignore"):
        _solve(assembled, moments, values, labels)
    settle(assembled.pipeline)
    return Fitted(
        assembled.pipeline, _signature(assembled, values, coded=coded, importable=importable)
    )


def _solve(
    assembled: Assembled, moments: Moments, values: Sequence[Any], labels: NDArray[Any]
) -> None:
    name = moments.method.name
    try:
        if moments.layout.classes:
            _solve_classifier(assembled, moments, values, labels)
        else:
            _solve_other(assembled, moments)
    except linalg.LinAlgError as problem:
        raise FitFailed(
            f"{name} could not be solved: {problem}",
            name=name,
            hint="change the parameters after USING, or the columns of the query",
        ) from problem


def _solve_other(assembled: Assembled, moments: Moments) -> None:
    estimator = assembled.estimator
    match moments.method.name:
        case "LinearRegression":
            solve_linear(estimator, assembled, moments)
        case "Ridge":
            solve_ridge(estimator, assembled, moments)
        case "Lasso" | "ElasticNet":
            solve_elastic_net(estimator, assembled, moments)
        case "PCA":
            solve_pca(estimator, assembled, moments)
        case "TruncatedSVD":
            solve_truncated_svd(estimator, assembled, moments)
        case _:
            solve_dummy_regressor(estimator, moments, len(assembled.design.outputs))


def _solve_classifier(
    assembled: Assembled, moments: Moments, values: Sequence[Any], labels: NDArray[Any]
) -> None:
    estimator = assembled.estimator
    match moments.method.name:
        case "RidgeClassifier":
            solve_ridge_classifier(estimator, assembled, moments, values, labels)
        case "LinearDiscriminantAnalysis":
            solve_lda(estimator, assembled, moments, values, labels)
        case "QuadraticDiscriminantAnalysis":
            solve_qda(estimator, assembled, moments, values, labels)
        case _:
            _solve_by_class(assembled, moments, values, labels)


def _solve_by_class(
    assembled: Assembled, moments: Moments, values: Sequence[Any], labels: NDArray[Any]
) -> None:
    estimator = assembled.estimator
    classes = classes_of(moments, values, labels)
    match moments.method.name:
        case "GaussianNB":
            solve_gaussian(estimator, assembled, moments, classes)
        case "CategoricalNB":
            solve_categorical(estimator, assembled, moments, classes)
        case "DummyClassifier":
            shares = classes.counts / classes.counts.sum()
            solve_dummy_classifier(estimator, labels, shares, len(assembled.design.outputs))
        case _:
            solve_counting(estimator, assembled, moments, classes)


def _labels(values: Sequence[Any], roles: Roles, *, coded: bool) -> NDArray[Any]:
    """The classes as scikit-learn keeps them, with the dtype that the label's column has."""
    if coded:
        return np.arange(len(values), dtype=np.int32)
    kind = base_type(roles.target_type or "VARCHAR")
    if not values or isinstance(values[0], str):
        return np.array(values, dtype=object)
    if kind == "DECIMAL" or roles.target_type is None:
        return np.array(values)
    column = pa.array(values).cast(arrow_type(roles.target_type), safe=False)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _signature(
    assembled: Assembled, values: Sequence[Label], *, coded: bool, importable: bool
) -> Signature:
    roles, estimator = assembled.roles, assembled.estimator
    components = 0
    if roles.task is Task.DECOMPOSITION:
        components = len(estimator.components_)
    answered = class_type(roles.target_type) if values else None
    return Signature(
        target=roles.target,
        task=roles.task,
        features=roles.features,
        classes=tuple(values),
        class_type=answered,
        outputs=output_columns(
            roles.target,
            roles.task,
            answered,
            len(values),
            probabilities=hasattr(assembled.pipeline, "predict_proba"),
            components=components,
        ),
        method=type(estimator).__name__,
        importable=importable,
        coded=coded,
    )

"""Linear and quadratic discriminant analysis from sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg
from sklearn.utils.multiclass import unique_labels

from mlview.errors import FitFailed
from mlview.learners.moments.layout import ONE, Key, Kind
from mlview.learners.moments.linear import RESOLVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.assembling import Assembled
    from mlview.learners.moments.layout import Value
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]


def solve_lda(
    estimator: Any,
    assembled: Assembled,
    moments: Moments,
    classes: Sequence[Value],
    labels: NDArray[Any],
) -> None:
    """LinearDiscriminantAnalysis by each of its solvers, from the scatter within classes."""
    target = moments.layout.target or ""
    keys = [Key(Kind.CLASS, target, value) for value in classes]
    sums = assembled.design.square(moments, ONE, (ONE, *keys))
    width = len(assembled.design.outputs)
    rows, counts = sums[width, width], sums[width, width + 1 :]
    means = sums[width + 1 :, :width] / counts[:, None]
    overall = sums[:width, width] / rows
    total = sums[:width, :width] - np.outer(overall, sums[:width, width])
    centred = means - overall
    within = total - (centred * counts[:, None]).T @ centred
    if round(rows) == len(classes):
        raise _failed("the number of samples must be more than the number of classes")
    estimator.classes_ = unique_labels(labels)
    estimator.n_features_in_ = width
    estimator.priors_ = _priors(estimator, counts / rows)
    most = min(len(classes) - 1, width)
    if estimator.n_components is not None and estimator.n_components > most:
        raise _failed(f"n_components cannot be larger than {most}")
    estimator._max_components = most if estimator.n_components is None else estimator.n_components  # noqa: SLF001 - its own place
    estimator.means_ = means
    match estimator.solver:
        case "svd":
            _lda_svd(estimator, within / rows, means, counts / rows)
        case "lsqr":
            _lda_lsqr(estimator, _shrunk(within / rows, estimator.shrinkage))
        case _:
            _lda_eigen(
                estimator,
                _shrunk(within / rows, estimator.shrinkage),
                _shrunk(total / rows, estimator.shrinkage),
            )
    if len(classes) == 2:  # noqa: PLR2004 - two classes are told apart by one line
        estimator.coef_ = np.reshape(estimator.coef_[1] - estimator.coef_[0], (1, -1))
        estimator.intercept_ = np.reshape(estimator.intercept_[1] - estimator.intercept_[0], (1,))
    estimator._n_features_out = estimator._max_components  # noqa: SLF001 - its own place


def _priors(estimator: Any, shares: Floats) -> Floats:
    if estimator.priors is None:
        return shares
    priors = np.asarray(estimator.priors, dtype=np.float64)
    if len(priors) != len(shares) or (priors < 0).any():
        raise _failed(f"expected {len(shares)} priors, none negative")
    result: Floats = priors / priors.sum() if abs(priors.sum() - 1) > _PRIOR_ERROR else priors
    return result


_PRIOR_ERROR = 1e-5


def _lda_svd(estimator: Any, covariance: Floats, means: Floats, shares: Floats) -> None:
    if estimator.store_covariance:
        estimator.covariance_ = covariance
    estimator.xbar_ = estimator.priors_ @ means
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    # A column that is constant in every class is 0 up to rounding, not a direction.
    spread[spread**2 <= _NOTHING * np.maximum(shares @ means**2, 1.0)] = 1.0
    values, vectors = linalg.eigh(covariance / np.outer(spread, spread))
    roots, vectors = np.sqrt(np.maximum(values[::-1], 0.0)), vectors[:, ::-1]
    rank = int((roots > max(estimator.tol, _ROUNDING_ROOT)).sum())
    scalings = (vectors[:, :rank] / spread[:, None]) / roots[:rank]
    # Only ratios of what follows count, so the number of rows cancels.
    between = np.sqrt(estimator.priors_)[:, None] * (means - estimator.xbar_)
    _, sizes, right = linalg.svd(between @ scalings, full_matrices=False)
    parts = (sizes**2 / (sizes**2).sum())[: estimator._max_components]  # noqa: SLF001 - its own place
    estimator.explained_variance_ratio_ = parts
    kept = int((sizes > estimator.tol * sizes[0]).sum())
    estimator.scalings_ = scalings @ right.T[:, :kept]
    projected = (means - estimator.xbar_) @ estimator.scalings_
    estimator.coef_ = projected @ estimator.scalings_.T
    estimator.intercept_ = (
        -0.5 * (projected**2).sum(axis=1)
        + np.log(estimator.priors_)
        - estimator.xbar_ @ estimator.coef_.T
    )


_NOTHING = 1e-14
_ROUNDING_ROOT = 1e-7


def _lda_lsqr(estimator: Any, covariance: Floats) -> None:
    estimator.covariance_ = covariance
    values, vectors = linalg.eigh(covariance)
    kept = values > RESOLVED * values[-1]
    basis = vectors[:, kept]
    estimator.coef_ = (basis @ ((basis.T @ estimator.means_.T) / values[kept][:, None])).T
    _intercepts(estimator)


def _lda_eigen(estimator: Any, within: Floats, total: Floats) -> None:
    estimator.covariance_ = within
    try:
        values, vectors = linalg.eigh(total - within, within)
    except linalg.LinAlgError as problem:
        raise _failed("the covariance within classes is not positive definite") from problem
    most = estimator._max_components  # noqa: SLF001 - its own place
    estimator.explained_variance_ratio_ = np.sort(values / values.sum())[::-1][:most]
    estimator.scalings_ = vectors[:, np.argsort(values)[::-1]]
    estimator.coef_ = estimator.means_ @ estimator.scalings_ @ estimator.scalings_.T
    _intercepts(estimator)


def _intercepts(estimator: Any) -> None:
    estimator.intercept_ = -0.5 * np.einsum("ij,ij->i", estimator.means_, estimator.coef_) + np.log(
        estimator.priors_
    )


def _shrunk(covariance: Floats, shrinkage: float | str | None) -> Floats:
    """A covariance drawn towards a multiple of the identity, as `shrunk_covariance` does."""
    if shrinkage is None or isinstance(shrinkage, str):
        return covariance
    width = len(covariance)
    result: Floats = (1.0 - shrinkage) * covariance
    result[np.diag_indices(width)] += shrinkage * np.trace(covariance) / width
    return result


def solve_qda(
    estimator: Any,
    assembled: Assembled,
    moments: Moments,
    classes: Sequence[Value],
    labels: NDArray[Any],
) -> None:
    """QuadraticDiscriminantAnalysis: the mean and the axes of each class."""
    width = len(assembled.design.outputs)
    estimator.classes_ = labels
    estimator.n_features_in_ = width
    counts, means, covariances, scalings, rotations = [], [], [], [], []
    for value in classes:
        key = Key(Kind.CLASS, moments.layout.target or "", value)
        sums = assembled.design.square(moments, key, (ONE,))
        rows = sums[width, width]
        mean = sums[:width, width] / rows
        spread = (sums[:width, :width] - np.outer(mean, sums[:width, width])) / rows
        scaling, rotation, covariance = _axes(estimator, spread)
        _check_rank(estimator, value, scaling, round(rows))
        counts.append(rows)
        means.append(mean)
        covariances.append(covariance)
        scalings.append(scaling)
        rotations.append(rotation)
    shares = np.array(counts) / sum(counts)
    estimator.priors_ = shares if estimator.priors is None else np.array(estimator.priors)
    if estimator.store_covariance:
        estimator.covariance_ = covariances
    estimator.means_ = np.asarray(means)
    estimator.scalings_, estimator.rotations_ = scalings, rotations


def _axes(estimator: Any, spread: Floats) -> tuple[Floats, Floats, Floats | None]:
    if estimator.solver == "eigen":
        spread = _shrunk(spread, estimator.shrinkage)
    values, vectors = linalg.eigh(spread)
    values, vectors = np.maximum(values[::-1], 0.0), np.ascontiguousarray(vectors[:, ::-1])
    if estimator.solver == "eigen":
        return values, vectors, spread
    values = (1 - estimator.reg_param) * values + estimator.reg_param
    covariance = (vectors * values) @ vectors.T if estimator.store_covariance else None
    return values, vectors, covariance


def _check_rank(estimator: Any, value: Value, scaling: Floats, rows: int) -> None:
    width = len(scaling)
    # An SVD of fewer rows than columns has no axis for the rest, whatever is added to it.
    few = estimator.solver == "svd" and rows < width
    if not few and (scaling > estimator.tol).sum() == width:
        return
    if estimator.solver == "svd" and rows <= width:
        raise FitFailed(
            f"the class {value} has {rows} rows and there are {width} columns: its covariance is "
            "not full rank",
            name="QuadraticDiscriminantAnalysis",
            hint="solver => 'eigen', shrinkage => 0.1, or fewer columns",
        )
    more = "shrinkage" if estimator.solver == "eigen" else "reg_param"
    raise FitFailed(
        f"the covariance of the class {value} is not full rank",
        name="QuadraticDiscriminantAnalysis",
        hint=f"increase {more} after USING",
    )


def _failed(reason: str) -> FitFailed:
    return FitFailed(
        f"LinearDiscriminantAnalysis could not be fitted: {reason}",
        name="LinearDiscriminantAnalysis",
        hint="change the parameters after USING, or the columns of the query",
    )

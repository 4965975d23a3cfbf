"""Lasso and ElasticNet from sums: coordinate descent on rows that stand for all rows."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet

from mlview.learners.moments.linear import RESOLVED, Normal, of_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.moments.assembling import Assembled
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]

_TOLERANCE = 1e-12
_STEPS = 100_000
_POLISHED = 3


def solve_elastic_net(estimator: Any, assembled: Assembled, moments: Moments) -> None:
    """Lasso and ElasticNet, converged as far as floats go.

    A root of the normal equations has as many rows as columns and the same optimum. Coordinate
    descent finds which coefficients are 0; the others then solve linear equations, so that equal
    sums give equal coefficients whatever way descent took.
    """
    normal = of_number(assembled, moments, intercept=estimator.fit_intercept)
    ratio = estimator.l1_ratio
    matrix, right = normal.factor()
    share = normal.rows / len(matrix)
    inner = ElasticNet(
        alpha=estimator.alpha * share,
        l1_ratio=ratio,
        fit_intercept=False,
        positive=estimator.positive,
        tol=_TOLERANCE,
        max_iter=_STEPS,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        inner.fit(matrix, right)
    coefficients = _polished(
        normal,
        inner.coef_,
        normal.rows * estimator.alpha * ratio,
        normal.rows * estimator.alpha * (1 - ratio),
    )
    estimator.coef_ = coefficients
    estimator.n_iter_ = inner.n_iter_
    estimator.dual_gap_ = np.float64(inner.dual_gap_ / share)
    estimator.intercept_ = (
        np.float64(normal.intercept(coefficients[:, None])[0]) if estimator.fit_intercept else 0.0
    )
    estimator.n_features_in_ = len(coefficients)


def _polished(normal: Normal, found: Floats, absolute: float, squared: float) -> Floats:
    """The coefficients at which the gradient is exactly 0, the set of zeros kept."""
    active = np.flatnonzero(found)
    if not len(active):
        return found
    gram = normal.gram[np.ix_(active, active)] + squared * np.eye(len(active))
    signs = np.sign(found[active])
    target = normal.cross[active, 0] - absolute * signs
    values, vectors = linalg.eigh(gram)
    kept = values > RESOLVED * values[-1]
    basis, values = vectors[:, kept], values[kept]
    best = found[active]
    for _ in range(_POLISHED):
        best = best + basis @ ((basis.T @ (target - gram @ best)) / values)
    if (np.sign(best) != signs).any():
        return found
    result = np.zeros_like(found)
    result[active] = best
    return result

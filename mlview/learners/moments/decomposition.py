"""PCA and TruncatedSVD from sums: eigenvectors of a covariance or of a Gram matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg
from sklearn.decomposition._pca import _infer_dimension

from mlview.errors import FitFailed
from mlview.learners.moments.layout import ONE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.moments.assembling import Assembled
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]

_TIE = 1e-6


def solve_pca(estimator: Any, assembled: Assembled, moments: Moments) -> None:
    """PCA, by scikit-learn's `covariance_eigh` with its signs, whatever solver it would take."""
    gram, sums, rows = _sums(assembled, moments)
    width = len(sums)
    means = sums / rows
    covariance = (gram - np.outer(means, sums)) / max(rows - 1, 1)
    values, vectors = _largest_first(covariance)
    rank = min(rows, width)
    stops_early = estimator.svd_solver == "arpack" or (
        estimator.svd_solver == "auto" and assembled.sparse
    )
    asked = estimator.n_components
    if asked is None:
        asked = rank - 1 if stops_early else rank
    _check_components(asked, rank, "PCA")
    shares = values / values.sum()
    count = _count(asked, values[:rank], shares[:rank], rows)
    estimator._fit_svd_solver = "covariance_eigh"  # noqa: SLF001 - told as scikit-learn tells it
    estimator.mean_ = means
    estimator.n_samples_ = rows
    estimator.n_components_ = count
    estimator.components_ = np.ascontiguousarray(vectors[:count])
    estimator.explained_variance_ = values[:count].copy()
    estimator.explained_variance_ratio_ = shares[:count].copy()
    estimator.singular_values_ = np.sqrt(values[:count] * (rows - 1))
    estimator.noise_variance_ = values[count:rank].mean() if count < rank else 0.0
    estimator.n_features_in_ = width


def solve_truncated_svd(estimator: Any, assembled: Assembled, moments: Moments) -> None:
    """TruncatedSVD, exactly, where scikit-learn's default approximates at random."""
    gram, sums, rows = _sums(assembled, moments)
    width = len(sums)
    if estimator.n_components > width:
        raise FitFailed(
            f"TruncatedSVD was asked for {estimator.n_components} components, and there are "
            f"{width} columns",
            name="TruncatedSVD",
            hint=f"n_components => {width}, or fewer",
        )
    values, vectors = _largest_first(gram)
    count = min(estimator.n_components, rows)
    parts = vectors[:count]
    means = parts @ sums / rows
    spread = np.maximum(np.einsum("ij,jk,ik->i", parts, gram, parts) / rows - means**2, 0.0)
    whole = float(np.trace(gram) / rows - (sums / rows) @ (sums / rows))
    estimator.components_ = np.ascontiguousarray(parts)
    estimator.explained_variance_ = spread
    estimator.explained_variance_ratio_ = spread / whole
    estimator.singular_values_ = np.sqrt(values[:count])
    estimator.n_features_in_ = width


def _sums(assembled: Assembled, moments: Moments) -> tuple[Floats, Floats, int]:
    whole = assembled.design.square(moments, ONE, (ONE,))
    return whole[:-1, :-1], whole[:-1, -1], round(whole[-1, -1])


def _largest_first(matrix: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues, none below 0, and eigenvectors as rows with scikit-learn's signs.

    Their largest loading is positive. Of loadings that are equal up to rounding, as those of the
    two levels of a text are, the first decides, so that rounding does not.
    """
    values, vectors = linalg.eigh(matrix)
    rows = np.ascontiguousarray(vectors[:, ::-1].T)
    sizes = np.abs(rows)
    first = np.argmax(sizes >= (1 - _TIE) * sizes.max(axis=1, keepdims=True), axis=1)
    rows *= np.sign(rows[np.arange(len(rows)), first])[:, None]
    return np.maximum(values[::-1], 0.0), rows


def _check_components(asked: Any, rank: int, name: str) -> None:
    if isinstance(asked, int) and not 0 <= asked <= rank:
        raise FitFailed(
            f"{name} was asked for {asked} components; the rows and columns have at most {rank}",
            name=name,
            hint=f"n_components => {rank}, or fewer",
        )


def _count(asked: Any, values: Floats, shares: Floats, rows: int) -> int:
    """The number of components: given, chosen by likelihood, or by the variance they explain."""
    if asked == "mle":
        return int(_infer_dimension(values, rows))
    if isinstance(asked, int):
        return int(asked)
    return int(np.searchsorted(np.cumsum(shares), asked, side="right")) + 1

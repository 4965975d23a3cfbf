"""Least squares from sums: LinearRegression, Ridge and RidgeClassifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg, optimize
from sklearn.preprocessing import LabelBinarizer

from mlview.learners.moments.layout import ONE, Key, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlview.learners.moments.assembling import Assembled
    from mlview.learners.moments.layout import Value
    from mlview.learners.moments.state import Moments

    Floats = NDArray[np.float64]

RESOLVED = 1e-12
"""Eigenvalues below this share of the largest are rounding, not directions of the data."""


@dataclass(frozen=True, slots=True)
class Normal:
    """The normal equations of a least-squares problem with p columns and t labels.

    Attributes:
        rows: how many there are.
        gram: p x p; around the means where there is an intercept.
        cross: p x t, of columns and labels.
        square: t, of the labels with themselves.
        means, label_means: what was subtracted, 0 without an intercept.
    """

    rows: int
    gram: Floats
    cross: Floats
    square: Floats
    means: Floats
    label_means: Floats

    def intercept(self, coefficients: Floats) -> Floats:
        """What to add to the products of columns and coefficients (p x t)."""
        result: Floats = self.label_means - self.means @ coefficients
        return result

    def factor(self) -> tuple[Floats, Floats]:
        """A root R of `gram` and the b with `R.T @ b == cross`: rows that stand for all rows.

        The last one holds what no column explains of the label.
        """
        values, vectors = linalg.eigh(self.gram)
        kept = values > RESOLVED * max(values[-1], 0.0)
        root = np.sqrt(values[kept])
        right = (vectors[:, kept].T @ self.cross[:, 0]) / root
        rest = np.sqrt(max(float(self.square[0] - right @ right), 0.0))
        matrix = np.vstack([root[:, None] * vectors[:, kept].T, np.zeros(len(values))])
        return np.asfortranarray(matrix), np.append(right, rest)


def of_number(assembled: Assembled, moments: Moments, *, intercept: bool) -> Normal:
    """The normal equations for a label that is a number."""
    label = Key(Kind.NUMBER, moments.layout.target or "")
    sums = assembled.design.square(moments, ONE, (ONE, label))
    width = len(assembled.design.outputs)
    one, y = width, width + 1
    shift = float(np.nan_to_num(moments.frame.shifts[-1]))
    rows = sums[one, one]
    if intercept:
        means, label_mean = sums[:width, one] / rows, sums[y, one] / rows
        gram = sums[:width, :width] - np.outer(means, sums[:width, one])
        cross = sums[:width, y] - means * sums[y, one]
        square = sums[y, y] - label_mean * sums[y, one]
        return Normal(round(rows), gram, cross[:, None], np.array([square]), means,
                      np.array([shift + label_mean]))  # fmt: skip
    cross = sums[:width, y] + shift * sums[:width, one]
    square = sums[y, y] + 2 * shift * sums[y, one] + shift**2 * rows
    return Normal(round(rows), sums[:width, :width], cross[:, None], np.array([square]),
                  np.zeros(width), np.zeros(1))  # fmt: skip


def of_classes(
    assembled: Assembled, moments: Moments, classes: Sequence[Value], *, intercept: bool
) -> Normal:
    """The normal equations for labels that are 1 in one class and -1 in the others."""
    told = classes[1:] if len(classes) == 2 else classes  # noqa: PLR2004 - two classes are one label
    keys = [Key(Kind.CLASS, moments.layout.target or "", value) for value in told]
    sums = assembled.design.square(moments, ONE, (ONE, *keys))
    width = len(assembled.design.outputs)
    rows, inside = sums[width, width], sums[width, width + 1 :]
    cross = 2 * sums[:width, width + 1 :] - sums[:width, [width]]
    gram, means, label_means = sums[:width, :width], np.zeros(width), np.zeros(len(told))
    if intercept:
        means, label_means = sums[:width, width] / rows, 2 * inside / rows - 1
        gram = gram - np.outer(means, sums[:width, width])
        cross = cross - means[:, None] * (label_means * rows)
    return Normal(round(rows), gram, cross, np.full(len(told), rows), means, label_means)


def solve_linear(estimator: Any, assembled: Assembled, moments: Moments) -> None:
    """LinearRegression: the shortest of the best coefficients, as LAPACK's gelsd gives."""
    normal = of_number(assembled, moments, intercept=estimator.fit_intercept)
    if estimator.positive:
        matrix, right = normal.factor()
        coefficients = optimize.nnls(matrix, right)[0]
    else:
        values, vectors = linalg.eigh(normal.gram)
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        kept = values > max(estimator.tol**2, _ROUNDING) * values[0]
        basis = vectors[:, kept]
        coefficients = basis @ ((basis.T @ normal.cross[:, 0]) / values[kept])
        if not assembled.sparse:
            estimator.rank_ = int(kept.sum())
            estimator.singular_ = np.sqrt(values)[: min(normal.rows, len(values))]
    estimator.coef_ = coefficients
    estimator.intercept_ = _intercept(estimator, normal, coefficients)
    estimator.n_features_in_ = len(coefficients)


_ROUNDING = 1e-14


def solve_ridge(estimator: Any, assembled: Assembled, moments: Moments) -> None:
    """Ridge, by Cholesky: also where scikit-learn would step there and stop at its tolerance."""
    normal = of_number(assembled, moments, intercept=estimator.fit_intercept)
    coefficients = _ridge(estimator, normal)[:, 0]
    estimator.coef_ = coefficients
    estimator.intercept_ = _intercept(estimator, normal, coefficients)


def solve_ridge_classifier(
    estimator: Any, assembled: Assembled, moments: Moments, classes: Sequence[Value], labels: Any
) -> None:
    """RidgeClassifier: a Ridge for each class, or one for two classes."""
    binarizer = LabelBinarizer(pos_label=1, neg_label=-1).fit(labels)
    estimator._label_binarizer = binarizer  # noqa: SLF001 - scikit-learn's own place for it
    estimator.classes_ = binarizer.classes_
    normal = of_classes(assembled, moments, classes, intercept=estimator.fit_intercept)
    coefficients = _ridge(estimator, normal)
    two = coefficients.shape[1] == 1
    estimator.coef_ = coefficients[:, 0] if two else np.ascontiguousarray(coefficients.T)
    estimator.intercept_ = normal.intercept(coefficients) if estimator.fit_intercept else 0.0


def _ridge(estimator: Any, normal: Normal) -> Floats:
    estimator.n_features_in_ = len(normal.gram)
    estimator.n_iter_ = None
    estimator.solver_ = "svd" if estimator.solver == "svd" else "cholesky"
    alpha = float(estimator.alpha)
    top = float(np.trace(normal.gram))
    if alpha > RESOLVED * top:
        penalized = normal.gram + alpha * np.eye(len(normal.gram))
        solved: Floats = linalg.solve(penalized, normal.cross, assume_a="pos")
        return solved
    values, vectors = linalg.eigh(normal.gram)
    kept = values > RESOLVED * max(values[-1], 0.0)
    basis = vectors[:, kept]
    found: Floats = basis @ ((basis.T @ normal.cross) / (values[kept] + alpha)[:, None])
    return found


def _intercept(estimator: Any, normal: Normal, coefficients: Floats) -> Any:
    if not estimator.fit_intercept:
        return 0.0
    return np.float64(normal.intercept(coefficients[:, None])[0])

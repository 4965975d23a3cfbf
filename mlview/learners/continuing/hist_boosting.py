"""More trees for scikit-learn's histogram boosting, with its bins and categories held.

Its own warm start cuts new bins and numbers the categories anew from the rows it is given, and then
reads the old trees by the new numbers: right for the same rows, wrong for others.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlview.learners.continuing.more import More


class _Held:
    """What a fit would learn before its first tree, taken from the fit before."""

    def hold(self, method: Any) -> None:
        self._held_mapper = method._bin_mapper  # noqa: SLF001 - there is no other way to it

    def _preprocess_X(self: Any, X: Any, *, reset: bool) -> Any:  # noqa: N802, N803 - as inherited
        matrix = super()._preprocess_X(X, reset=False)  # type: ignore[misc]
        return (matrix, None) if reset else matrix

    def _bin_data(self: Any, X: Any, sample_weight: Any, is_training_data: bool) -> Any:  # noqa: N803 - as inherited
        del sample_weight, is_training_data
        self._bin_mapper = self._held_mapper
        return self._bin_mapper.transform(X)


class _HeldRegressor(_Held, HistGradientBoostingRegressor):  # type: ignore[misc]
    pass


class _HeldClassifier(_Held, HistGradientBoostingClassifier):  # type: ignore[misc]
    def _encode_y(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """The rows may lack a class, and come as positions."""
        return np.asarray(y, dtype=np.float64)


def rounds(method: Any) -> int:
    """Iterations so far."""
    return int(method.n_iter_)


def grown(method: Any, more: More) -> Any:
    """A copy of a fitted method with more trees."""
    classifier = isinstance(method, HistGradientBoostingClassifier)
    held: Any = _HeldClassifier() if classifier else _HeldRegressor()
    vars(held).update(vars(method))
    held.hold(method)
    held.set_params(
        warm_start=True,
        early_stopping=False,
        max_iter=rounds(method) + more.trees,
        learning_rate=method.learning_rate * more.share,
    )
    held._predictors = [list(iteration) for iteration in method._predictors]  # noqa: SLF001 - grows
    held._feature_subsample_rng = np.random.default_rng(more.seed)  # noqa: SLF001 - one for each step
    held.fit(more.matrix, more.label)
    result = copy.copy(method)
    changed = {k: v for k, v in vars(held).items() if k != "_held_mapper"}
    vars(result).update(changed)
    result.set_params(**method.get_params(deep=False))
    return result

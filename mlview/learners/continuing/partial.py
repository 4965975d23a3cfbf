"""Methods with `partial_fit`: one call on the inserted rows."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.sparse import issparse
from sklearn.decomposition import IncrementalPCA
from sklearn.utils import check_random_state

from mlview.learners.continuing.outcomes import CannotContinue, Continued
from mlview.learners.continuing.rows import ignored_categories
from mlview.learners.continuing.shapes import with_method
from mlview.learners.threads import threads_for

if TYPE_CHECKING:
    import pyarrow as pa

    from mlview.learners.continuing.rows import Delta, Rows
    from mlview.learners.signatures import Fitted

# Where scikit-learn keeps a generator between calls.
_GENERATORS = ("_random_state", "random_state_")


@dataclass(frozen=True, slots=True)
class PartialFit:
    """One `partial_fit` on the inserted rows, in their order."""

    how: str = "partial_fit on inserted rows"
    full_every: int = 10
    takes_deletes: bool = False

    def prepare(self, fitted: Fitted, rows: pa.Table, seed: int) -> None:
        """Nothing: the method keeps what it needs itself."""
        del fitted, rows, seed

    def continue_fit(self, fitted: Fitted, state: bytes | None, delta: Delta) -> Continued:
        """The method after one more call.

        Raises:
            CannotContinue: the method refuses these rows.
        """
        rows = delta.inserted
        ignored = ignored_categories(fitted, rows)
        method = copy.deepcopy(fitted.pipeline.steps[-1][1])
        label = () if rows.label is None else (rows.labels(fitted),)
        with threads_for(len(rows), len(fitted.signature.features), alone=True):
            _call(method, delta.seed, _matrix(fitted, method, rows), *label)
        said = f"partial_fit on {len(rows)} inserted rows{ignored}"
        return Continued(with_method(fitted, method), state, None, said)


def _matrix(fitted: Fitted, method: Any, rows: Rows) -> Any:
    """The rows as the method's `partial_fit` takes them, which may be less than its `fit` does."""
    matrix = rows.matrix(fitted)
    return matrix.toarray() if isinstance(method, IncrementalPCA) and issparse(matrix) else matrix


def _call(method: Any, seed: int, *rows: Any) -> None:
    """Call `partial_fit` with a seed of its own, whether the method was loaded or just fitted."""
    parameters = vars(method)
    own = parameters.get("random_state")
    for name in _GENERATORS:
        if name in parameters:
            setattr(method, name, check_random_state(seed))
    if "random_state" in parameters:
        method.random_state = seed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            method.partial_fit(*rows)
    except Exception as problem:
        first = str(problem).strip().split("\n")[0]
        raise CannotContinue(f"{type(method).__name__} refused the rows: {first}") from problem
    if "random_state" in parameters:
        method.random_state = own

"""Boosted trees: more of them, grown on what the inserted rows leave unexplained."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlview.learners.continuing import hist_boosting, lightgbm, xgboost
from mlview.learners.continuing.more import More
from mlview.learners.continuing.outcomes import CannotContinue, Continued, NotContinuable
from mlview.learners.continuing.rows import training_rows
from mlview.learners.continuing.shapes import with_method
from mlview.learners.continuing.states import packed, unpacked
from mlview.learners.families import Family, family_of
from mlview.learners.threads import threads_for

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlview.learners.continuing.rows import Delta, Rows
    from mlview.learners.signatures import Fitted

PART = 10
"""A continuation grows one new tree for so many trees of the full fit."""


@dataclass(frozen=True, slots=True)
class MoreTrees:
    """A tenth more trees on the inserted rows, each with a share of the learning rate.

    The share is that of the inserted rows among all rows: a full fit would give them no more
    weight, and with the whole rate the trees learn the noise of a small delta. (Ten deltas of 300
    rows on 30,000, nothing drifting: the log loss went from 0.587 to 0.62 for scikit-learn, 0.64
    for LightGBM and 0.68 for XGBoost; with the share it stays.) What deleted rows taught is not
    unlearned, and no old tree changes, so that a full fit is due after some continuations.
    """

    how: str
    full_every: int = 10
    takes_deletes: bool = False

    @classmethod
    def of(cls, method: Any) -> MoreTrees | NotContinuable:
        """The way of a booster, fitted or not."""
        name, given = type(method).__name__, method.get_params(deep=False)
        if name.startswith("XGBRF"):
            return NotContinuable("a random forest grows all of its trees from the same rows")
        kind = given.get("boosting_type") or given.get("booster") or "gbtree"
        if kind not in ("gbdt", "goss", "gbtree"):
            return NotContinuable(f"boosting of the kind {kind} changes its old trees")
        asked = given.get("max_iter") or given.get("n_estimators") or 100
        return cls(f"{_counted(max(1, asked // PART))} on inserted rows")

    def prepare(self, fitted: Fitted, rows: pa.Table, seed: int) -> bytes:
        """How many rows there are."""
        del seed
        return _rows_state(len(training_rows(fitted, rows)))

    def continue_fit(self, fitted: Fitted, state: bytes | None, delta: Delta) -> Continued:
        """The booster with more trees.

        Raises:
            CannotContinue: the booster refuses the rows.
        """
        rows = delta.inserted
        total = _rows_of(state) + len(rows)
        method = fitted.pipeline.steps[-1][1]
        module = _MODULES[family_of(type(method).__name__)]
        # With every continuation the trees grow by a tenth of those of the full fit.
        trees = max(1, module.rounds(method) // (PART + delta.steps))
        more = More(rows.matrix(fitted), _label(rows), trees, len(rows) / total, delta.seed)
        with warnings.catch_warnings(), threads_for(len(rows), len(fitted.signature.features)):
            warnings.simplefilter("ignore")
            try:
                grown = module.grown(method, more)
            except Exception as problem:
                first = str(problem).strip().split("\n")[0]
                name = type(method).__name__
                raise CannotContinue(f"{name} refused the rows: {first}") from problem
        said = f"{_counted(trees)} on {len(rows)} inserted rows"
        return Continued(with_method(fitted, grown), _rows_state(total), None, said)


def _label(rows: Rows) -> NDArray[np.float64]:
    return np.empty(len(rows)) if rows.label is None else rows.label


def _counted(trees: int) -> str:
    return f"{trees} more tree{'s' if trees > 1 else ''}"


def _rows_state(rows: int) -> bytes:
    return packed({"rows": np.array(rows)})


def _rows_of(state: bytes | None) -> int:
    arrays = unpacked(state)
    if "rows" not in arrays:
        raise CannotContinue("the state kept at the last full fit is of another kind")
    return int(arrays["rows"])


_MODULES: dict[Family, Any] = {
    Family.HIST_BOOSTING: hist_boosting,
    Family.LIGHTGBM: lightgbm,
    Family.XGBOOST: xgboost,
}

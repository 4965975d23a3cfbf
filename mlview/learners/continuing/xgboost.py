"""More trees for XGBoost."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlview.learners.continuing.more import More


_RATE = 0.3
"""XGBoost's own learning rate."""


def rounds(method: Any) -> int:
    """Iterations so far."""
    return int(method.get_booster().num_boosted_rounds())


def grown(method: Any, more: More) -> Any:
    """A copy of a fitted method with more trees."""
    from xgboost import Booster, DMatrix, train  # noqa: PLC0415 - an optional package

    parameters = {**method.get_xgb_params(), "random_state": more.seed}
    rate = parameters.get("learning_rate")
    parameters["learning_rate"] = (_RATE if rate is None else rate) * more.share
    if getattr(method, "n_classes_", 0) > 2:  # noqa: PLR2004 - one output for two
        parameters["num_class"] = method.n_classes_
    rows = DMatrix(
        more.matrix,
        more.label,
        missing=method.missing,
        feature_types=method.feature_types,
        enable_categorical=method.enable_categorical,
    )
    # Through bytes, so that it does not matter whether the booster was loaded or just fitted.
    before = Booster(model_file=bytearray(method.get_booster().save_raw("ubj")))
    after = train(parameters, rows, more.trees, xgb_model=before)
    result = copy.copy(method)
    result._Booster = Booster(model_file=bytearray(after.save_raw("ubj")))  # noqa: SLF001 - as it is loaded
    return result

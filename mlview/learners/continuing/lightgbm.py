"""More trees for LightGBM."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlview.learners.continuing.more import More

# They follow from `seed` where they are not given.
_SEEDS = (
    "bagging_seed", "data_random_seed", "drop_seed", "extra_seed", "feature_fraction_seed",
    "objective_seed",
)  # fmt: skip


def rounds(method: Any) -> int:
    """Iterations so far."""
    return int(method.booster_.current_iteration())


def grown(method: Any, more: More) -> Any:
    """A copy of a fitted method with more trees."""
    from lightgbm import Booster, Dataset, train  # noqa: PLC0415 - an optional package

    # The text has the parameters of the fit, whether the booster was loaded or just fitted.
    before = Booster(model_str=method.booster_.model_to_string())
    parameters = {k: v for k, v in before.params.items() if k not in _SEEDS}
    native = parameters.pop("categorical_feature", None) or []
    for told_elsewhere in ("num_iterations", "num_threads", "early_stopping_round"):
        parameters.pop(told_elsewhere, None)
    parameters |= {"seed": more.seed, "verbosity": -1}
    parameters["learning_rate"] *= more.share
    rows = Dataset(more.matrix, more.label, categorical_feature=list(native), params=parameters)
    result = copy.copy(method)
    result._Booster = train(parameters, rows, more.trees, init_model=before)  # noqa: SLF001 - as its own fit does
    return result

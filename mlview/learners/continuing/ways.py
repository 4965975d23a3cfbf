"""Which way a method is continued, by its class and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sklearn.cluster import KMeans
from sklearn.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    TweedieRegressor,
)

from mlview.learners.continuing.lloyd import LloydStep
from mlview.learners.continuing.losses import Binary, Multinomial, Squared, Tweedie
from mlview.learners.continuing.newton import NewtonStep, Objective
from mlview.learners.continuing.outcomes import NotContinuable
from mlview.learners.continuing.partial import PartialFit
from mlview.learners.continuing.trees import MoreTrees
from mlview.learners.families import Family, family_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from mlview.learners.continuing.outcomes import Continued
    from mlview.learners.continuing.rows import Delta
    from mlview.learners.signatures import Fitted

_BALANCED = "class_weight 'balanced' weighs every row anew when the share of a class changes"


class Way(Protocol):
    """A way to continue: what it says of itself, and what it does."""

    @property
    def how(self) -> str:
        """What a continuation does, for EXPLAIN."""
        ...

    @property
    def full_every(self) -> int:
        """Continuations after which a full fit is due."""
        ...

    @property
    def takes_deletes(self) -> bool:
        """Whether deleted rows can be unlearned."""
        ...

    def prepare(self, fitted: Fitted, rows: pa.Table, seed: int) -> bytes | None:
        """What is kept after a full fit on these rows."""
        ...

    def continue_fit(self, fitted: Fitted, state: bytes | None, delta: Delta) -> Continued:
        """The model continued on a delta."""
        ...


def way_of(method: Any, classes: int | None = None) -> Way | NotContinuable:
    """The way an estimator object, fitted or not, is continued.

    Args:
        method: the last step of a Pipeline that mlview built.
        classes: how many classes there are, where that is known.
    """
    given = method.get_params(deep=False)
    if given.get("class_weight") == "balanced" or given.get("is_unbalance"):
        return NotContinuable(_BALANCED)
    known = _WAYS.get(type(method))
    if known is not None:
        return known(given, classes or 2)
    name = type(method).__name__
    match family_of(name):
        case Family.HIST_BOOSTING | Family.LIGHTGBM | Family.XGBOOST:
            return MoreTrees.of(method)
    if given.get("early_stopping"):
        return NotContinuable("early_stopping needs rows held out of all rows")
    if hasattr(method, "partial_fit"):
        return PartialFit()
    return NotContinuable(f"{name} learns from all of its rows at once")


def _logistic(given: Mapping[str, Any], classes: int) -> Way | NotContinuable:
    penalty = given.get("penalty", "deprecated")
    if penalty in ("l1", "elasticnet") or (penalty == "deprecated" and given["l1_ratio"]):
        return NotContinuable("a penalty with an L1 part has no Hessian at 0")
    liblinear = given["solver"] == "liblinear"
    strength = 0.0 if penalty is None else 1.0 / given["C"]
    weights = given["class_weight"]
    return NewtonStep(
        Objective(
            loss=Binary() if classes == 2 else Multinomial(),  # noqa: PLR2004 - one output
            penalty=strength,
            by_row=False,
            intercept=given["fit_intercept"],
            intercept_penalty=strength / given["intercept_scaling"] ** 2 if liblinear else 0.0,
            class_weight=tuple(weights.items()) if weights else None,
        )
    )


def _glm(power: float | None) -> Callable[[Mapping[str, Any], int], Way | NotContinuable]:
    def way(given: Mapping[str, Any], classes: int) -> Way | NotContinuable:
        del classes
        exponent = given["power"] if power is None else power
        link = given.get("link", "log")
        if link == "auto":
            link = "identity" if exponent <= 0 else "log"
        if link == "identity" and exponent:
            return NotContinuable("with an identity link and a power the loss has a boundary at 0")
        loss = Squared() if link == "identity" else Tweedie(exponent)
        return NewtonStep(Objective(loss, given["alpha"], True, given["fit_intercept"]))

    return way


def _kmeans(given: Mapping[str, Any], classes: int) -> Way | NotContinuable:
    del given, classes
    return LloydStep()


_WAYS: Mapping[type, Callable[[Mapping[str, Any], int], Way | NotContinuable]] = {
    LogisticRegression: _logistic,
    PoissonRegressor: _glm(1.0),
    GammaRegressor: _glm(2.0),
    TweedieRegressor: _glm(None),
    KMeans: _kmeans,
}

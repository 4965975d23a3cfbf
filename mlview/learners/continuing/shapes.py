"""A fitted pipeline with its last step exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline

from mlview.learners.parts import settle
from mlview.learners.signatures import Fitted

if TYPE_CHECKING:
    from collections.abc import Sequence


def with_method(fitted: Fitted, method: Any, notices: Sequence[str] = ()) -> Fitted:
    """The same frozen preprocessing with another fitted method behind it."""
    name = fitted.pipeline.steps[-1][0]
    pipeline = Pipeline([*fitted.pipeline.steps[:-1], (name, method)])
    settle(pipeline)
    return Fitted(pipeline, fitted.signature, (*fitted.notices, *notices))

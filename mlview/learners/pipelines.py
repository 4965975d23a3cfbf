"""Pipelines that users give from Python: raw feature columns in, the user's own steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from mlview.errors import UsageProblem
from mlview.learners.frames import natural_frame
from mlview.learners.methods import task_of_estimator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa

    from mlview.learners.roles import Feature, Roles

USER = "estimator"
"""The single step of a wrapped Pipeline, by which it is told from one that mlview built."""


def wrap_pipeline(user_estimator: Any, roles: Roles, *, seed: int | None = None) -> Pipeline:
    """A Pipeline around a user's unfitted estimator or Pipeline.

    It takes the feature columns as a pandas DataFrame with the dtypes pandas gives them, NULL
    included; imputing and encoding are the user's steps. `seed` goes to every part that has a
    `random_state` and none set; without it, `fit` does the same with its own.

    Raises:
        UsageProblem: no estimator, or one for another task than the roles'.
    """
    if not isinstance(user_estimator, BaseEstimator) or isinstance(user_estimator, type):
        raise UsageProblem(
            f"expected an unfitted scikit-learn estimator or Pipeline, found "
            f"{type(user_estimator).__name__}",
            hint="give an object, such as make_pipeline(StandardScaler(), LogisticRegression())",
        )
    task = task_of_estimator(user_estimator)
    if task is not roles.task:
        found = "nothing mlview can predict with" if task is None else task.lower()
        raise UsageProblem(
            f"expected a Pipeline for {roles.task.lower()}, found one for {found}",
            hint="end the Pipeline with an estimator for that task",
        )
    pipeline = Pipeline([(USER, clone(user_estimator))])
    if seed is not None:
        seed_pipeline(pipeline, seed)
    return pipeline


def is_user_pipeline(pipeline: Pipeline) -> bool:
    """Whether `wrap_pipeline` made it."""
    return bool(pipeline.steps[0][0] == USER)


def seed_pipeline(pipeline: Pipeline, seed: int) -> None:
    """Give the seed to every part that has a `random_state` and none set."""
    unset = {
        name: seed
        for name, value in pipeline.get_params(deep=True).items()
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    pipeline.set_params(**unset)


def user_frame(data: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """The raw feature columns for a user's Pipeline."""
    return natural_frame(data, features)

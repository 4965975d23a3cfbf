"""LightGBM and XGBoost models inside a Pipeline, in their own formats.

The trees are taken out before the rest is stored, a number standing where they were, and are put
back after loading. The Pipeline itself is never changed.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.errors import ArtifactRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

_SLOT = "_Booster"
_LIGHTGBM, _XGBOOST = "booster_{}.lgb.txt", "booster_{}.xgb.ubj"


def taken_apart(pipeline: Any) -> tuple[Any, dict[str, bytes]]:
    """A Pipeline without its boosters, and their bytes by member name.

    The Pipeline itself where it has none, else a copy that shares nothing with it.
    """
    members: dict[str, bytes] = {}
    memo: dict[int, Any] = {}
    for estimator in learners.estimators(pipeline):
        booster = getattr(estimator, _SLOT, None)
        if booster is not None:
            name, content = _written(estimator, booster, len(members))
            memo[id(booster)] = len(members)
            members[name] = content
    # deepcopy takes what its memo has already for a copy of the object.
    return (copy.deepcopy(pipeline, memo) if memo else pipeline), members


def _written(estimator: Any, booster: Any, number: int) -> tuple[str, bytes]:
    if type(estimator).__module__.startswith("lightgbm"):
        return _LIGHTGBM.format(number), booster.model_to_string().encode()
    return _XGBOOST.format(number), bytes(booster.save_raw("ubj"))


def put_together(pipeline: Any, members: Mapping[str, bytes]) -> Any:
    """The Pipeline with its boosters in place.

    Raises:
        ArtifactRefused: a booster that is missing or cannot be read.
    """
    for estimator in learners.estimators(pipeline):
        number = vars(estimator).get(_SLOT)
        if isinstance(number, int):
            setattr(estimator, _SLOT, _read(estimator, number, members))
    return pipeline


def _read(estimator: Any, number: int, members: Mapping[str, bytes]) -> Any:
    lightgbm = type(estimator).__module__.startswith("lightgbm")
    name = (_LIGHTGBM if lightgbm else _XGBOOST).format(number)
    try:
        return (_lightgbm if lightgbm else _xgboost)(members[name])
    except ImportError as problem:
        raise ArtifactRefused(
            f"the artifact holds a {type(estimator).__name__}: {problem}",
            hint=f"pip install 'mlview[{'lightgbm' if lightgbm else 'xgboost'}]'",
        ) from problem
    except Exception as problem:
        raise ArtifactRefused(
            f"the booster {name} of the artifact cannot be read: {type(problem).__name__}",
            hint="refresh the model to make it again",
        ) from problem


def _lightgbm(content: bytes) -> Any:
    from lightgbm import Booster  # noqa: PLC0415 - an optional package

    return Booster(model_str=content.decode())


def _xgboost(content: bytes) -> Any:
    from xgboost import Booster  # noqa: PLC0415 - an optional package

    return Booster(model_file=bytearray(content))

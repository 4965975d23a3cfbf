"""Checking a method's parameters against its constructor."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from mlview.errors import DefinitionRefused, UnknownName, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlview.definitions import Value

# Two fits of a booster may differ in the last digits without these, two neighbourhoods of a
# radius may be empty, and a booster is not silent by default.
_FIXED: Mapping[str, Mapping[str, Any]] = {
    "LGBMClassifier": {"deterministic": True, "force_row_wise": True, "verbosity": -1},
    "LGBMRegressor": {"deterministic": True, "force_row_wise": True, "verbosity": -1},
    "RadiusNeighborsClassifier": {"outlier_label": "most_frequent"},
}


def fixed_parameters(name: str) -> dict[str, Any]:
    """What mlview sets for a method unless the user does."""
    return dict(_FIXED.get(name, {}))


def parameter_names(estimator: Callable[..., Any]) -> tuple[str, ...]:
    """The parameters a constructor takes, with those a booster takes beside its signature."""
    names = [
        p.name
        for p in inspect.signature(estimator).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    module = getattr(estimator, "__module__", "")
    if module.startswith("xgboost"):
        names = sorted({*names, *estimator().get_params()})
    if module.startswith("lightgbm"):
        names = sorted({*names, *_lightgbm_names()})
    return tuple(names)


def _lightgbm_names() -> set[str]:
    from lightgbm.basic import _ConfigAliases  # noqa: PLC0415 - an optional package

    by_alias: Mapping[str, Sequence[str]] = _ConfigAliases._get_all_param_aliases()  # noqa: SLF001 - the only list there is
    return {*by_alias, *(alias for aliases in by_alias.values() for alias in aliases)}


def check_names(
    method: str, estimator: Callable[..., Any], given: tuple[tuple[str, Value], ...]
) -> tuple[tuple[str, Value], ...]:
    """The parameters under the constructor's own spelling.

    Raises:
        UnknownName: the method has no such parameter; the hint has the nearest one.
        DefinitionRefused: a parameter is given twice.
    """
    known = parameter_names(estimator)
    result: dict[str, Value] = {}
    for name, value in given:
        spelled = name if name in known else _ignoring_case(name, known)
        if spelled is None:
            raise UnknownName(
                f"{method} has no parameter '{name}'",
                name=name,
                hint=did_you_mean(name, known) or "it has: " + ", ".join(known),
            )
        if spelled in result:
            raise DefinitionRefused(
                f"the parameter {spelled} of {method} is given twice",
                name=spelled,
                hint="keep one of them",
            )
        result[spelled] = value
    return tuple(result.items())


def _ignoring_case(name: str, known: Sequence[str]) -> str | None:
    matches = [k for k in known if k.lower() == name.lower()]
    return matches[0] if len(matches) == 1 else None


def check_values(
    method: str, estimator: Callable[..., Any], given: tuple[tuple[str, Value], ...]
) -> tuple[tuple[str, Value], ...]:
    """The parameters with values the constructor accepts, by scikit-learn's own constraints.

    Raises:
        DefinitionRefused: naming the values that are allowed.
    """
    constraints: Mapping[str, Any] = getattr(estimator, "_parameter_constraints", {})
    if not (inspect.isclass(estimator) and issubclass(estimator, BaseEstimator)):
        return given
    for name, value in given:
        if name not in constraints:
            continue
        try:
            validate_parameter_constraints({name: constraints[name]}, {name: value}, method)
        except InvalidParameterError as problem:
            raise DefinitionRefused(
                _plain(str(problem)), name=name, hint=f"write {name} => one of those values"
            ) from problem
    return given


def _plain(message: str) -> str:
    """The message without the angle brackets of Python's types."""
    return re.sub(r"<class '([\w.]+)'>", r"\1", message)

"""The estimators a Pipeline is made of, wherever they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from collections.abc import Iterator


def estimators(part: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Every estimator inside a Pipeline, itself included, each once."""
    seen = set() if seen is None else seen
    if id(part) in seen:
        return
    match part:
        case BaseEstimator():
            seen.add(id(part))
            yield part
            inner: Any = vars(part).values()
        case dict():
            inner = part.values()
        case list() | tuple() if part and not isinstance(part[0], (int, float)):
            inner = part
        case np.ndarray() if part.dtype == object and _holds_estimators(part):
            inner = part.flat
        case _:
            return
    for item in inner:
        yield from estimators(item, seen)


def _holds_estimators(array: np.ndarray[Any, Any]) -> bool:
    return array.size > 0 and isinstance(array.flat[0], BaseEstimator)


def settle(pipeline: Any) -> None:
    """Lay every fitted array out in memory as it will be after storing and loading.

    The last digits of a matrix product depend on the layout, and a file keeps no strides.
    """
    for estimator in estimators(pipeline):
        for name, value in vars(estimator).items():
            if isinstance(value, np.ndarray) and not value.flags.forc:
                setattr(estimator, name, np.ascontiguousarray(value))

"""Preprocessing fitted on the levels there are, remembered from one refresh to the next."""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn import config_context

from mlview.learners.roles import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from sklearn.compose import ColumnTransformer

    from mlview.learners.methods import ResolvedMethod
    from mlview.learners.moments.layout import Value
    from mlview.learners.roles import Roles

KEPT = 16
"""Fitted templates that a process remembers, the ones used last."""

_fitted: OrderedDict[Hashable, ColumnTransformer] = OrderedDict()
_lock = Lock()


def fitted_on_levels(
    unfitted: ColumnTransformer,
    method: ResolvedMethod,
    roles: Roles,
    levels: Mapping[str, Mapping[Value, int]],
) -> ColumnTransformer:
    """The preprocessing, fitted on a table of one row per level.

    Encoders sort and name levels themselves; what they would learn from numbers, and from how
    many rows there are, is to be put in its place. It is a function of the arguments alone, and
    each call gives an object of its own.

    Args:
        unfitted: of a Pipeline that was built for `method` and `roles`.
        method: the estimator and its parameters.
        roles: the features.
        levels: of each text, the values that occur; None stands for missing.
    """
    known = {name: frozenset(counts) for name, counts in levels.items()}
    key = (method.name, repr(method.parameters), roles.features, tuple(known.items()))
    return deepcopy(_remembered(key, lambda: _fit(unfitted, roles, levels)))


def _remembered(key: Hashable, made: Callable[[], ColumnTransformer]) -> ColumnTransformer:
    with _lock:
        found = _fitted.pop(key, None)
    if found is None:
        found = made()
    with _lock:
        _fitted[key] = found
        while len(_fitted) > KEPT:
            _fitted.popitem(last=False)
    return found


def _fit(
    unfitted: ColumnTransformer, roles: Roles, levels: Mapping[str, Mapping[Value, int]]
) -> ColumnTransformer:
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return unfitted.fit(_frame_of(roles, levels))


def _frame_of(roles: Roles, levels: Mapping[str, Mapping[Value, int]]) -> pd.DataFrame:
    """A table in which every level occurs, and numbers are 0."""
    rows = max((len(values) for values in levels.values()), default=1)
    columns: dict[str, Any] = {}
    for feature in roles.features:
        if feature.kind is not FeatureKind.CATEGORICAL:
            columns[feature.name] = np.zeros(rows)
            continue
        values = tuple(levels[feature.name])
        known = [value for value in values if value is not None]
        codes = np.arange(rows) % len(values)
        places = np.cumsum([value is not None for value in values]) - 1
        places[[value is None for value in values]] = -1
        columns[feature.name] = pd.Categorical.from_codes(
            places[codes], categories=pd.Index(known, dtype=object), validate=False
        )
    return pd.DataFrame(columns, index=pd.RangeIndex(rows), copy=False)

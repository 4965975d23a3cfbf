"""What every model maintained from sums must do: be what scikit-learn would have fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mlview.definitions import Method, Model, Name
from mlview.learners import (
    Fitted,
    Maintained,
    build_pipeline,
    derive_roles,
    estimators,
    fit,
    maintenance,
    predict,
    resolve,
    solve,
)
from mlview.records import Column
from mlview.testing.learners import LABELS, LEARNER_CONTRACT, SEED, TYPES, mixed_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


ALL = ("x", "size", "city", "flag")
LOOSE = frozenset({"n_iter_", "dual_gap_", "solver_", "_fit_svd_solver", "scalings_", "rotations_"})
"""Attributes that tell how an estimator was solved, or are free up to a rotation."""


def check_maintained(
    name: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    features: tuple[str, ...] = ALL,
    tolerance: float = 1e-6,
    answers: float = 1e-8,
    loose: frozenset[str] = LOOSE,
) -> None:
    """Assert that a method is maintained exactly.

    A state that took rows in and gave some back must solve to what scikit-learn fits on the rows
    that are left: the same attributes in every part of the Pipeline, the same signature, and the
    same answers.

    Args:
        name: what users write after USING.
        parameters: of the method.
        features: columns of `mixed_table` to learn from.
        tolerance: of fitted attributes, relative to their largest value.
        answers: of predictions.
        loose: attributes of which only the shape is compared.

    Raises:
        AssertionError: a clause does not hold.

    >>> check_maintained("Ridge", parameters={"alpha": 2.0})
    """
    method = Method(name, tuple((parameters or {}).items()))
    task = resolve(method).task
    for target in LABELS.get(task, (None,)):
        rows = mixed_table().select([*features, *([target] if target else [])])
        data = rows.slice(0, 70)
        definition = Model(name=Name("m"), query="", target=target, method=method)
        columns = [Column(c, TYPES[c]) for c in data.column_names]
        roles = derive_roles(columns, data, definition)
        spec = maintenance(roles, resolve(method), SEED)
        assert isinstance(spec, Maintained), spec
        state = spec.empty()
        state.add(rows)
        state.add(rows.slice(70), -np.ones(rows.num_rows - 70, np.int64))
        if state.needs_resync is not None:
            state = spec.empty()
            state.add(data)
        solved = solve(spec.from_bytes(state.to_bytes()), roles)
        full = fit(build_pipeline(roles, resolve(method), SEED), roles, data, seed=SEED)
        assert_same_model(solved, full, tolerance=tolerance, loose=loose)
        assert_same_answers(solved, full, rows, tolerance=answers)
        for clause in LEARNER_CONTRACT if features == ALL else ():
            clause(solved, rows)


def assert_same_model(
    one: Fitted, two: Fitted, *, tolerance: float = 1e-6, loose: frozenset[str] = LOOSE
) -> None:
    """Assert that two fitted models have equal attributes in every part, and one signature."""
    assert one.signature == two.signature
    assert vars(one.pipeline).keys() == vars(two.pipeline).keys()
    for left, right in zip(estimators(one.pipeline), estimators(two.pipeline), strict=True):
        assert type(left) is type(right)
        mine, theirs = vars(left), vars(right)
        assert mine.keys() == theirs.keys(), (type(left), mine.keys() ^ theirs.keys())
        for name in mine:
            where = f"{type(left).__name__}.{name}"
            _assert_close(mine[name], theirs[name], where, tolerance, name in loose)


def assert_same_answers(
    one: Fitted, two: Fitted, rows: pa.Table, *, tolerance: float = 1e-8
) -> None:
    """Assert that two fitted models answer alike: numbers within a tolerance, the rest exactly."""
    left, right = predict(one, rows).table, predict(two, rows).table
    assert left.schema == right.schema
    for mine, theirs in zip(left.columns, right.columns, strict=True):
        if pa.types.is_map(mine.type):
            mine = pa.chunked_array([c.items for c in mine.chunks])  # noqa: PLW2901 - its numbers
            theirs = pa.chunked_array([c.items for c in theirs.chunks])  # noqa: PLW2901 - its numbers
        if pa.types.is_floating(mine.type):
            np.testing.assert_allclose(
                mine.to_numpy(), theirs.to_numpy(), rtol=tolerance, atol=tolerance
            )
        else:
            assert mine.equals(theirs)


def _assert_close(one: Any, two: Any, where: str, tolerance: float, loose: bool) -> None:
    match two:
        case np.ndarray() | np.generic() | float() if np.asarray(two).dtype.kind == "f":
            left, right = np.asarray(one), np.asarray(two)
            assert left.shape == right.shape, (where, left.shape, right.shape)
            assert left.dtype == right.dtype, (where, left.dtype, right.dtype)
            if not loose:
                size = np.abs(right[np.isfinite(right)]).max(initial=1e-3)
                np.testing.assert_allclose(
                    left, right, rtol=0, atol=tolerance * size, err_msg=where
                )
        case np.ndarray() | np.generic():
            left, right = np.asarray(one), np.asarray(two)
            assert left.dtype == right.dtype, (where, left.dtype, right.dtype)
            assert left.shape == right.shape, (where, left.shape, right.shape)
            assert loose or str(left.tolist()) == str(right.tolist()), (where, left, right)
        case list() | tuple() if type(one) is type(two) and len(one) == len(two):
            for position, (left, right) in enumerate(zip(one, two, strict=True)):
                _assert_close(left, right, f"{where}[{position}]", tolerance, loose)
        case dict() if two.keys() == one.keys():
            for key, value in two.items():
                _assert_close(one[key], value, f"{where}[{key}]", tolerance, loose)
        case _:
            assert type(one) is type(two), (where, type(one), type(two))
            assert loose or hasattr(two, "get_params") or str(one) == str(two), (where, one, two)

"""What every learner must do: clauses that take a method's name and assert."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mlview.definitions import Method, Model, Name
from mlview.learners import (
    Fitted,
    Signature,
    Task,
    build_pipeline,
    derive_roles,
    fit,
    predict,
    registered_modules,
    resolve,
)
from mlview.records import Column
from mlview.storage.payloads import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

TYPES = {
    "x": "DOUBLE",
    "size": "INTEGER",
    "city": "VARCHAR",
    "flag": "BOOLEAN",
    "amount": "DOUBLE",
    "late": "BOOLEAN",
    "level": "VARCHAR",
}
LABELS = {Task.CLASSIFICATION: ("late", "level"), Task.REGRESSION: ("amount",)}
SEED = 3


@lru_cache(maxsize=1)
def mixed_table() -> pa.Table:
    """90 rows of numbers, text and flags, with NULLs, and three labels they say something of."""
    random = np.random.default_rng(7)
    rows = 90
    x, size = random.normal(size=rows), random.integers(0, 50, rows)
    amount = 10 + 2 * x + size / 10 + random.normal(size=rows) / 2
    cities = random.choice(np.array(["Ulm", "Köln", "São Paulo", None], dtype=object), rows)
    flags = [bool(b) if b < 2 else None for b in random.integers(0, 3, rows)]  # noqa: PLR2004 - a third NULL
    levels = np.digitize(amount, np.quantile(amount, [1 / 3, 2 / 3]))
    return pa.table(
        {
            "x": pa.array(x, mask=random.random(rows) < 0.1),  # noqa: PLR2004 - a tenth NULL
            "size": pa.array(size, pa.int32()),
            "city": pa.array(cities.tolist(), pa.string()),
            "flag": pa.array(flags),
            "amount": pa.array(amount),
            "late": pa.array((amount + random.normal(size=rows) > np.median(amount)).tolist()),
            "level": pa.array(np.array(["low", "middle", "high"])[levels].tolist()),
        }
    )


def train(
    name: str,
    target: str | None,
    parameters: Mapping[str, Any] | None = None,
    features: tuple[str, ...] = ("x", "size", "city", "flag"),
) -> tuple[Fitted, pa.Table]:
    """A method, fitted on the mixed table as CREATE MODEL would, and the rows."""
    data = mixed_table().select([*features, *([target] if target else [])])
    method = Method(name, tuple((parameters or {}).items()))
    definition = Model(name=Name("m"), query="", target=target, method=method)
    roles = derive_roles([Column(c, TYPES[c]) for c in data.column_names], data, definition)
    pipeline = build_pipeline(roles, resolve(method, roles.task), SEED, data.num_rows)
    return fit(pipeline, roles, data, seed=SEED), data


def _predicts_alike_after_store_and_load(fitted: Fitted, data: pa.Table) -> None:
    modules = registered_modules()
    payload = dump(fitted.pipeline, modules=modules)
    signature = Signature.from_json(fitted.signature.to_json())
    loaded = Fitted(load(payload, modules=modules), signature)
    assert predict(loaded, data).table.equals(predict(fitted, data).table)


def _answers_with_the_declared_columns(fitted: Fitted, data: pa.Table) -> None:
    names = [column.name for column in fitted.signature.outputs]
    for rows in (data.slice(0, 0), data.slice(0, 1), data):
        answer = predict(fitted, rows).table
        assert answer.column_names == names
        assert answer.num_rows == rows.num_rows


def _takes_values_it_never_saw(fitted: Fitted, data: pa.Table) -> None:
    del data
    strange = pa.table(
        {
            "X": pa.array([0.5, None]),
            "SIZE": pa.array([7, None], pa.int8()),
            "city": ["Oz", None],
            "flag": pa.array([None, True], pa.bool_()),
        }
    )
    assert predict(fitted, strange).table.num_rows == strange.num_rows


LEARNER_CONTRACT: tuple[Callable[[Fitted, pa.Table], None], ...] = (
    _predicts_alike_after_store_and_load,
    _answers_with_the_declared_columns,
    _takes_values_it_never_saw,
)


def check_learner(
    name: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    features: tuple[str, ...] = ("x", "size", "city", "flag"),
) -> None:
    """Assert that a method, registered or built in, keeps the contract of a learner.

    It must train on numbers, text and flags with NULLs in them, give bit-identical predictions
    when it is trained again and when it was stored and loaded, and answer for no row, one row and
    values it never saw.

    Args:
        name: what users write after USING.
        parameters: of the method.
        features: columns of `mixed_table` to learn from.

    Raises:
        AssertionError: a clause does not hold.

    >>> check_learner("Ridge", parameters={"alpha": 2.0})
    """
    task = resolve(Method(name, tuple((parameters or {}).items()))).task
    for target in LABELS.get(task, (None,)):
        fitted, data = train(name, target, parameters, features)
        for clause in LEARNER_CONTRACT:
            clause(fitted, data)
        again, _ = train(name, target, parameters, features)
        assert predict(again, data).table.equals(predict(fitted, data).table)

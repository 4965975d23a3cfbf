"""What the label says about the task, and whether its values can be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from mlview.errors import DefinitionRefused, TrainingDataProblem
from mlview.learners.columns import base_type
from mlview.learners.methods import counterpart
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.learners.methods import ResolvedMethod
    from mlview.records import Column

MINIMUM_ROWS = 2
"""Labelled rows below which nothing can be fitted; for classes, so many rows of each."""

MAX_CLASSES = 1_000
"""Distinct labels beyond which a classification is refused."""

FEW_NUMBERS = 10
"""A numeric label with at most so many distinct values may mean classes."""

_CONTINUOUS_DISTINCT = 50
_CONTINUOUS_SHARE = 0.5
_TEXT = ("VARCHAR", "ENUM", "BOOLEAN")


def label_task(target: Column) -> Task:
    """The task a label's type asks for: BOOLEAN and text are classes, numbers regression."""
    kind = base_type(target.type)
    if kind in _TEXT:
        return Task.CLASSIFICATION
    if kind in ("", "UUID", "BLOB", "BIT", "JSON", "INTERVAL", "TIME", "DATE", "TIMESTAMP",
                "TIMESTAMPTZ", "DATETIME", "GEOMETRY"):  # fmt: skip
        raise DefinitionRefused(
            f"expected a BOOLEAN, text or number to predict, found '{target.name}' of type "
            f"{target.type}",
            name=target.name,
            hint=f"select epoch({target.name}) for a moment, or CAST({target.name} AS VARCHAR)",
        )
    return Task.REGRESSION


def check_label(
    target: Column, values: pa.ChunkedArray, task: Task, method: ResolvedMethod | None
) -> tuple[str, ...]:
    """Notices about the label; `values` are those of the labelled rows.

    Raises:
        TrainingDataProblem: EMPTY_TRAINING_SET, NAN_LABEL, NON_FINITE, TOO_FEW_ROWS,
            SINGLE_CLASS_TARGET, CLASS_TOO_SMALL, CARDINALITY, CONSTANT_TARGET, or LABEL_TYPE
            where the method is for the other kind of label.
    """
    if len(values) == values.null_count:
        raise empty(target.name)
    values = values.drop_null()
    if pa.types.is_floating(values.type):
        _check_floats(target, values)
    if len(values) < MINIMUM_ROWS:
        raise too_few(target.name, len(values), MINIMUM_ROWS)
    if task is Task.CLASSIFICATION:
        _check_classes(target, values, method)
        return ()
    return _check_numbers(target, values, method)


def empty(name: str | None) -> TrainingDataProblem:
    """The error for a training set without a single (labelled) row."""
    return TrainingDataProblem(
        f"expected {'labelled ' if name else ''}rows to train on, found 0",
        name=name,
        code="EMPTY_TRAINING_SET",
        hint="look at what the query returns"
        + ("; rows whose label is NULL are not trained on" if name else ""),
    )


def too_few(name: str, found: int, needed: int) -> TrainingDataProblem:
    """The error for a training set with fewer labelled rows than can be learned from."""
    return TrainingDataProblem(
        f"expected at least {needed} labelled rows, found {found}",
        name=name,
        code="TOO_FEW_ROWS",
        hint="refresh when more labels have arrived",
        found=found,
        needed=needed,
    )


def _check_floats(target: Column, values: pa.ChunkedArray) -> None:
    for test, code, word in ((pc.is_nan, "NAN_LABEL", "NaN"), (pc.is_inf, "NON_FINITE", "Inf")):
        count = int(pc.sum(test(values)).as_py() or 0)
        if count:
            raise not_finite(target.name, word, count, len(values), code=code)


def not_finite(name: str, word: str, count: int, rows: int, *, code: str) -> TrainingDataProblem:
    """The error for labels that are NaN or infinite."""
    return TrainingDataProblem(
        f"the label '{name}' is {word} in {count} of {rows} rows",
        name=name,
        code=code,
        hint=f"CASE WHEN isfinite({name}) THEN {name} END makes it a NULL, "
        "a row that is not trained on",
        count=count,
    )


def _check_classes(target: Column, values: pa.ChunkedArray, method: ResolvedMethod | None) -> None:
    counts = pc.value_counts(values)
    sizes = {str(c["values"]): c["counts"].as_py() for c in counts[: MAX_CLASSES + 1]}
    _refuse_continuous(target, values, len(counts), method)
    check_class_sizes(target.name, sizes, len(counts), len(values))


def check_class_sizes(name: str, sizes: Mapping[str, int], distinct: int, rows: int) -> None:
    """Refuse classes that are too many, too few or too small.

    Args:
        name: the label.
        sizes: rows of each class; of the first MAX_CLASSES + 1, where there are more.
        distinct: the number of classes.
        rows: all labelled rows.

    Raises:
        TrainingDataProblem: CARDINALITY, SINGLE_CLASS_TARGET, TOO_FEW_ROWS or CLASS_TOO_SMALL.
    """
    if distinct > MAX_CLASSES:
        raise TrainingDataProblem(
            f"expected at most {MAX_CLASSES} classes, found {distinct} in '{name}'",
            name=name,
            code="CARDINALITY",
            hint="predict a coarser label",
            found=distinct,
            limit=MAX_CLASSES,
        )
    if distinct == 1:
        raise TrainingDataProblem(
            f"expected two or more classes, found only {next(iter(sizes))} in '{name}' "
            f"({rows} rows)",
            name=name,
            code="SINGLE_CLASS_TARGET",
            hint="widen the query's WHERE until both answers occur",
            counts=dict(sizes),
        )
    if rows < MINIMUM_ROWS * distinct:
        raise too_few(name, rows, MINIMUM_ROWS * distinct)
    if min(sizes.values()) < MINIMUM_ROWS:
        few = dict(sorted(sizes.items(), key=lambda item: item[1])[:10])
        shown = ", ".join(f"{label}: {count}" for label, count in few.items())
        raise TrainingDataProblem(
            f"expected at least {MINIMUM_ROWS} rows of every class of '{name}', found {shown}",
            name=name,
            code="CLASS_TOO_SMALL",
            hint="leave rare classes out in WHERE, or join them under one label",
            counts=dict(sizes),
        )


def _refuse_continuous(
    target: Column, values: pa.ChunkedArray, distinct: int, method: ResolvedMethod | None
) -> None:
    if base_type(target.type) in _TEXT:
        return
    fractions = (pa.types.is_floating(values.type) or pa.types.is_decimal(values.type)) and not (
        pc.all(pc.equal(pc.floor(values), values)).as_py()
    )
    many = distinct > max(_CONTINUOUS_DISTINCT, _CONTINUOUS_SHARE * len(values))
    if fractions or many:
        name = method.name if method else "a classifier"
        other = counterpart(name, Task.REGRESSION)
        raise TrainingDataProblem(
            f"expected classes for {name}, found {distinct} distinct numbers in '{target.name}'",
            name=target.name,
            code="LABEL_TYPE",
            hint=f"USING {other}",
            distinct=distinct,
        )


def _check_numbers(
    target: Column, values: pa.ChunkedArray, method: ResolvedMethod | None
) -> tuple[str, ...]:
    if base_type(target.type) in _TEXT:
        name = method.name if method else "a regressor"
        raise TrainingDataProblem(
            f"expected numbers for {name}, found '{target.name}' of type {target.type}",
            name=target.name,
            code="LABEL_TYPE",
            hint=f"USING {counterpart(name, Task.CLASSIFICATION)}",
        )
    bounds = pc.min_max(values)
    if bounds["min"] == bounds["max"]:
        raise constant(target.name, bounds["min"].as_py(), len(values))
    distinct = pc.count_distinct(values.slice(0, 10_000)).as_py()
    if distinct <= FEW_NUMBERS:
        distinct = pc.count_distinct(values).as_py()
    if distinct > FEW_NUMBERS or (method is not None):
        return ()
    return (
        (
            f"{target.name} has only {distinct} distinct numbers and is learned as a quantity; "
            f"write CAST({target.name} AS VARCHAR) AS {target.name} if they are classes"
        ),
    )


def constant(name: str, value: object, rows: int) -> TrainingDataProblem:
    """The error for a label that is the same in every row."""
    return TrainingDataProblem(
        f"the label '{name}' is {value} in every one of {rows} rows",
        name=name,
        code="CONSTANT_TARGET",
        hint="widen the query's WHERE until the label varies",
    )


def label_values(column: pa.ChunkedArray) -> list[Any]:
    """The distinct labels in ascending order, as JSON-able Python values."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    return sorted(pc.unique(column).drop_null().to_pylist())

"""Whether the rows that a state stands for can be learned from, as a full fit would ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlview.errors import TrainingDataProblem
from mlview.learners.columns import MAX_CATEGORIES, base_type, infinite_column
from mlview.learners.labels import (
    MAX_CLASSES,
    MINIMUM_ROWS,
    check_class_sizes,
    constant,
    empty,
    not_finite,
    too_few,
)
from mlview.learners.leaks import EQUAL_ROWS
from mlview.learners.methods import counterpart
from mlview.learners.moments.layout import ONE, Key, Kind, Shape
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.learners.moments.layout import Value
    from mlview.learners.moments.state import Moments
    from mlview.learners.roles import Roles

_SAME = 1e-13
"""Spread around a mean, relative to the spread around the shift, that is rounding."""

_LINE = 1e-14
"""The unexplained share of a label's variance below which sums cannot tell it from a line."""

_MANY_CLASSES = 50
_MANY_SHARE = 0.5


def check_learnable(moments: Moments, roles: Roles) -> None:
    """Refuse a state that no model can be solved from.

    Raises:
        TrainingDataProblem: EMPTY_TRAINING_SET, NAN_LABEL, NON_FINITE, TOO_FEW_ROWS,
            SINGLE_CLASS_TARGET, CLASS_TOO_SMALL, LABEL_TYPE, CONSTANT_TARGET, ALL_NULL_COLUMN,
            CARDINALITY or LEAK, as a full fit on the same rows.
    """
    target, rows = roles.target, moments.rows
    if rows <= 0:
        raise empty(target)
    if target is not None:
        if moments.nan_labels:
            raise not_finite(target, "NaN", moments.nan_labels, rows, code="NAN_LABEL")
        if moments.refused.get(target):
            raise not_finite(target, "Inf", moments.refused[target], rows, code="NON_FINITE")
    if rows < MINIMUM_ROWS:
        raise too_few(target or "the training query", rows, MINIMUM_ROWS)
    if roles.task is Task.CLASSIFICATION:
        _check_classes(moments, roles)
    _check_features(moments)
    _check_range(moments)
    if target is not None and rows >= EQUAL_ROWS:
        _check_leaks(moments, target)
    if roles.task is Task.REGRESSION:
        _check_spread(moments, target or "")


def _check_classes(moments: Moments, roles: Roles) -> None:
    counts = moments.class_counts
    name = roles.target or ""
    if base_type(roles.target_type or "VARCHAR") not in ("VARCHAR", "ENUM", "BOOLEAN"):
        _refuse_continuous(moments, name, list(counts))
    sizes = {str(value): count for value, count in list(counts.items())[: MAX_CLASSES + 1]}
    check_class_sizes(name, sizes, len(counts), moments.rows)


def _refuse_continuous(moments: Moments, name: str, values: Sequence[Value]) -> None:
    fractions = any(isinstance(v, float) and not v.is_integer() for v in values)
    if fractions or len(values) > max(_MANY_CLASSES, _MANY_SHARE * moments.rows):
        method = moments.method.name
        raise TrainingDataProblem(
            f"expected classes for {method}, found {len(values)} distinct numbers in '{name}'",
            name=name,
            code="LABEL_TYPE",
            hint=f"USING {counterpart(method, Task.REGRESSION)}",
            distinct=len(values),
        )


def _check_features(moments: Moments) -> None:
    rows, missing = moments.rows, moments.missing
    for name, count in moments.refused.items():
        if count:
            raise infinite_column(name, count, rows)
    for name in (*moments.layout.numbers, *moments.layout.texts):
        if missing.get(name, 0) >= rows:
            raise TrainingDataProblem(
                f"the column '{name}' is NULL in every one of {rows} rows",
                name=name,
                code="ALL_NULL_COLUMN",
                hint=f"IGNORE ({name})",
            )
    for name in moments.layout.texts:
        levels = len(moments.levels(name).keys() - {None})
        if levels > MAX_CATEGORIES:
            raise TrainingDataProblem(
                f"the column '{name}' has {levels} categories; the limit is {MAX_CATEGORIES}",
                name=name,
                code="CARDINALITY",
                hint=f"IGNORE ({name})",
                found=levels,
                limit=MAX_CATEGORIES,
            )


def _check_range(moments: Moments) -> None:
    """Refuse numbers whose squares overflow: nothing can be solved beside them."""
    for group in moments.groups:
        whole = moments.group(group)
        if np.isfinite(whole).all():
            continue
        broken = np.flatnonzero(~np.isfinite(whole).all(axis=0))
        named = [moments.columns.keys[at].column for at in broken]
        name = next((n for n in named if n), moments.layout.numbers[0])
        raise TrainingDataProblem(
            f"the column '{name}' reaches values whose squares are more than a DOUBLE holds",
            name=name,
            code="NON_FINITE",
            hint=f"CASE WHEN abs({name}) < 1e100 THEN {name} END AS {name}, or IGNORE ({name})",
        )


def _check_spread(moments: Moments, target: str) -> None:
    """Refuse a label that does not vary, as far as the sums can tell."""
    label, rows = Key(Kind.NUMBER, target), moments.column()[ONE]
    summed = moments.column()[label]
    totals = moments.layout.shape is Shape.CLASS_TOTALS
    square = moments.column()[Key(Kind.SQUARE, target)] if totals else moments.column(label)[label]
    if square - summed**2 / rows <= _SAME * square:
        value = moments.frame.shifts[-1] + summed / rows
        raise constant(target, value, round(rows))


def _check_leaks(moments: Moments, target: str) -> None:
    name, reason = None, ""
    if moments.layout.classes:
        name, reason = _renamed(moments, target), "they are equal"
    elif moments.layout.shape is Shape.PAIRS:
        name, reason = _straight_line(moments, target), "they differ by a straight line"
    if name is not None:
        raise TrainingDataProblem(
            f"the feature '{name}' alone gives the label '{target}': {reason}",
            name=name,
            code="LEAK",
            hint=f"IGNORE ({name})",
        )


def _straight_line(moments: Moments, target: str) -> str | None:
    """The number that is perfectly correlated with a numeric label, if there is one.

    Among the rows of the commonest magnitude: beside a single one of another, all others would
    seem to lie on a line.
    """
    whole = max(moments.sums.values(), key=lambda sums: sums.count).total()
    one, label = moments.columns.at(ONE), moments.columns.at(Key(Kind.NUMBER, target))
    if max(one, label) >= len(whole):
        return None
    rows, missing = whole[one, one], moments.missing
    spread = whole[label, label] - whole[one, label] ** 2 / rows
    for name in moments.layout.numbers:
        at = moments.columns.at(Key(Kind.NUMBER, name))
        if name in missing or at >= len(whole):
            continue
        own = whole[at, at] - whole[one, at] ** 2 / rows
        both = whole[at, label] - whole[one, at] * whole[one, label] / rows
        varied = own > _SAME * whole[at, at] and spread > _SAME * whole[label, label]
        if varied and 1 - both**2 / (own * spread) <= _LINE:
            return name
    return None


def _renamed(moments: Moments, target: str) -> str | None:
    """The text whose levels are the classes under other names, if there is one."""
    if moments.layout.shape is Shape.PAIRS_BY_CLASS:
        return None
    classes = [Key(Kind.CLASS, target, value) for value in moments.class_counts]
    for name in moments.layout.texts:
        levels = [Key(Kind.LEVEL, name, value) for value in moments.levels(name)]
        if len(levels) != len(classes):
            continue
        at = [moments.columns.at(key) for key in levels]
        rows = moments.classes if moments.layout.shape is Shape.CLASS_TOTALS else moments.columns
        table = moments.group()[np.ix_([rows.at(key) for key in classes], at)]
        if ((table > 0).sum(axis=0) == 1).all() and ((table > 0).sum(axis=1) == 1).all():
            return name
    return None

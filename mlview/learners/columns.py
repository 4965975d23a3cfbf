"""What a single column of training data is fit for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.errors import DefinitionRefused, TrainingDataProblem
from mlview.learners.frames import as_text, numbers
from mlview.learners.identifying import identifies, named_like_an_id, reason_of
from mlview.learners.roles import Feature, FeatureKind, Ignored

if TYPE_CHECKING:
    from mlview.records import Column

MAX_CATEGORIES = 200_000
"""Distinct values of one text feature; beyond that encoding and storing them is the whole cost."""

WIDE_RANGE = 1e100
"""Beyond this, squares overflow and most methods lose everything else."""

EXACT_INTEGER = 2**53
"""The largest integer up to which float64 holds all of them."""

_MOMENTS = re.compile(r"(?:TIMESTAMP|DATE|DATETIME)\b", re.IGNORECASE)
_NUMBERS = frozenset(
    [
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
        "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM",
    ]
)  # fmt: skip
_SMALL_INTEGERS = frozenset(
    [
        "TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER",
    ]
)  # fmt: skip
_OPAQUE = frozenset({"UUID", "BLOB", "BIT", "GEOMETRY"})
_TEXT = frozenset({"VARCHAR", "ENUM", "JSON"})


@dataclass(frozen=True, slots=True)
class Inspected:
    """A column's part: a feature or left out, with what is worth saying about it."""

    part: Feature | Ignored
    notices: tuple[str, ...] = ()


def base_type(type_name: str) -> str:
    """The first word of a DuckDB type, '' for nested types.

    >>> base_type("DECIMAL(18,3)"), base_type("INTEGER[]"), base_type("TIMESTAMP WITH TIME ZONE")
    ('DECIMAL', '', 'TIMESTAMP')
    """
    if type_name.endswith("]") or type_name.upper().startswith(("STRUCT", "MAP", "UNION", "LIST")):
        return ""
    return re.split(r"[\s(]", type_name.strip().upper(), maxsplit=1)[0]


def is_moment(type_name: str) -> bool:
    """Whether a type is a date or a timestamp, and so may be a model's time."""
    return not type_name.endswith("]") and _MOMENTS.match(type_name) is not None


def is_text(type_name: str) -> bool:
    """Whether values of a type are read as categories."""
    return base_type(type_name) in _TEXT


def is_whole_number(type_name: str) -> bool:
    """Whether a type is one of whole numbers up to 64 bits, as many ids are."""
    return base_type(type_name) in _SMALL_INTEGERS | {"BIGINT", "UBIGINT"}


def inspect_column(column: Column, values: pa.ChunkedArray) -> Inspected:
    """The part a column plays by its type, name and values.

    Raises:
        TrainingDataProblem: ALL_NULL_COLUMN, NON_FINITE or CARDINALITY.
        DefinitionRefused: a type no estimator reads.
    """
    kind = base_type(column.type)
    if kind in _OPAQUE:
        return Inspected(Ignored(column.name, f"{kind} values identify rows"))
    if len(values) and values.null_count == len(values):
        raise _problem(column, "ALL_NULL_COLUMN", f"the column '{column.name}' is NULL in every "
                       f"one of {len(values)} rows")  # fmt: skip
    if is_text(column.type):
        return _inspect_text(column, values)
    if kind == "BOOLEAN":
        feature = Feature(column.name, column.type, FeatureKind.BOOLEAN)
        return Inspected(feature, _constant(column, pc.min_max(values), values))
    if kind in _NUMBERS:
        return _inspect_number(column, values, kind)
    if is_moment(column.type) or kind == "TIME":
        return _inspect_moment(column, values)
    raise DefinitionRefused(
        f"expected numbers, booleans, text or times as features, found '{column.name}' of type "
        f"{column.type}",
        name=column.name,
        hint=f"IGNORE ({column.name}), or select the parts that matter as columns of their own",
    )


def _problem(column: Column, code: str, message: str, **facts: Any) -> TrainingDataProblem:
    return TrainingDataProblem(
        message, name=column.name, code=code, hint=f"IGNORE ({column.name})", **facts
    )


def _inspect_text(column: Column, values: pa.ChunkedArray) -> Inspected:
    distinct = _distinct(values)
    levels, known = len(distinct), len(values) - values.null_count
    if identifies(column.name, levels, known, text=True):
        return Inspected(Ignored(column.name, reason_of(levels, known)))
    if levels > MAX_CATEGORIES:
        raise _problem(
            column, "CARDINALITY",
            f"the column '{column.name}' has {levels} categories; the limit is {MAX_CATEGORIES}",
            found=levels, limit=MAX_CATEGORIES,
        )  # fmt: skip
    notices: tuple[str, ...] = ()
    if levels == 1 and not values.null_count:
        notices = (f"{column.name} is constant: it tells nothing",)
    elif _all_numbers(distinct):
        notices = (
            (
                f"{column.name} holds numbers as text and is treated as a category; "
                f"write CAST({column.name} AS DOUBLE) if the numbers count"
            ),
        )
    return Inspected(Feature(column.name, column.type, FeatureKind.CATEGORICAL, levels), notices)


def _distinct(values: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        return pc.unique(values.unify_dictionaries()).cast(pa.string()).drop_null()
    return pc.unique(as_text(values)).drop_null()


def _all_numbers(distinct: pa.Array) -> bool:
    pattern = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
    first = distinct.slice(0, 20)
    return (
        len(distinct) > 0
        and bool(pc.all(pc.match_substring_regex(first, pattern)).as_py())
        and bool(pc.all(pc.match_substring_regex(distinct, pattern)).as_py())
    )


def _inspect_number(column: Column, values: pa.ChunkedArray, kind: str) -> Inspected:
    integral = pa.types.is_integer(values.type)
    if integral and named_like_an_id(column.name):
        known = len(values) - values.null_count
        levels = pc.count_distinct(values, mode="only_valid").as_py()
        if identifies(column.name, levels, known, text=False):
            return Inspected(Ignored(column.name, reason_of(levels, known)))
    if pa.types.is_floating(values.type):
        _check_finite(column, values)
    bounds = _bounds(values)
    notices = _constant(column, bounds, values)
    low, high = (bounds[k].as_py() or 0 for k in ("min", "max"))
    if kind not in _SMALL_INTEGERS and max(-low, high) > WIDE_RANGE:
        reach = float(max(-low, high))
        notices += (f"{column.name} reaches {reach:.3g}: most methods lose the rest beside it",)
    if (kind in ("HUGEINT", "UHUGEINT", "DECIMAL", "BIGNUM")) or (
        kind in ("BIGINT", "UBIGINT") and max(-low, high) > EXACT_INTEGER
    ):
        notices += ((f"{column.name} is {column.type} and is read as DOUBLE, which keeps 15 to 17 "
                    "digits"),)  # fmt: skip
    return Inspected(Feature(column.name, column.type, FeatureKind.NUMERIC), notices)


def _bounds(values: pa.ChunkedArray) -> pa.StructScalar:
    if pa.types.is_string(values.type):
        values = values.cast(pa.float64())
    return pc.min_max(values)


def _check_finite(column: Column, values: pa.ChunkedArray) -> None:
    infinite = int(pc.sum(pc.is_inf(values)).as_py() or 0)
    if infinite:
        raise infinite_column(column.name, infinite, len(values))
    known = len(values) - values.null_count
    if known and int(pc.sum(pc.is_nan(values)).as_py() or 0) == known:
        raise _problem(column, "ALL_NULL_COLUMN",
                       f"the column '{column.name}' is NULL or NaN in every one of "
                       f"{len(values)} rows")  # fmt: skip


def infinite_column(name: str, count: int, rows: int) -> TrainingDataProblem:
    """The error for a feature that is infinite in some rows."""
    return TrainingDataProblem(
        f"the column '{name}' is infinite in {count} of {rows} rows",
        name=name,
        code="NON_FINITE",
        hint=f"CASE WHEN isfinite({name}) THEN {name} END AS {name}, or IGNORE ({name})",
        count=count,
    )


def _inspect_moment(column: Column, values: pa.ChunkedArray) -> Inspected:
    notices = _constant(column, pc.min_max(values), values)
    seconds = numbers(values)
    infinite = int(np.isnan(seconds).sum()) - values.null_count
    if infinite:
        notices += (f"{column.name} is 'infinity' in {infinite} rows, which count as missing",)
    return Inspected(Feature(column.name, column.type, FeatureKind.DATETIME), notices)


def _constant(column: Column, bounds: pa.StructScalar, values: pa.ChunkedArray) -> tuple[str, ...]:
    if len(values) == 0 or values.null_count:
        return ()
    low, high = bounds["min"], bounds["max"]
    if low != high:
        return ()
    return (f"{column.name} is constant: it tells nothing",)

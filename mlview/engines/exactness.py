"""Telling values apart that DuckDB calls equal and that answer differently."""

from __future__ import annotations

import re

# 0.0 = -0.0, but 1 / x differs; INTERVAL '1 month' = '30 days', but a date plus it differs.
_AMBIGUOUS = re.compile(r"\b(FLOAT|DOUBLE|INTERVAL|VARIANT)\b", re.IGNORECASE)
_FLOATS = frozenset({"FLOAT", "DOUBLE"})


def is_float(type_: str) -> bool:
    """Whether a type is one of floating-point numbers, not nested."""
    return type_.upper() in _FLOATS


def telling_apart(expression: str, type_: str) -> tuple[str, ...]:
    """What to compare beside a value, so that only interchangeable values are equal.

    NaN stays equal to NaN.

    >>> telling_apart("x", "DOUBLE")
    ('(x = 0 AND signbit(x))',)
    >>> telling_apart("x", "STRUCT(since INTERVAL)")
    ('CAST(x AS VARCHAR)',)
    >>> telling_apart("x", "VARCHAR")
    ()
    """
    if is_float(type_):
        return (f"({expression} = 0 AND signbit({expression}))",)
    if _AMBIGUOUS.search(type_):
        return (f"CAST({expression} AS VARCHAR)",)
    return ()


def grouping_keys(expression: str, type_: str) -> tuple[str, ...]:
    """What to group by, so that only interchangeable values share a group."""
    return (expression, *telling_apart(expression, type_))


def same(left: str, right: str, type_: str) -> str:
    """A condition: both values are interchangeable, NULLs and NaNs included."""
    pairs = zip(grouping_keys(left, type_), grouping_keys(right, type_), strict=True)
    return " AND ".join(f"{one} IS NOT DISTINCT FROM {other}" for one, other in pairs)

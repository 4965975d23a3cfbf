"""The types under which values are stored: DuckLake and Parquet lack some of DuckDB's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlview.definitions import always_quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.records import Column

# DuckLake has no enumerations and keeps their words.
_ENUM = re.compile(r"ENUM\((?:'(?:[^']|'')*'(?:, )?)*\)")
# Parquet has no integers of 128 bits, and would keep them as DOUBLE.
_HUGE = re.compile(r"\bU?HUGEINT\b")


def stored_type(type_: str) -> str:
    """The type of a stored column.

    >>> stored_type("HUGEINT[]"), stored_type("ENUM('a', 'b')"), stored_type("BIGINT")
    ('DECIMAL(38,0)[]', 'VARCHAR', 'BIGINT')
    """
    return _HUGE.sub("DECIMAL(38,0)", _ENUM.sub("VARCHAR", type_))


def as_declared(relation: str, columns: Sequence[Column]) -> str:
    """A query of a stored relation whose columns have the types of the view again."""
    if not any(is_stored_otherwise(column.type) for column in columns):
        return f"FROM {relation}"
    picked = ", ".join(
        f"CAST({always_quote(column.name)} AS {column.type}) AS {always_quote(column.name)}"
        if is_stored_otherwise(column.type)
        else always_quote(column.name)
        for column in columns
    )
    return f"SELECT {picked} FROM {relation}"


def is_stored_otherwise(type_: str) -> bool:
    """Whether values have to be cast to be stored without loss."""
    return _HUGE.search(type_) is not None

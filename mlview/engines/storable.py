"""The types under which values are stored: DuckLake and Parquet lack some of DuckDB's."""

from __future__ import annotations

import re

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


def is_stored_otherwise(type_: str) -> bool:
    """Whether values have to be cast to be stored without loss."""
    return _HUGE.search(type_) is not None

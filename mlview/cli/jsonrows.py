"""Rows as a JSON array of objects."""

from __future__ import annotations

import base64
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlview.records import Column

_EXACT = 2**53


def rows_as_json(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> str:
    """One object a line, so that lines can be searched and compared.

    NaN and infinities are null, integers beyond 2^53 and all decimals are strings, moments are
    ISO 8601, intervals are ISO 8601 durations, bytes are base64, maps are objects.

    >>> from mlview.records import Column
    >>> columns = [Column("x", "BIGINT"), Column("x", "BLOB")]
    >>> print(rows_as_json(columns, [(1, None), (2**60, b"ab")]))
    [{"x": 1, "x_1": null},
     {"x": "1152921504606846976", "x_1": "YWI="}]
    """
    keys = distinct([column.name for column in columns])
    # Arrow gives a map as a list of its entries.
    maps = [column.type.startswith("map<") for column in columns]
    objects = (
        json.dumps(
            {
                key: plain(dict(value) if is_map and value is not None else value)
                for key, value, is_map in zip(keys, row, maps, strict=True)
            },
            ensure_ascii=False,
        )
        for row in rows
    )
    return "[" + ",\n ".join(objects) + "]"


def distinct(names: Sequence[str]) -> list[str]:
    """The same names, a repeated one with `_1`, `_2`, ... behind it.

    >>> distinct(["a", "a", "a_1", "a"])
    ['a', 'a_2', 'a_1', 'a_3']
    """
    taken, made = set(names), list[str]()
    for name in names:
        chosen, number = name, 0
        while chosen in made or (number and chosen in taken):
            number += 1
            chosen = f"{name}_{number}"
        made.append(chosen)
    return made


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -_EXACT <= value <= _EXACT else str(value)
        case float():
            return value if math.isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return _duration(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case dict():
            return {_key(key): plain(inner) for key, inner in value.items()}
        case list() | tuple() | set():
            return [plain(inner) for inner in value]
        case Decimal():
            return str(value) if value.is_finite() else None
        case _:
            return str(value)


def _key(value: Any) -> str:
    found = plain(value)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _duration(length: timedelta) -> str:
    """ISO 8601 in days and seconds.

    >>> _duration(timedelta(days=1)), _duration(timedelta(days=-1, seconds=1))
    ('P1D', '-PT86399S')
    """
    sign, length = ("-" if length < timedelta(0) else ""), abs(length)
    days = f"{length.days}D" if length.days else ""
    seconds = f"{length.seconds}.{length.microseconds:06}".rstrip("0").rstrip(".")
    return f"{sign}P{days}" + (f"T{seconds}S" if seconds != "0" or not days else "")

"""Single values as people read them."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import Any

_BYTES = 20


def format_value(value: Any) -> str:
    """One value, short and unambiguous.

    >>> format_value(None), format_value(True), format_value(0.123456789), format_value([1, None])
    ('NULL', 'true', '0.123457', '[1, NULL]')
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6g}" if math.isfinite(value) else str(value)
        case datetime() | date() | time():
            return _moment(value)
        case bytes():
            return value[:_BYTES].hex() + ("..." if len(value) > _BYTES else "")
        case dict():
            return "{" + ", ".join(f"{k}: {format_value(v)}" for k, v in value.items()) + "}"
        case list() if value and all(isinstance(v, tuple) and len(v) == 2 for v in value):  # noqa: PLR2004 - how Arrow gives a map's entries
            return "{" + ", ".join(f"{k}: {format_value(v)}" for k, v in value) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(format_value, value)) + "]"
        case _:
            return str(value)


def _moment(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ", timespec="seconds" if not value.microsecond else "auto")
        return text.replace("+00:00", "+00")
    return value.isoformat()

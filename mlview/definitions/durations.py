"""Lengths of time as users write them."""

from __future__ import annotations

import re
from datetime import timedelta

from mlview.errors import SyntaxProblem, did_you_mean

_SECONDS = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 7 * 86400,
}
_SPELLINGS = {
    **{unit: unit for unit in _SECONDS},
    **{unit + "s": unit for unit in _SECONDS},
    "s": "second", "sec": "second", "secs": "second",
    "m": "minute", "min": "minute", "mins": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour",
    "d": "day", "w": "week",
}  # fmt: skip
_UNEVEN = {"month": "30 days", "quarter": "90 days", "year": "365 days"}
_SHOWN = 60
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([^\W\d_]+)\s*,?")


def parse_duration(text: str, *, zero: bool = False) -> timedelta:
    """A positive length of time, from one or more `number unit` pairs; with `zero` none at all too.

    Raises:
        SyntaxProblem: naming the nearest right spelling.

    >>> parse_duration("1 hour"), parse_duration("1 day 12 hours")
    (datetime.timedelta(seconds=3600), datetime.timedelta(days=1, seconds=43200))
    """
    position, seconds = 0, 0.0
    while position < len(text.rstrip()):
        part = _PART.match(text, position)
        if part is None:
            raise _bad(text)
        unit = _SPELLINGS.get(part[2].lower())
        if unit is None:
            raise _bad(text, part)
        seconds += float(part[1]) * _SECONDS[unit]
        position = part.end()
    if seconds < 0 or not text.strip() or (seconds == 0 and not zero):
        raise _bad(text)
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise _bad(text) from None


def _bad(text: str, part: re.Match[str] | None = None) -> SyntaxProblem:
    hint = "write it as '10 minutes', '1 hour' or '1 day 12 hours'"
    if part is not None:
        plural = float(part[1]) != 1
        near = did_you_mean(part[2], [u + "s" if plural else u for u in _SECONDS])
        uneven = _UNEVEN.get(part[2].lower().removesuffix("s"))
        if uneven is not None:
            hint = f"how long a {part[2].lower().removesuffix('s')} is depends; write '{uneven}'"
        elif near:
            unit = near.split("'")[1]
            hint = f"did you mean '{part[1]} {unit}'?"
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    return SyntaxProblem(f"'{shown}' is not a positive length of time", hint=hint)


def format_duration(length: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as the same length.

    >>> format_duration(timedelta(minutes=90))
    '90 minutes'
    """
    seconds = length.total_seconds()
    for unit in ("week", "day", "hour", "minute"):
        if unit != "week" and seconds % _SECONDS[unit] == 0:
            count = int(seconds // _SECONDS[unit])
            return f"{count} {unit}" + ("" if count == 1 else "s")
    count_text = f"{seconds:.6f}".rstrip("0").rstrip(".")
    return f"{count_text} second" + ("" if count_text == "1" else "s")

"""Python values as JSON text and back, exactly."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from mlview.errors import UsageProblem

_TAG = "$"


def dump(value: Any) -> str:
    """The value as ASCII JSON; mappings keep their order.

    None, booleans, numbers, text, lists, tuples, timezone-aware moments and mappings come back
    from `load` as they were; NumPy scalars come back as the Python value they stand for. What
    JSON has no word for is written as an object with a `$` member: NaN and infinities, tuples,
    moments, and mappings whose keys are not all text.

    Raises:
        UsageProblem: naming the type that cannot be kept.

    >>> dump({"b": (1, 2), "a": float("inf")})
    '{"b":{"$":"tuple","of":[1,2]},"a":{"$":"inf"}}'
    >>> load(dump({"b": (1, 2), "a": float("inf")}))
    {'b': (1, 2), 'a': inf}
    """
    return json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))


def load(text: str) -> Any:
    """What `dump` was given."""
    return json.loads(text, object_hook=_tagged)


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return float(value)
        case float():
            return {_TAG: repr(float(value))}
        case datetime() if value.tzinfo is not None:
            return {_TAG: "moment", "of": value.isoformat()}
        case tuple():
            return {_TAG: "tuple", "of": [_plain(member) for member in value]}
        case list():
            return [_plain(member) for member in value]
        case _ if hasattr(value, "items"):
            return _mapping(dict(value.items()))
        case _ if callable(getattr(value, "item", None)) and getattr(value, "ndim", 1) == 0:
            return _plain(value.item())
        case _:
            raise UsageProblem(
                f"a {type(value).__name__} cannot be kept in the catalog",
                hint="give numbers, text, lists, tuples or mappings of them",
            )


def _mapping(value: dict[Any, Any]) -> Any:
    if _TAG not in value and all(isinstance(key, str) for key in value):
        return {str(key): _plain(member) for key, member in value.items()}
    return {_TAG: "map", "of": [[_plain(k), _plain(member)] for k, member in value.items()]}


def _tagged(found: dict[str, Any]) -> Any:
    match found.get(_TAG):
        case None:
            return found
        case "tuple":
            return tuple(found["of"])
        case "map":
            return dict(found["of"])
        case "moment":
            return datetime.fromisoformat(found["of"])
        case number:
            return float(number)

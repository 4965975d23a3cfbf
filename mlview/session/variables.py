"""The caller's own variables, read by name where a query names no relation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

_PACKAGE = __name__.split(".", maxsplit=1)[0]


def caller_variables() -> Mapping[str, Any]:
    """The names that the nearest frame outside this package can see."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the only way to see a caller
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    if frame is None:
        return {}
    return {**frame.f_globals, **frame.f_locals}


def as_arrow(value: Any) -> pa.Table | None:
    """An Arrow table of a dataframe (pandas, polars, Arrow, or any that streams Arrow), or None.

    Raises:
        UsageProblem: a dataframe that Arrow cannot hold: duplicate names, Python objects.
    """
    try:
        return _arrow_of(value)
    except (pa.ArrowException, ValueError, TypeError) as problem:
        raise UsageProblem(
            f"this {type(value).__name__} cannot be read: {str(problem).splitlines()[0][:200]}",
            hint="give every column a name of its own, and values of one type",
        ) from problem


def _arrow_of(value: Any) -> pa.Table | None:
    if isinstance(value, pa.Table):
        return value
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    if isinstance(value, pa.RecordBatchReader):
        return value.read_all()
    module = type(value).__module__.split(".")[0]
    if module == "pandas" and type(value).__name__ == "DataFrame":
        return pa.Table.from_pandas(value, preserve_index=False)
    if module == "polars" and type(value).__name__ == "LazyFrame":
        return value.collect().to_arrow()
    if hasattr(value, "__arrow_c_stream__") and not isinstance(value, type):
        return pa.table(value)
    return None


def _is_ours(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name == _PACKAGE or name.startswith(_PACKAGE + ".")

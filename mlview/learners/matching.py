"""Matching the columns of a table to the features a model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.definitions import fold, quote
from mlview.errors import ColumnMismatch, did_you_mean
from mlview.learners.columns import EXACT_INTEGER, base_type
from mlview.learners.roles import FeatureKind
from mlview.learners.types import arrow_type, duckdb_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlview.learners.roles import Feature

_FLOAT32_INTEGER = 2**24


def match_columns(features: Sequence[Feature], data: pa.Table) -> pa.Table:
    """The feature columns of `data` under the names and in the order of training.

    Names match exactly, else without regard to case. A type is accepted where every value
    survives: lossless widening by type (INTEGER for DOUBLE), and integers of another width or for
    a float while they are in its exact range.

    Raises:
        ColumnMismatch: all features that are missing, or the first of another type with the CAST
            to write.
    """
    positions = _positions(features, data)
    columns = [data.column(position) for position in positions]
    for feature, column in zip(features, columns, strict=True):
        if not _accepted(feature, column):
            raise ColumnMismatch(
                f"the feature '{feature.name}' is {feature.type}, found {duckdb_type(column.type)}",
                name=feature.name,
                hint=f"CAST({quote(feature.name)} AS {feature.type}) AS {quote(feature.name)}",
                expected=feature.type,
                found=duckdb_type(column.type),
            )
    return pa.Table.from_arrays(columns, names=[f.name for f in features])


def _positions(features: Sequence[Feature], data: pa.Table) -> list[int]:
    exact = {name: i for i, name in enumerate(data.column_names)}
    folded = {fold(name): i for name, i in reversed(exact.items())}
    found = [exact.get(f.name, folded.get(fold(f.name))) for f in features]
    missing = [f.name for f, position in zip(features, found, strict=True) if position is None]
    if missing:
        near = did_you_mean(missing[0], data.column_names) if len(missing) == 1 else None
        raise ColumnMismatch(
            f"expected the features {', '.join(missing)}, found "
            f"{', '.join(data.column_names) or 'no columns'}",
            name=missing[0],
            hint=near or "select them, NULL where a value is unknown",
            missing=tuple(missing),
        )
    return [position for position in found if position is not None]


def _accepted(feature: Feature, column: pa.ChunkedArray) -> bool:
    kind = column.type
    if pa.types.is_null(kind) or (len(column) and column.null_count == len(column)):
        return True
    match feature.kind:
        case FeatureKind.CATEGORICAL:
            inner = kind.value_type if pa.types.is_dictionary(kind) else kind
            return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))
        case FeatureKind.BOOLEAN:
            return bool(pa.types.is_boolean(kind))
        case FeatureKind.DATETIME:
            return _moment_accepted(feature.type, kind)
        case FeatureKind.NUMERIC:
            return _number_accepted(feature.type, column)


def _moment_accepted(wanted: str, kind: pa.DataType) -> bool:
    if base_type(wanted) == "TIME":
        return bool(pa.types.is_time(kind))
    if pa.types.is_date(kind):
        return "ZONE" not in wanted.upper() and wanted.upper() != "TIMESTAMPTZ"
    if not pa.types.is_timestamp(kind) or base_type(wanted) == "DATE":
        return False
    zoned = "ZONE" in wanted.upper() or wanted.upper() == "TIMESTAMPTZ"
    return (kind.tz is not None) == zoned


def _number_accepted(wanted: str, column: pa.ChunkedArray) -> bool:
    kind, name = column.type, base_type(wanted)
    if pa.types.is_floating(kind):
        return name == "DOUBLE" or (name == "FLOAT" and not pa.types.is_float64(kind))
    if pa.types.is_integer(kind):
        return _integers_fit(name, wanted, column)
    if pa.types.is_decimal(kind):
        if name in ("DOUBLE", "HUGEINT", "UHUGEINT"):
            return name == "DOUBLE" or kind.scale == 0
        if name == "DECIMAL":
            own = arrow_type(wanted)
            return bool(
                kind.scale <= own.scale and kind.precision - kind.scale <= own.precision - own.scale
            )
    return False


def _integers_fit(name: str, wanted: str, column: pa.ChunkedArray) -> bool:
    bounds = pc.min_max(column).as_py()
    if bounds["min"] is None:
        return True
    match name:
        case "DOUBLE":
            low, high = -EXACT_INTEGER, EXACT_INTEGER
        case "FLOAT":
            low, high = -_FLOAT32_INTEGER, _FLOAT32_INTEGER
        case "HUGEINT" | "UHUGEINT" | "BIGNUM":
            return True
        case "DECIMAL":
            own = arrow_type(wanted)
            high = 10 ** (own.precision - own.scale) - 1
            low = -high
        case _:
            limits = np.iinfo(arrow_type(name).to_pandas_dtype())
            low, high = int(limits.min), int(limits.max)
    return bool(low <= bounds["min"] and bounds["max"] <= high)

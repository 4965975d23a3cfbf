"""Arrow columns as the values estimators read: float64, or text categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mlview.learners.roles import Feature, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY = 86_400.0


def column_of(data: pa.Table, name: str) -> pa.ChunkedArray:
    """A column by its exact name, else by its name without regard to case."""
    known = data.schema.get_field_index(name)
    if known >= 0:
        return data.column(known)
    names = data.column_names
    if name in names:
        return data.column(names.index(name))
    return data.column([n.lower() for n in names].index(name.lower()))


def numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers, booleans and moments as float64, NULL and 'infinity' moments as NaN.

    Shares memory with Arrow where the column is DOUBLE without NULLs in one piece.
    """
    kind = column.type
    if pa.types.is_boolean(kind):
        return numbers(column.cast(pa.uint8()))
    if pa.types.is_timestamp(kind):
        return _moments(column.cast(pa.int64()), np.iinfo(np.int64).max) / _PER_SECOND[kind.unit]
    if pa.types.is_date32(kind):
        return _moments(column.cast(pa.int32()), np.iinfo(np.int32).max) * _DAY
    if pa.types.is_date64(kind):
        return _moments(column.cast(pa.int64()), np.iinfo(np.int64).max) / 1000.0
    if pa.types.is_time(kind):
        width = pa.int32() if pa.types.is_time32(kind) else pa.int64()
        return numbers(column.cast(width)) / _PER_SECOND[kind.unit]
    if not pa.types.is_float64(kind):
        column = column.cast(pa.float64(), safe=False)
    result: NDArray[np.float64] = column.to_numpy(zero_copy_only=False)
    return result


def _moments(column: pa.ChunkedArray, infinity: int) -> NDArray[np.float64]:
    finite = pc.and_(pc.less(column, infinity), pc.greater(column, -infinity))
    return numbers(pc.if_else(finite, column, None))


def categories(column: pa.ChunkedArray) -> pd.Categorical:
    """Text as a pandas Categorical: one Python string per distinct value, NULL as missing."""
    if not pa.types.is_dictionary(column.type):
        column = as_text(column).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    codes = whole.indices.fill_null(-1) if whole.null_count else whole.indices
    if codes.type in (pa.uint8(), pa.uint16(), pa.uint32()) and whole.null_count:
        codes = whole.indices.cast(pa.int64()).fill_null(-1)
    levels = np.asarray(whole.dictionary.to_pylist(), dtype=object)
    return pd.Categorical.from_codes(
        codes.to_numpy(zero_copy_only=False).astype(np.int32, copy=False),
        categories=pd.Index(levels, dtype=object),
        validate=False,
    )


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column as plain Arrow strings."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    return column.cast(pa.string())


def feature_frame(data: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """The features as a pandas DataFrame of float64 and category columns, in their order.

    >>> table = pa.table({"x": [1, None], "c": ["a", "b"]})
    >>> frame = feature_frame(table, [Feature("x", "INTEGER", FeatureKind.NUMERIC),
    ...                               Feature("c", "VARCHAR", FeatureKind.CATEGORICAL)])
    >>> frame["x"].tolist(), frame["c"].tolist()
    ([1.0, nan], ['a', 'b'])
    """
    columns: dict[str, Any] = {}
    for feature in features:
        column = column_of(data, feature.name)
        if feature.kind is FeatureKind.CATEGORICAL:
            columns[feature.name] = categories(column)
        else:
            columns[feature.name] = numbers(column)
    return pd.DataFrame(columns, index=pd.RangeIndex(data.num_rows), copy=False)


def natural_frame(data: pa.Table, features: Sequence[Feature]) -> pd.DataFrame:
    """The features with the dtypes pandas itself gives to Arrow columns, for users' pipelines.

    DECIMAL and HUGEINT come as float64, since pandas would hold them as Python objects, and an
    'infinity' moment comes as missing.
    """
    columns = [_natural(column_of(data, f.name)) for f in features]
    table = pa.table(columns, names=[f.name for f in features])
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _natural(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        return column.cast(pa.float64(), safe=False)
    if pa.types.is_dictionary(column.type):
        return column.cast(pa.string())
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _without_infinity(column)
    return column


def _without_infinity(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_date32(column.type):
        plain, infinity = column.cast(pa.int32()), np.iinfo(np.int32).max
    else:
        plain, infinity = column.cast(pa.int64()), np.iinfo(np.int64).max
    finite = pc.and_(pc.less(plain, int(infinity)), pc.greater(plain, -int(infinity)))
    return pc.if_else(finite, column, pa.scalar(None, column.type))

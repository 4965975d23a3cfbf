"""What tells the rows of a model's query apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlview.definitions import HoldoutLast, HoldoutShare, always_quote, fold
from mlview.sql import group_columns, ordered_limits, with_rowid

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlview.definitions import Model, Name
    from mlview.records import Column, Version

ROW_ID = "__mlview_rowid"
BUCKET = "__mlview_bucket"
BY_TEXT = "md5-52"
"""The rule for any columns: 52 bits of an MD5 of the values as text."""

BY_ROW_ID = "lowbias32"
"""The rule for row ids: 32 bits, mixed by Wellons' lowbias32 (https://nullprogram.com, "Prospecting
for hash functions", 2018), which is 30 times cheaper. Neighbouring ids come apart, and no two ids
below 2^32 agree. It is spelled in whole numbers that neither overflow nor depend on the version of
DuckDB, whose own hash may change."""

TIME_TYPES = ("TIMESTAMP", "DATE")


@dataclass(frozen=True, slots=True)
class Identity:
    """How rows are known again.

    Attributes:
        query: the model's query, with the column ROW_ID where row ids tell rows apart.
        columns: the columns that tell them apart; none where it is all but the label.
        said: the same in words.
        rule: how the number that decides who is held out is made; recorded with versions.
    """

    query: str
    columns: tuple[str, ...]
    said: str
    rule: str = BY_TEXT

    @property
    def row_id(self) -> str | None:
        """ROW_ID where the query has it."""
        return ROW_ID if ROW_ID in self.columns else None


def identity_of(definition: Model, base_tables: Collection[Name]) -> Identity:
    """KEY if declared, else a table's row ids, else the group keys, else all columns.

    Args:
        definition: the model.
        base_tables: the base tables that its query reads.
    """
    if definition.key:
        return Identity(definition.query, definition.key, "KEY")
    numbered = None if ordered_limits(definition.query) else with_rowid(definition.query, ROW_ID)
    if numbered is not None and numbered[0] in base_tables:
        said = f"row ids of {numbered[0]}"
        return Identity(numbered[1], (ROW_ID,), said, _rule_of_row_ids(definition))
    groups = group_columns(definition.query)
    if groups:
        return Identity(definition.query, groups, "group keys")
    return Identity(definition.query, (), "all columns but the label")


def time_column(definition: Model, columns: Sequence[Column]) -> str | None:
    """The declared TIME column, else the only one of a time type that has no other role."""
    if definition.time is not None:
        return next((c.name for c in columns if fold(c.name) == fold(definition.time)), None)
    taken = {fold(c) for c in (*definition.ignore, *definition.key, definition.target or "")}
    found = [c.name for c in columns if c.type.startswith(TIME_TYPES) and fold(c.name) not in taken]
    return found[0] if len(found) == 1 else None


def bucket_of(definition: Model, identity: Identity, columns: Sequence[Column]) -> str | None:
    """SQL for the number in [0, 1) that says whether a row is held out; None where time does."""
    if definition.target is None or isinstance(definition.holdout, HoldoutLast):
        return None
    if definition.holdout is None and time_column(definition, columns) is not None:
        return None
    return bucket(definition, identity, columns)


def as_recorded(identity: Identity, version: Version | None) -> Identity:
    """The identity with the rule of a version: who it held out stays held out."""
    if version is None:
        return identity
    recorded = version.details.get("holdout", {}).get("hash", BY_TEXT)
    return replace(identity, rule=recorded)


def bucket(definition: Model, identity: Identity, columns: Sequence[Column]) -> str:
    """SQL for a number in [0, 1) that depends on who a row is alone."""
    if identity.rule == BY_ROW_ID:
        return _of_row_id(ROW_ID)
    key = identity.columns or _all_but(columns, definition.target)
    return _of_text(_hashed_by(definition) or key)


def _rule_of_row_ids(definition: Model) -> str:
    return BY_TEXT if _hashed_by(definition) else BY_ROW_ID


def _hashed_by(definition: Model) -> tuple[str, ...]:
    """The columns of HOLDOUT BY."""
    return definition.holdout.by if isinstance(definition.holdout, HoldoutShare) else ()


def _of_text(columns: Sequence[str]) -> str:
    parts = []
    for column in columns:
        text = f"CAST({always_quote(column)} AS VARCHAR)"
        parts.append(f"coalesce(strlen({text}) || ':' || {text}, 'N')")
    return f"(md5_number_lower({' || '.join(parts)}) >> 12)::DOUBLE / {2**52}.0"


def _of_row_id(column: str) -> str:
    number = f"coalesce({always_quote(column)}, -1)"
    mixed = f"xor({number} & {_BITS}, ((({number} >> 32) & {_BITS}) * {_GOLDEN}) & {_BITS})"
    mixed = f"({mixed}::UBIGINT)"
    for shift, factor in _ROUNDS:
        mixed = f"((xor({mixed}, {mixed} >> {shift}) * {factor}) & {_BITS})"
    return f"xor({mixed}, {mixed} >> 16)::DOUBLE / {2**32}.0"


_BITS = 2**32 - 1
_GOLDEN = 0x1E3779B9  # odd, and small enough that a product with 32 bits fits into a BIGINT
_ROUNDS = ((16, 0x7FEB352D), (15, 0x846CA68B))


def numbers_of(row_ids: pa.Array) -> pa.Array:
    """The numbers of BY_ROW_ID for row ids that are here already, as `bucket` has them in SQL.

    DuckDB multiplies with a check for each product: for a million rows it takes 45 ms, this 10 ms.

    >>> numbers_of(pa.array([17, None])).to_pylist()
    [0.2993990716058761, 0.8436675947159529]
    """
    ids = pc.fill_null(row_ids, -1).to_numpy()
    folded = (ids & _BITS) ^ ((((ids >> 32) & _BITS) * _GOLDEN) & _BITS)
    mixed = folded.astype(np.uint32)
    for shift, factor in _ROUNDS:
        # Products of UINTEGERs keep their low 32 bits, which is what `& _BITS` does in SQL.
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return pa.array((mixed ^ (mixed >> np.uint32(16))) / 2.0**32)


def _all_but(columns: Sequence[Column], target: str | None) -> tuple[str, ...]:
    return tuple(c.name for c in columns if target is None or fold(c.name) != fold(target))

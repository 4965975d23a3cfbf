"""What tells the rows of a model's query apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import HoldoutLast, HoldoutShare, always_quote, fold
from mlview.sql import group_columns, ordered_limits, with_rowid

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mlview.definitions import Model, Name
    from mlview.records import Column

ROW_ID = "__mlview_rowid"
BUCKET = "__mlview_bucket"
IDENTITY_HASH = "md5-52"  # recorded with versions: the name of the rule `_bucket` writes
TIME_TYPES = ("TIMESTAMP", "DATE")


@dataclass(frozen=True, slots=True)
class Identity:
    """How rows are known again.

    Attributes:
        query: the model's query, with the column ROW_ID where row ids tell rows apart.
        columns: the columns that tell them apart; none where it is all but the label.
        said: the same in words.
    """

    query: str
    columns: tuple[str, ...]
    said: str

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
        return Identity(numbered[1], (ROW_ID,), f"row ids of {numbered[0]}")
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


def bucket(definition: Model, identity: Identity, columns: Sequence[Column]) -> str:
    """SQL for a number in [0, 1) that depends on who a row is alone."""
    return _bucket(_hashed(definition, identity.columns or _all_but(columns, definition.target)))


def _hashed(definition: Model, key: Sequence[str]) -> Sequence[str]:
    if isinstance(definition.holdout, HoldoutShare) and definition.holdout.by:
        return definition.holdout.by
    return key


def _bucket(columns: Sequence[str]) -> str:
    """A number in [0, 1) that depends on the values' text alone: 52 bits of an MD5."""
    parts = []
    for column in columns:
        text = f"CAST({always_quote(column)} AS VARCHAR)"
        parts.append(f"coalesce(strlen({text}) || ':' || {text}, 'N')")
    return f"(md5_number_lower({' || '.join(parts)}) >> 12)::DOUBLE / {2**52}.0"


def _all_but(columns: Sequence[Column], target: str | None) -> tuple[str, ...]:
    return tuple(c.name for c in columns if target is None or fold(c.name) != fold(target))

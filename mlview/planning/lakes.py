"""What state the files of a lake are in, as far as upkeep asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.definitions import Name

MIB = 1 << 20
TIERS = (MIB, 16 * MIB, 128 * MIB)
"""Files are merged with those of at most these sizes: no byte is written more often than its table
grows sixteenfold, and files beyond the last are left alone."""


@dataclass(frozen=True, slots=True)
class Files:
    """How many files, and how many bytes they have together."""

    count: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class TableHealth:
    """The live files of a table.

    Attributes:
        name: the table.
        mergeable: files below each of `TIERS` that have no deleted rows, the lower tiers included.
        inlined_rows: rows that a client of another kind left in the lake's catalog.
    """

    name: Name
    mergeable: tuple[Files, ...] = (Files(),) * len(TIERS)
    inlined_rows: int = 0


@dataclass(frozen=True, slots=True)
class LakeHealth:
    """What there is to do for one lake.

    Attributes:
        lake: `lake` or `store`.
        snapshots: how many did not expire.
        expirable: how many of them nothing needs, within one percent.
        scheduled: files that no snapshot has any more.
        scheduled_since: when the first of these was let go, by the machine's clock.
        tables: those with more than one file, or with rows in the catalog.
    """

    lake: str
    snapshots: int = 0
    expirable: int = 0
    scheduled: int = 0
    scheduled_since: datetime | None = None
    tables: tuple[TableHealth, ...] = ()

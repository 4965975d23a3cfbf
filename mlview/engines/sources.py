"""A relation at two snapshots, and the signed rows between them, as SQL texts."""

from __future__ import annotations

from dataclasses import dataclass

WEIGHT = "__mlview_weight"


@dataclass(frozen=True, slots=True)
class Source:
    """What a reader at the later snapshot may run to see a relation then, before, and the change.

    Attributes:
        new: a relation, to write after FROM: its rows at the later snapshot.
        old: the same of the earlier snapshot.
        signed: a SELECT of the relation's columns in order and, last, a BIGINT column
            `__mlview_weight`, never 0: the sum of each row's weights is how many more of it are
            in `new` than in `old`. A row may come in several pieces. None: nobody knows cheaply.
        changed: False where both are equal; then `signed` gives no rows.
        row_id: whether `new` and `old` have the pseudo column `rowid`, which names one row
            through all of its updates.
        signed_with_rowid: as `signed`, with the column `rowid` before all others.
        kept, kept_with_rowid: the same rows for a workbench, which has them in memory; None where
            they are not kept.
        keeps: what lives as long as they have to.
    """

    new: str
    old: str
    signed: str | None
    changed: bool = True
    row_id: bool = False
    signed_with_rowid: str | None = None
    kept: str | None = None
    kept_with_rowid: str | None = None
    keeps: object = None

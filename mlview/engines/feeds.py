"""SQL for the rows by which a table of a lake differs between two snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.definitions import always_quote, literal
from mlview.engines.exactness import grouping_keys
from mlview.engines.sources import WEIGHT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlview.records import Column, TableState

_INSERTIONS, _DELETIONS = "ducklake_table_insertions", "ducklake_table_deletions"


@dataclass(frozen=True, slots=True)
class Feed:
    """A table in the snapshots after `since`, up to and with `until`, by some of its columns.

    Args:
        lake: the catalog it lives in, `lake` or `store`.
        table: the table, as it is called at `until`.
        columns: those to give, in order.
        since, until: snapshots, in order.
    """

    lake: str
    table: TableState
    columns: tuple[Column, ...]
    since: int
    until: int

    @property
    def name(self) -> str:
        """The table, for a FROM clause."""
        schema, name = always_quote(self.table.name.schema), always_quote(self.table.name.name)
        return f"{self.lake}.{schema}.{name}"

    @property
    def row_id(self) -> bool:
        """Whether `rowid` is the pseudo column, not one of the user's."""
        return all(column.name.lower() != "rowid" for column in self.table.columns)

    @property
    def weight(self) -> str:
        """The column of signs: WEIGHT, or a longer name where the table has a column of that."""
        taken = {column.name.lower() for column in self.table.columns}
        weight = WEIGHT
        while weight in taken:
            weight += "_"
        return weight

    def at(self, snapshot_id: int) -> str:
        """The table as it was at a snapshot, for a FROM clause."""
        return f"{self.name} AT (VERSION => {int(snapshot_id)})"

    def recorded(self, *, row_id: bool = False, sign: int = 1) -> str:
        """The rows of the lake's own record of changes, each with its sign, as often as touched."""
        return " UNION ALL ".join(
            self._call(function, weight * sign, row_id=row_id)
            for function, weight in ((_INSERTIONS, 1), (_DELETIONS, -1))
        )

    def inserted(self) -> str:
        """The rows that the record says were inserted, with their sign, after their row ids."""
        return self._call(_INSERTIONS, 1, row_id=True)

    def _call(self, function: str, sign: int, *, row_id: bool) -> str:
        picked = self._picked(row_id=row_id)
        return f"SELECT {picked}, {sign}::BIGINT AS {self.weight} FROM {self.calls(function)}"

    def scanned(self, snapshot_id: int, sign: int, condition: str) -> str:
        """Rows of the table at a snapshot under a condition, with a sign, after their row ids."""
        return (
            f"SELECT {self._picked(row_id=True)}, {sign}::BIGINT AS {self.weight} "
            f"FROM {self.at(snapshot_id)} WHERE {condition}"
        )

    def calls(self, function: str) -> str:
        """A call of one of the functions that read the record, for a FROM clause."""
        schema, name = literal(self.table.name.schema), literal(self.table.name.name)
        return f"{function}('{self.lake}', {schema}, {name}, {self.since + 1}, {self.until})"

    def growth(self) -> str:
        """An expression: how many more rows there are after than before."""
        counts = (f"(SELECT count(*) FROM {self.at(at)})" for at in (self.until, self.since))
        return f"({' - '.join(counts)})"

    def checksum(self, relation: str, *, thorough: bool, signed: bool = False) -> str:
        """An expression: a number of rows; those of two states differ by that of their difference.

        It sums the hashes of rowids, almost as fast as counting: the record of a transaction that
        updates rows of its own may hold a row twice. To be thorough, the hashes are of whole rows.

        Args:
            relation: the rows, for a FROM clause.
            thorough: whether to hash whole rows.
            signed: whether they have weights.
        """
        keys = ["rowid"] if self.row_id else []
        if thorough or not self.row_id:
            keys += group_by(self.columns)
        one = f"(hash({', '.join(keys)})::HUGEINT + 1)"  # the hash of row id 0 is 0
        weighed = f"{one} * {self.weight}" if signed else one
        return f"(SELECT coalesce(sum({weighed}), 0) FROM {relation})"

    def compared(self, *, row_id: bool = False, sign: int = 1) -> str:
        """The rows by which both states differ, net, read from the states themselves.

        Right whatever happened in between, and as slow as reading and grouping the table twice.
        """
        picked = self._picked(row_id=row_id)
        states = " UNION ALL ".join(
            f"SELECT {picked}, {weight * sign} AS {self.weight} FROM {self.at(at)}"
            for weight, at in ((1, self.until), (-1, self.since))
        )
        keys = [*(["rowid"] if row_id else []), *group_by(self.columns)]
        return (
            f"SELECT {picked}, sum({self.weight})::BIGINT AS {self.weight} FROM ({states}) "
            f"GROUP BY {', '.join(keys)} HAVING sum({self.weight}) <> 0"
        )

    def net_counts(self, signed: str) -> str:
        """A query of two numbers: how many rows a signed multiset of these columns adds, takes."""
        net = "__mlview_net"
        return (
            f"SELECT coalesce(sum({net}) FILTER ({net} > 0), 0)::BIGINT, "
            f"coalesce(-sum({net}) FILTER ({net} < 0), 0)::BIGINT FROM ("
            f"SELECT sum({self.weight}) AS {net} FROM ({signed}) "
            f"GROUP BY {', '.join(group_by(self.columns))} HAVING sum({self.weight}) <> 0)"
        )

    def repeats(self, signed: str) -> str:
        """A query of whether any two rows of a signed multiset may be the same.

        Rows of different hashes differ: that is much faster to see than to group by all columns.
        """
        names = ", ".join(always_quote(column.name) for column in self.columns)
        return (
            f"SELECT EXISTS (SELECT 1 FROM ({signed}) GROUP BY hash({names}) HAVING count(*) > 1)"
        )

    def counts(self, signed: str) -> str:
        """As `net_counts`, of rows no two of which are the same."""
        return (
            f"SELECT count(*) FILTER ({self.weight} > 0), count(*) FILTER ({self.weight} < 0) "
            f"FROM ({signed})"
        )

    def picked(self, relation: str) -> str:
        """The columns of this feed out of a relation, for a FROM clause."""
        return f"(SELECT {self._picked(row_id=False)} FROM {relation})"

    def _picked(self, *, row_id: bool) -> str:
        names = [always_quote(column.name) for column in self.columns]
        return ", ".join(["rowid", *names] if row_id else names)


def group_by(columns: Iterable[Column]) -> list[str]:
    """What to group rows by, so that only interchangeable ones share a group."""
    return [
        key for column in columns for key in grouping_keys(always_quote(column.name), column.type)
    ]

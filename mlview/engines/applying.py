"""Changing a stored table by signed rows, one to one, inside a transaction of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from mlview.definitions import always_quote
from mlview.engines.exactness import grouping_keys, is_float, same, telling_apart
from mlview.engines.pairing import paired
from mlview.engines.sources import WEIGHT
from mlview.engines.storable import stored_type
from mlview.errors import LakeProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from mlview.records import Column, TableState

RELATIVE = 1e-9
_CANDIDATES = 1_000_000


def mismatch(reason: str, **facts: Any) -> LakeProblem:
    """The delta does not fit the stored rows; nothing was changed."""
    return LakeProblem(
        f"expected a delta of the stored rows, found that {reason}",
        code="DELTA_MISMATCH",
        hint="compute the view anew: REFRESH MATERIALIZED VIEW ... FULL",
        **facts,
    )


@dataclass(frozen=True, slots=True)
class Applying:
    """A stored table and a connection on which a temporary table holds signed rows for it.

    Attributes:
        cursor: the connection.
        table: the stored table, as SQL.
        state: what it was at the snapshot that the rows start from.
        staged: the temporary table.
    """

    cursor: duckdb.DuckDBPyConnection
    table: str
    state: TableState
    staged: str = "staged"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns."""
        return self.state.columns

    def check(self, columns: Sequence[Column]) -> None:
        """Raise DELTA_MISMATCH unless the staged rows and a view's columns fit the table."""
        found = [column.name for column in self.columns]
        if [column.name for column in columns] != found:
            raise mismatch(f"the stored columns are {', '.join(found)}")
        hidden = {"rowid", WEIGHT} & {name.lower() for name in found}
        if hidden:
            raise mismatch(f"a column is called {min(hidden)}")
        for column, stored in zip(columns, self.columns, strict=True):
            if not self._same_type(stored_type(column.type), stored.type):
                raise mismatch(f"the stored column {stored.name} has type {stored.type}")
        staged = [row[0] for row in self._rows(f"DESCRIBE temp.main.{self.staged}")]
        if len(staged) != len(found) + 1 or staged[-1] != WEIGHT:
            raise mismatch(f"the rows of the delta have the columns {', '.join(staged)}")

    def _same_type(self, one: str, other: str) -> bool:
        """Types may be spelled in two ways: quotes around the names of a STRUCT's fields."""
        if one == other:
            return True
        casts = f"DESCRIBE SELECT CAST(NULL AS {one}), CAST(NULL AS {other})"
        first, second = (row[1] for row in self._rows(casts))
        return bool(first == second)

    def net(self) -> tuple[int, int]:
        """Leave the net of the staged rows in `netted`: an id, columns c0, c1, ..., the weight.

        Returns:
            How many rows are to be deleted and inserted.
        """
        staged = [f"s{n}" for n in range(len(self.columns))]
        cast = ", ".join(
            f"CAST({name} AS {column.type}) AS c{n}"
            for n, (name, column) in enumerate(zip(staged, self.columns, strict=True))
        )
        keys = [
            key
            for n, column in enumerate(self.columns)
            for key in grouping_keys(f"c{n}", column.type)
        ]
        self._run(
            "CREATE OR REPLACE TEMP TABLE netted AS SELECT row_number() OVER () AS id, * FROM ("
            f"SELECT {self._own()}, sum(w)::BIGINT AS w FROM ("
            f"SELECT {cast}, w FROM temp.main.{self.staged} AS staged({', '.join(staged)}, w)) "
            f"GROUP BY {', '.join(keys)} HAVING sum(w) <> 0)"
        )
        ((deleted, inserted),) = self._rows(
            "SELECT coalesce(-sum(w) FILTER (w < 0), 0)::BIGINT, "
            "coalesce(sum(w) FILTER (w > 0), 0)::BIGINT FROM netted"
        )
        return deleted, inserted

    def apply(self, deleted: int, inserted: int) -> None:
        """Delete and insert as many rows as `net` said.

        Raises:
            LakeProblem: DELTA_MISMATCH, if a row to delete is not in the table.
        """
        if deleted:
            self.delete(deleted)
        if inserted:
            self.insert()

    def delete(self, wanted: int) -> None:
        """Delete as many rows as `netted` takes away.

        Raises:
            LakeProblem: DELTA_MISMATCH, if a row to delete is not in the table.
        """
        self._match()
        missing = wanted - self._number("SELECT count(*) FROM matched")
        if missing and missing != self._match_nearly():
            raise mismatch(f"{missing} of {wanted} rows to delete are not there", rows=missing)
        self._delete("SELECT row FROM matched", wanted)

    def insert(self) -> None:
        """Insert the rows that `netted` adds."""
        self._run(
            f"INSERT INTO {self.table} ({self._theirs()}) SELECT {self._own()} "
            "FROM (SELECT *, unnest(range(w)) FROM netted WHERE w > 0)"
        )

    def replace_strays(self, wanted: str) -> None:
        """Give the table the rows of another relation, one of its own earlier states.

        Only rows that differ are replaced, so that it remains the same table.
        """
        picked = ", ".join(
            f"{always_quote(column.name)} AS c{n}" for n, column in enumerate(self.columns)
        )
        alike = " AND ".join(
            same(f"head.c{n}", f"base.c{n}", column.type) for n, column in enumerate(self.columns)
        )
        kept = ", ".join(f"base.c{n}" for n in range(len(self.columns)))
        self._run(
            f"CREATE OR REPLACE TEMP TABLE astray AS SELECT head.r AS head, base.r AS base, {kept} "
            f"FROM (SELECT rowid AS r, {picked} FROM {self.table}) AS head "
            f"FULL JOIN (SELECT rowid AS r, {picked} FROM {wanted}) AS base ON head.r = base.r "
            f"WHERE head.r IS NULL OR base.r IS NULL OR NOT ({alike})"
        )
        here = "SELECT head FROM astray WHERE head IS NOT NULL"
        self._delete(here, self._number(f"SELECT count(*) FROM ({here})"))
        self._run(
            f"INSERT INTO {self.table} ({self._theirs()}) "
            f"SELECT {self._own()} FROM astray WHERE base IS NOT NULL"
        )

    def remake(self, wanted: str) -> None:
        """Make the table anew with the rows of another relation."""
        self._run(f"CREATE OR REPLACE TABLE {self.table} AS FROM {wanted}")

    def rows(self) -> int:
        """How many rows the table has."""
        return self._number(f"SELECT count(*) FROM {self.table}")

    def _match(self) -> None:
        """Find a stored row for each row to delete, interchangeable with it."""
        alike = " AND ".join(
            same(f"stored.{always_quote(column.name)}", f"gone.c{n}", column.type)
            for n, column in enumerate(self.columns)
        )
        self._run(
            "CREATE OR REPLACE TEMP TABLE matched AS SELECT id, row FROM ("
            "SELECT gone.id, stored.rowid AS row, gone.w, "
            "row_number() OVER (PARTITION BY gone.id ORDER BY stored.rowid) AS copy "
            f"FROM {self.table} AS stored JOIN netted AS gone ON gone.w < 0 AND {alike}) "
            "WHERE copy <= -w"
        )

    def _match_nearly(self) -> int:
        """Find rows for those still without one, floats being at most RELATIVE apart.

        A float computed again from the same rows may differ in its last digits. Besides, equal
        values suffice: Parquet's dictionaries write 0.0 for -0.0, and 1 month for 30 days. How
        many were found; they are added to `matched`.
        """
        if not any(telling_apart("", column.type) for column in self.columns):
            return 0
        alike = " AND ".join(
            _near(f"stored.{always_quote(column.name)}", f"gone.c{n}", column.type)
            for n, column in enumerate(self.columns)
        )
        candidates = self._rows(
            "SELECT gone.id, stored.rowid, gone.copies "
            f"FROM {self.table} AS stored JOIN ("
            "SELECT netted.*, -w - coalesce(found, 0) AS copies FROM netted "
            "LEFT JOIN (SELECT id, count(*) AS found FROM matched GROUP BY id) USING (id) "
            f"WHERE w < 0 AND coalesce(found, 0) < -w) AS gone ON {alike} "
            f"ANTI JOIN matched ON stored.rowid = matched.row LIMIT {_CANDIDATES + 1}"
        )
        if len(candidates) > _CANDIDATES:
            raise mismatch("too many rows are alike but for the last digits of floats")
        pairs = paired(candidates)
        found = pa.table({"id": [id_ for id_, _ in pairs], "row": [row for _, row in pairs]})
        self.cursor.register("nearly", found)
        self._run("INSERT INTO matched SELECT id, row FROM nearly")
        self.cursor.unregister("nearly")
        return len(pairs)

    def _delete(self, rowids: str, expected: int) -> None:
        deleted = self._number(f"DELETE FROM {self.table} WHERE rowid IN ({rowids})")
        if deleted != expected:
            # DuckLake gives rows of a transaction that updates its own rows one rowid for two.
            raise mismatch(f"{expected} rows of the table have the rowids of {deleted}")

    def _own(self) -> str:
        return ", ".join(f"c{n}" for n in range(len(self.columns)))

    def _theirs(self) -> str:
        return ", ".join(always_quote(column.name) for column in self.columns)

    def _run(self, sql: str) -> None:
        self.cursor.execute(sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.cursor.execute(sql).fetchall()

    def _number(self, sql: str) -> int:
        ((number,),) = self._rows(sql)
        return int(number)


def _near(stored: str, gone: str, type_: str) -> str:
    equal = f"{stored} IS NOT DISTINCT FROM {gone}"
    if not is_float(type_):
        return equal
    one, other = f"{stored}::DOUBLE", f"{gone}::DOUBLE"
    return (
        f"({equal} OR (isfinite({one}) AND isfinite({other}) AND "
        f"abs({one} - {other}) <= {RELATIVE} * greatest(abs({one}), abs({other}))))"
    )

"""Temporary tables of one query's change: made, measured, and dropped whatever happens."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from mlview.definitions import always_quote
from mlview.engines.differencing.rows import measured, netted_signed, repeats
from mlview.engines.readers import TransactionLost
from mlview.engines.sources import WEIGHT
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlview.engines.readers import SnapshotReader
    from mlview.records import Column

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class DeltaTable:
    """A temporary table of net signed rows: its columns, then the weight.

    Attributes:
        name: as SQL.
        columns: without the weight; the first is `rowid` where `rowid` is true.
        inserted, deleted: rows, counting copies.
        copies: the most copies of any row, of either sign.
    """

    name: str
    columns: tuple[Column, ...]
    inserted: int
    deleted: int
    copies: int
    rowid: bool = False

    @property
    def empty(self) -> bool:
        """Whether it has no rows."""
        return not self.inserted and not self.deleted


@dataclass(slots=True)
class Scratch:
    """Where the temporary tables of one query's change are kept."""

    reader: SnapshotReader
    threads: int | None
    _prefix: str = field(default_factory=lambda: f"__mlview_d{next(_numbers)}")
    _made: int = 0
    _tables: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def cleaned_up(self) -> Iterator[None]:
        """Drop what was made inside the block, whatever happens, except what is kept."""
        try:
            yield
        finally:
            self.drop()

    def drop(self) -> None:
        """Drop every table that is not kept."""
        for name, kind in reversed(self._tables.items()):
            with suppress(MlviewError, TransactionLost):
                self.reader.run(f"DROP {kind} IF EXISTS {name}")
        self._tables.clear()

    def keep(self, name: str) -> None:
        """Leave one table when all others are dropped."""
        del self._tables[name]

    def table_of(self, sql: str) -> str:
        """The name of a new table with the rows of a query."""
        name = self._named()
        self.reader.run(f"CREATE TEMP TABLE {name} AS {sql}", threads=self.threads)
        return name

    def view_of(self, sql: str) -> str:
        """The name of a new view of a query."""
        name = self._named("VIEW")
        self.reader.run(f"CREATE TEMP VIEW {name} AS {sql}")
        return name

    def empty(self, columns: Sequence[Column]) -> DeltaTable:
        """A new table of no signed rows."""
        name = self._named()
        kinds = [f"{always_quote(column.name)} {column.type}" for column in columns]
        self.reader.run(f"CREATE TEMP TABLE {name} ({', '.join([*kinds, f'{WEIGHT} BIGINT'])})")
        return DeltaTable(name, tuple(columns), 0, 0, 0)

    def signed(self, sql: str, columns: Sequence[Column], *, rowid: bool = False) -> DeltaTable:
        """A new table with the rows of a query that ends with a weight."""
        return self._measured(self.table_of(sql), columns, rowid=rowid)

    def net(self, name: str, columns: Sequence[Column], *, rowid: bool = False) -> DeltaTable:
        """The net of a table or view of signed rows: itself, if no two of its rows are the same."""
        if self.reader.run(repeats(name, [column.name for column in columns]))[0][0]:
            kinds = [(column.name, column.type) for column in columns]
            name = self.table_of(netted_signed(f"FROM {name}", kinds))
        return self._measured(name, columns, rowid=rowid)

    def _measured(self, name: str, columns: Sequence[Column], *, rowid: bool) -> DeltaTable:
        found = [int(number or 0) for number in self.reader.run(measured(name))[0]]
        inserted, deleted, most, least = found
        copies = max(most, -least)
        return DeltaTable(name, tuple(columns), inserted, -deleted, copies, rowid)

    def has_rows(self, name: str) -> bool:
        """Whether a table has any rows."""
        return bool(self.reader.run(f"SELECT 1 FROM {name} LIMIT 1"))

    def _named(self, kind: str = "TABLE") -> str:
        self._made += 1
        name = f'temp.main."{self._prefix}_{self._made}"'
        self._tables[name] = kind
        return name

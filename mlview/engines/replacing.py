"""Replacing whole rows of a stored table by their keys, inside a transaction of the store."""

from __future__ import annotations

from dataclasses import dataclass

from mlview.definitions import always_quote
from mlview.engines.applying import Applying, mismatch
from mlview.engines.sources import WEIGHT


@dataclass(frozen=True, slots=True)
class Replacing(Applying):
    """A stored table with one row for each key, and staged rows of keys that go and that come.

    Such rows are net as they are, and one pass finds those that go.

    Attributes:
        keys: the columns that tell rows apart; none: there is one row at most.
    """

    keys: tuple[str, ...] = ()

    def net(self) -> tuple[int, int]:
        """How many rows are to be deleted and inserted."""
        ((deleted, inserted),) = self._rows(
            f"SELECT count(*) FILTER ({WEIGHT} < 0), count(*) FILTER ({WEIGHT} > 0) "
            f"FROM temp.main.{self.staged}"
        )
        return deleted, inserted

    def delete(self, wanted: int) -> None:
        """Delete the rows of the keys that go.

        Raises:
            LakeProblem: DELTA_MISMATCH, if there is not one row for each.
        """
        names = map(always_quote, self.keys)
        alike = [f"stored.{name} IS NOT DISTINCT FROM gone.{name}" for name in names]
        deleted = self._number(
            f"DELETE FROM {self.table} AS stored USING temp.main.{self.staged} AS gone "
            f"WHERE {' AND '.join([*alike, f'gone.{WEIGHT} < 0'])}"
        )
        if deleted != wanted:
            raise mismatch(f"{wanted} rows to delete are {deleted}", rows=abs(wanted - deleted))

    def insert(self) -> None:
        """Insert the rows that come."""
        staged = [row[0] for row in self._rows(f"DESCRIBE temp.main.{self.staged}")]
        picked = ", ".join(always_quote(name) for name in staged if name != WEIGHT)
        self._run(
            f"INSERT INTO {self.table} ({self._theirs()}) "
            f"SELECT {picked} FROM temp.main.{self.staged} WHERE {WEIGHT} > 0"
        )

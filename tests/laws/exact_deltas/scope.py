"""What an expression may refer to, and a DuckDB that knows the columns of every query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb
from exact_deltas.values import Column, kind_of, quoted

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.scenarios import Scenario


class Refused(Exception):
    """DuckDB does not take this query."""


@dataclass(frozen=True, slots=True)
class Item:
    """A relation in a FROM clause: what it is called there, and its columns."""

    alias: str
    columns: tuple[Column, ...]

    def refer(self, column: Column) -> str:
        """The column, qualified."""
        return f"{quoted(self.alias)}.{quoted(column.name)}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The relations of a block, and those of the blocks around it.

    Attributes:
        items: its own relations.
        outer: those of the blocks around it.
        merged: the columns that USING made of two.
        bare: whether columns go without the name of their relation where that is clear.
    """

    items: tuple[Item, ...]
    outer: tuple[Item, ...] = ()
    merged: tuple[Column, ...] = ()
    bare: bool = False

    def columns(self, *kinds: str) -> list[str]:
        """References to the columns of the block itself, of some kinds or all."""
        merged = [quoted(one.name) for one in self.merged if not kinds or one.kind in kinds]
        return self._references(self.items, kinds) + merged

    def outer_columns(self, *kinds: str) -> list[str]:
        """The same of the blocks around it."""
        return self._references(self.outer, kinds)

    @property
    def everything(self) -> list[str]:
        """Keys that tell any two rows apart, -0.0 and 0.0 too."""
        pairs = [(item, column) for item in self.items for column in item.columns]
        texts = [
            f"{item.refer(column)}::VARCHAR"
            for item, column in pairs
            if column.kind in ("float", "span", "other")
        ]
        return [item.refer(column) for item, column in pairs] + texts

    def _references(self, items: tuple[Item, ...], kinds: tuple[str, ...]) -> list[str]:
        return [
            quoted(column.name) if self.bare and self._is_clear(column) else item.refer(column)
            for item in items
            for column in item.columns
            if not kinds or column.kind in kinds
        ]

    def _is_clear(self, column: Column) -> bool:
        """Whether nothing else here goes by the name of a column."""
        name, around = column.name.lower(), (*self.items, *self.outer)
        named = [one.name.lower() for item in around for one in item.columns]
        return named.count(name) == 1 and all(item.alias.lower() != name for item in around)


@dataclass(slots=True)
class World:
    """The tables and views there are, without rows, to ask for the columns of queries."""

    scenario: Scenario
    connection: duckdb.DuckDBPyConnection
    relations: dict[str, tuple[Column, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario) -> World:
        """One that has the scenario's tables."""
        connection = duckdb.connect(config={"threads": 1})
        connection.execute("SET TimeZone = 'UTC'; SET autoinstall_known_extensions = false")
        connection.execute("SET scalar_subquery_error_on_multiple_rows = true")
        connection.execute("CREATE MACRO refresh_time() AS TIMESTAMPTZ '2024-03-01 00:00:00+00'")
        world = cls(scenario, connection)
        for table in scenario.tables:
            connection.execute(table.create)
            world.relations[table.name] = table.shown
        return world

    def columns(self, query: str) -> tuple[Column, ...]:
        """The columns of a query.

        Raises:
            Refused: DuckDB does not bind it, or two columns have one name.
        """
        try:
            rows = self.connection.execute(f"DESCRIBE {query}").fetchall()
        except duckdb.Error as error:
            raise Refused(str(error)) from error
        found = tuple(Column(row[0], kind_of(row[1])) for row in rows)
        if len({column.name.lower() for column in found}) < len(found):
            raise Refused("two columns of one name")
        return found

    def add_view(self, name: str, query: str) -> None:
        """Keep a view over what there is."""
        columns = self.columns(query)
        self.connection.execute(f"CREATE VIEW {quoted(name)} AS {query}")
        self.scenario.views.append(f"CREATE VIEW {quoted(name)} AS {query}")
        self.relations[name] = columns


def pick(rng: Random, *weighted: tuple[float, str]) -> str:
    """One of several words, by weight."""
    return rng.choices([word for _, word in weighted], [weight for weight, _ in weighted])[0]

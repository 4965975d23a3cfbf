"""Random tables, their rows, views over them, and statements that change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exact_deltas.values import DOMAINS, Column, kind_of, literal, quoted

if TYPE_CHECKING:
    from random import Random

TABLE_NAMES = ("t", "u", "v", "w", "k", "Big Table", 'odd"na.me', "g")
COLUMN_NAMES = ("k", "g", "a", "b", "c", "d", "e", "A b", 'q"x', "t", "u", "order", "Ä")
COLUMN_NAMES += ("k0", "c0", "w", "t", "u", "x")


@dataclass(frozen=True, slots=True)
class Table:
    """A base table: its name and its columns with their types."""

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def create(self) -> str:
        """The statement that makes it."""
        columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in self.columns)
        return f"CREATE TABLE {quoted(self.name)} ({columns})"

    @property
    def shown(self) -> tuple[Column, ...]:
        """Its columns as expressions see them."""
        return tuple(Column(name, _kind(type_)) for name, type_ in self.columns)


@dataclass(slots=True)
class Scenario:
    """Tables, and statements in transactions that fill and then change them.

    With `ambiguous`, values occur that are equal to others and answer differently: 0.0 and -0.0,
    a month and 30 days.
    """

    tables: list[Table]
    filling: dict[str, list[str]]
    changes: list[list[str]]
    ambiguous: bool
    views: list[str] = field(default_factory=list)

    @property
    def setup(self) -> list[str]:
        """The statements before the first snapshot."""
        filled = [
            f"INSERT INTO {quoted(name)} VALUES {', '.join(rows)}"
            for name, rows in self.filling.items()
            if rows
        ]
        return [*(table.create for table in self.tables), *filled, *self.views]


def scenario(rng: Random) -> Scenario:
    """A random one."""
    ambiguous = rng.random() < 0.15
    names = rng.sample(TABLE_NAMES[:4], 2) + rng.sample(TABLE_NAMES, rng.randint(0, 2))
    tables = [_table(rng, name) for name in dict.fromkeys(names)]
    filling = {
        table.name: _rows(rng, table, rng.choice((0, 4, 8, 8, 16, 16)), ambiguous)
        for table in tables
    }
    touched = rng.choices(tables, k=rng.randint(1, 3)) + (tables if rng.random() < 0.6 else [])
    changes = [_transaction(rng, table, tables, ambiguous) for table in touched]
    return Scenario(tables, filling, changes, ambiguous)


def _kind(type_: str) -> str:
    return "zoned" if type_ == "TIMESTAMPTZ" else kind_of(type_)


def _table(rng: Random, name: str) -> Table:
    columns = {"k": rng.choice((*["INTEGER"] * 5, "BIGINT", "VARCHAR", "DOUBLE"))}
    columns["g"] = rng.choice(("INTEGER", "VARCHAR", "VARCHAR", "DATE"))
    for other in rng.sample(COLUMN_NAMES[2:], rng.randint(1, 5)):
        columns[other] = rng.choice(tuple(DOMAINS))
    return Table(name, tuple(columns.items()))


def _row(rng: Random, table: Table, ambiguous: bool) -> str:
    values = (literal(rng, type_, ambiguous=ambiguous) for _, type_ in table.columns)
    return f"({', '.join(values)})"


def _rows(rng: Random, table: Table, rows: int, ambiguous: bool) -> list[str]:
    """Rows, some of them twice."""
    distinct = [_row(rng, table, ambiguous) for _ in range(rows)]
    return distinct + rng.sample(distinct, rng.randint(0, len(distinct) // 3))


def _insert(rng: Random, table: Table, rows: int, ambiguous: bool) -> str:
    return (
        f"INSERT INTO {quoted(table.name)} VALUES {', '.join(_rows(rng, table, rows, ambiguous))}"
    )


def _transaction(rng: Random, table: Table, tables: list[Table], ambiguous: bool) -> list[str]:
    if rng.random() < 0.15:
        return _cancelling(rng, table, ambiguous)
    others = rng.choices(tables, k=rng.choice((0, 0, 0, 1, 2)))
    return [_statement(rng, each, ambiguous) for each in (table, *others)]


def _cancelling(rng: Random, table: Table, ambiguous: bool) -> list[str]:
    """Changes after which everything is as it was."""
    name, column = quoted(table.name), quoted(table.columns[0][0])
    numbers = [other for other, type_ in table.columns if type_ in ("INTEGER", "DECIMAL(9,2)")]
    if numbers and rng.random() < 0.5:
        number = quoted(rng.choice(numbers))
        return [f"UPDATE {name} SET {number} = {number} {sign} 1" for sign in "+-"]
    if rng.random() < 0.5:
        return [f"UPDATE {name} SET {column} = {column}"]
    added = _insert(rng, table, 2, ambiguous)
    return [f"DELETE FROM {name} WHERE {column} IS NULL", added, f"DELETE FROM {name}"]


def _condition(rng: Random, table: Table, ambiguous: bool) -> str:
    name, type_ = rng.choice(table.columns)
    value = literal(rng, type_, ambiguous=ambiguous, nulls=0)
    choices = [f"{quoted(name)} = {value}", f"{quoted(name)} IS NULL", f"{quoted(name)} > {value}"]
    return rng.choice([*choices, f"{quoted(name)} IS DISTINCT FROM {value}", "TRUE"])


def _statement(rng: Random, table: Table, ambiguous: bool) -> str:
    name, where = quoted(table.name), _condition(rng, table, ambiguous)
    column, type_ = rng.choice(table.columns)
    value = literal(rng, type_, ambiguous=ambiguous)
    roll = rng.random()
    if roll < 0.35:
        return _insert(rng, table, rng.randint(1, 4), ambiguous)
    if roll < 0.6:
        return f"UPDATE {name} SET {quoted(column)} = {value} WHERE {where}"
    if roll < 0.8:
        return f"DELETE FROM {name} WHERE {where}"
    if roll < 0.86:
        return f"INSERT INTO {name} FROM {name} WHERE {where}"
    if roll < 0.9:
        return f"DELETE FROM {name}"
    return _merge(rng, table, ambiguous)


def _merge(rng: Random, table: Table, ambiguous: bool) -> str:
    key = quoted(table.columns[0][0])
    other, type_ = rng.choice(table.columns[1:])
    row = _row(rng, table, ambiguous)
    columns = ", ".join(quoted(name) for name, _ in table.columns)
    matched = rng.choice(
        ("DELETE", f"UPDATE SET {quoted(other)} = {literal(rng, type_, ambiguous=ambiguous)}")
    )
    inserted = ", ".join(f"s.{quoted(name)}" for name, _ in table.columns)
    return (
        f"MERGE INTO {quoted(table.name)} AS m USING (VALUES {row}) s({columns}) "
        f"ON m.{key} = s.{key} WHEN MATCHED THEN {matched} "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({inserted})"
    )

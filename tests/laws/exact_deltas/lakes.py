"""Carrying out a scenario: in the lake of an engine, and on copies that know nothing of mlview."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from exact_deltas.law import NEW_TIME, OLD_TIME, Law
from exact_deltas.values import quoted

from mlview.definitions import Name, fold
from mlview.engines.settings import DEFINITION_SETTINGS
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from exact_deltas.scenarios import Scenario

    from mlview.engines import DuckLakeEngine
    from mlview.engines.differencing import Resolve
    from mlview.engines.sources import Source


def carry_out(engine: DuckLakeEngine, scenario: Scenario) -> list[int]:
    """Make the tables in an emptied lake, fill and change them; gives the snapshots."""
    with engine.connection() as connection:
        connection.begin()
        for kind, name in _existing(engine):
            connection.run(f"DROP {kind} {quoted(name.schema)}.{quoted(name.name)}")
        connection.run("DROP SCHEMA IF EXISTS other")
        for sql in scenario.setup:
            connection.run(sql)
        connection.commit()
        snapshots = [engine.current_snapshot().id]
        for transaction in scenario.changes:
            connection.begin()
            try:
                for sql in transaction:
                    connection.run(sql)
                connection.commit()
            except MlviewError:
                connection.rollback()
            snapshots.append(engine.current_snapshot().id)
    return snapshots


def law_in_lake(
    engine: DuckLakeEngine,
    since: int,
    until: int,
    views: Iterable[str] = (),
    times: tuple[datetime, datetime] = (OLD_TIME, NEW_TIME),
) -> Law:
    """The law between two snapshots of a lake; `views` are the statements that made its views."""
    old = copy_of(engine, since, views, times[0])
    new = copy_of(engine, until, views, times[1])
    reader = engine.workbench(until, refresh_time=times[1])
    return Law(reader, resolver(engine, since, until), old, new, times)


def resolver(engine: DuckLakeEngine, since: int, until: int) -> Resolve:
    """Finds the tables and views of the lake."""
    views = engine.views(until)

    def resolve(catalog: str | None, schema: str | None, table: str) -> Source | str:
        main = schema is None or (catalog is None and fold(schema) == "lake")
        name = Name(table) if main or schema is None else Name(table, schema)
        return views[name] if name in views else engine.source(name, since, until)

    return resolve


def copy_of(
    engine: DuckLakeEngine, snapshot: int, views: Iterable[str], refresh_time: datetime
) -> duckdb.DuckDBPyConnection:
    """A plain DuckDB with the rows of a snapshot, to ask what is right.

    The statements themselves would not do: outside of a lake, DuckDB leaves a value alone that an
    UPDATE replaces by an equal one, such as a month by 30 days.
    """
    copy = duckdb.connect(config={"threads": 1})
    for name, value in DEFINITION_SETTINGS.items():
        copy.execute(f"SET GLOBAL {name} = '{value}'")
    copy.execute("ATTACH ':memory:' AS lake; USE lake")
    moment = refresh_time.isoformat()
    copy.execute(f"CREATE TEMP MACRO refresh_time() AS TIMESTAMPTZ '{moment}'")
    with engine.reader(snapshot, refresh_time=refresh_time) as reader:
        for name in engine.tables(snapshot):
            table = f"{quoted(name.schema)}.{quoted(name.name)}"
            copy.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(name.schema)}")
            copy.register("rows", reader.table(f"FROM lake.{table}"))
            copy.execute(f"CREATE TABLE {table} AS FROM rows")
            copy.unregister("rows")
    for sql in views:
        copy.execute(sql)
    return copy


def _existing(engine: DuckLakeEngine) -> list[tuple[str, Name]]:
    now = engine.current_snapshot().id
    views = [("VIEW", name) for name in engine.views(now)]
    return [*views, *(("TABLE", name) for name in engine.tables(now))]

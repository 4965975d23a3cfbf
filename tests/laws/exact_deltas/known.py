"""TPC-H and TPC-DS: their data in a lake, changed at random, and their queries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
from exact_deltas.lakes import law_in_lake as law_between
from exact_deltas.memory import empty_instance, law_of_states

from mlview.engines.extensions import extension_path
from mlview.sql import break_ties

if TYPE_CHECKING:
    from random import Random

    from exact_deltas.law import Law

    from mlview.engines import DuckLakeEngine

_LIMIT = re.compile(r"\s+LIMIT\s+\d+\s*;?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A set of tables that an extension of DuckDB generates, with queries over them.

    Attributes:
        extension: the extension, which has a function `<extension>_queries()`.
        generator: its procedure that makes the data.
        changed: the tables that changes are made to, with the columns that say which row is meant.
    """

    extension: str
    generator: str
    changed: dict[str, tuple[str, ...]]

    def generate(self, instance: duckdb.DuckDBPyConnection, scale: float) -> None:
        """Make its tables in the catalog that is in use."""
        instance.load_extension(str(extension_path(self.extension, duckdb.__version__)))
        instance.execute(f"CALL {self.generator}(sf={scale})")

    def queries(self) -> dict[int, str]:
        """Its queries by number."""
        copy = duckdb.connect()
        copy.load_extension(str(extension_path(self.extension, duckdb.__version__)))
        rows = copy.execute(f"FROM {self.extension}_queries()").fetchall()
        return {number: text.strip().rstrip(";") for number, text in rows}


TPCH = Benchmark(
    "tpch",
    "dbgen",
    {
        "lineitem": ("l_orderkey", "l_linenumber"),
        "orders": ("o_orderkey",),
        "customer": ("c_custkey",),
        "partsupp": ("ps_partkey", "ps_suppkey"),
        "part": ("p_partkey",),
        "supplier": ("s_suppkey",),
    },
)
TPCDS = Benchmark(
    "tpcds",
    "dsdgen",
    {
        "store_sales": ("ss_item_sk", "ss_ticket_number"),
        "store_returns": ("sr_item_sk", "sr_ticket_number"),
        "catalog_sales": ("cs_item_sk", "cs_order_number"),
        "catalog_returns": ("cr_item_sk", "cr_order_number"),
        "web_sales": ("ws_item_sk", "ws_order_number"),
        "web_returns": ("wr_item_sk", "wr_order_number"),
        "inventory": ("inv_date_sk", "inv_item_sk"),
        "customer": ("c_customer_sk",),
        "customer_address": ("ca_address_sk",),
        "item": ("i_item_sk",),
    },
)


def without_limit(query: str) -> str:
    """The query with all of its rows; their order does not matter."""
    return _LIMIT.sub("", query)


def with_ties_broken(query: str, columns: int) -> str:
    """The query as a definition of mlview runs."""
    return break_ties(query, columns)


def law_in_memory(benchmark: Benchmark, scale: float, rng: Random) -> Law:
    """Fill tables in memory, change them, and check queries on that."""
    instance = empty_instance()
    instance.execute("ATTACH ':memory:' AS before; USE before")
    benchmark.generate(instance, scale)
    statements = changes(rng, instance, benchmark)
    instance.execute("ATTACH ':memory:' AS lake; COPY FROM DATABASE before TO lake; USE lake")
    for sql in statements:
        instance.execute(sql)
    return law_of_states(instance)


def law_in_lake(engine: DuckLakeEngine, benchmark: Benchmark, scale: float, rng: Random) -> Law:
    """Fill the lake, change it, and check queries on that."""
    made = empty_instance()
    benchmark.generate(made, scale)
    names = [row[0] for row in made.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    with engine.connection() as connection:
        connection.begin()
        for name in names:
            connection.bind_table("filling", made.execute(f"FROM {name}").to_arrow_table())
            connection.run(f"CREATE TABLE {name} AS FROM filling")
        connection.commit()
        since = engine.current_snapshot().id
        for sql in changes(rng, made, benchmark):
            connection.run(sql)
    made.close()
    return law_between(engine, since, engine.current_snapshot().id)


def changes(rng: Random, copy: duckdb.DuckDBPyConnection, benchmark: Benchmark) -> list[str]:
    """In every table, rows deleted, inserted once more, and updated with values of other rows."""
    return [sql for table in benchmark.changed for sql in _of_table(rng, copy, benchmark, table)]


def _of_table(
    rng: Random, copy: duckdb.DuckDBPyConnection, benchmark: Benchmark, table: str
) -> list[str]:
    keys = ", ".join(benchmark.changed[table])
    ((rows,),) = copy.execute(f"SELECT count(*) FROM {table}").fetchall()
    every = max(rows // 20, 7)

    def some() -> str:
        return f"hash({keys}) % {every} = {rng.randrange(every)}"

    columns = [row[0] for row in copy.execute(f"DESCRIBE {table}").fetchall()]
    others = rng.sample([name for name in columns if name not in benchmark.changed[table]], 2)
    values = [_value(rng, copy, table, name) for name in others]
    updates = [
        f"UPDATE {table} SET {name} = {value} WHERE {some()}"
        for name, value in zip(others, values, strict=True)
    ]
    return [
        f"DELETE FROM {table} WHERE {some()}",
        f"INSERT INTO {table} FROM {table} WHERE {some()}",
        *updates,
    ]


def _value(rng: Random, copy: duckdb.DuckDBPyConnection, table: str, column: str) -> str:
    """A value that the column has somewhere."""
    order = f"hash({column}, {rng.randint(0, 99)})"
    some = f"SELECT {column}::VARCHAR FROM {table} ORDER BY {order} LIMIT 1"
    ((value,),) = copy.execute(some).fetchall()
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"

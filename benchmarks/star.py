"""The star of the maintenance benchmark: flights, weather, planes, and how flights change."""

from __future__ import annotations

from typing import Any, NamedTuple

NUMBERS = 11
QUERY = f"""SELECT {", ".join(f"f.x{i}" for i in range(NUMBERS))}, f.carrier, f.dest,
       w.temp, w.humid, w.wind, w.pressure, p.seats, p.year, p.kind,
       f.delay
FROM flights f JOIN weather w USING (origin, hour) JOIN planes p USING (tailnum)"""
MODEL = f"CREATE MODEL ridge PREDICT delay USING Ridge AS {QUERY}"
VIEW = """CREATE MATERIALIZED VIEW by_day AS
SELECT f.carrier, f.hour // 24 AS day, count(*) AS flights, avg(f.delay) AS delay,
       max(f.x1) AS longest, avg(w.temp) AS temp
FROM flights f JOIN weather w USING (origin, hour) GROUP BY ALL"""


def make(path: str, rows: int) -> None:
    """A star: flights with 11 numbers and 2 categories, weather and planes."""
    import mlview

    numbers = ", ".join(
        f"(hash(i * 31 + {k}) % 100000) / {10.0 ** (k % 4)} AS x{k}" for k in range(NUMBERS)
    )
    with mlview.connect(path) as db:
        db.sql(
            """CREATE TABLE weather AS SELECT origin, hour,
            (hash(hour * 3 + o) % 400) / 10.0 AS temp,
            (hash(hour * 5 + o) % 1000) / 10.0 AS humid, (hash(hour * 7 + o) % 300) / 10.0 AS wind,
            1000 + (hash(hour * 11 + o) % 400) / 10.0 AS pressure
            FROM range(8760) h(hour), (VALUES (0, 'EWR'), (1, 'JFK'), (2, 'LGA')) o(o, origin)"""
        )
        db.sql(
            """CREATE TABLE planes AS SELECT 'N' || t AS tailnum, 50 + hash(t) % 300 AS seats,
            1980 + hash(t * 3) % 33 AS year, 'kind ' || (hash(t * 5) % 60) AS kind
            FROM range(3000) p(t)"""
        )
        db.sql(f"CREATE TABLE flights AS {_flights(numbers, f'range({rows}) r(i)')}")


def _flights(numbers: str, source: str) -> str:
    return f"""SELECT i AS id, {numbers}, 'c' || (hash(i * 17) % 16) AS carrier,
        'd' || (hash(i * 19) % 105) AS dest, ['EWR', 'JFK', 'LGA'][1 + (hash(i * 23) % 3)::INT]
        AS origin, (hash(i * 29) % 8760)::BIGINT AS hour, 'N' || (hash(i * 37) % 3000) AS tailnum,
        (hash(i * 31) % 100) / 10.0 + (hash(i * 41) % 1000) / 100.0 AS delay FROM {source}"""


class Changed(NamedTuple):
    """Which flights changed, by id, so many each: deleted, then updated, and inserted."""

    deleted_from: int
    inserted_from: int
    each: int


def change(db: Any, rows: int, share: float, turn: int) -> Changed:
    """Change a share of the flights: a third inserted, a third deleted, a third updated."""
    part = max(1, round(rows * share / 3))
    numbers = ", ".join(
        f"(hash(i * 31 + {k}) % 100000) / {10.0 ** (k % 4)} AS x{k}" for k in range(NUMBERS)
    )
    first = 10 * rows + turn * rows
    with db.transaction():
        low = (turn * 7919 * 13) % (rows - 3 * part)
        db.sql(f"DELETE FROM flights WHERE id >= {low} AND id < {low + part}")
        db.sql(
            f"UPDATE flights SET delay = delay + 1, x0 = x0 / 2 "
            f"WHERE id >= {low + part} AND id < {low + 2 * part}"
        )
        source = f"(SELECT range AS i FROM range({first}, {first + part}))"
        db.sql(f"INSERT INTO flights {_flights(numbers, source)}")
    return Changed(low, first, part)

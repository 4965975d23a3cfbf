"""Types of columns and small domains of values, so that joins and groups hit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

DOMAINS = {
    "INTEGER": ("0", "1", "2", "3", "-1", "7"),
    "BIGINT": ("0", "1", "2", "4", "9007199254740993", "9007199254740994", "-5"),
    "DOUBLE": ("0.0", "1.0", "2.0", "0.5", "-1.25", "'nan'", "'inf'", "'-inf'", "3.0"),
    "DECIMAL(9,2)": ("0.00", "1.00", "1.10", "-2.50", "100.01"),
    "VARCHAR": ("''", "'a'", "'b'", "'ab'", "'A'", "'ä€😀'", "'NULL'", "'1'", "'a%_'"),
    "BOOLEAN": ("TRUE", "FALSE"),
    "DATE": ("'2024-02-28'", "'2024-02-29'", "'2024-03-01'", "'1969-12-31'"),
    "TIMESTAMP": (
        "'2024-02-28 00:00:00'",
        "'2024-02-29 12:00:00.5'",
        "'2024-03-01 00:00:00'",
        "'2024-03-02 23:59:59.999999'",
    ),
    "TIMESTAMPTZ": (
        "'2024-02-28 00:00:00+00'",
        "'2024-02-29 12:00:00+02'",
        "'2024-02-29 10:00:00+00'",
        "'2024-03-01 00:00:00+00'",
        "'2024-03-02 12:00:00+00'",
        "'2024-03-03 12:00:00+00'",
    ),
    "INTERVAL": ("'1 day'", "'2 hours'", "'1 month'", "'0 days'"),
    "INTEGER[]": ("[1, 2]", "[]", "[NULL, 1]", "[2, 1]", "[3]"),
    "STRUCT(k INTEGER, g VARCHAR)": (
        "{'k': 1, 'g': 'a'}",
        "{'k': NULL, 'g': ''}",
        "{'k': 2, 'g': 'b'}",
    ),
}
# Values that DuckDB calls equal to others of their type, and that answer differently.
AMBIGUOUS = {"DOUBLE": ("-0.0", "-0.0"), "INTERVAL": ("'30 days'", "'24 hours'")}
KINDS = {
    "INTEGER": "int",
    "BIGINT": "int",
    "HUGEINT": "int",
    "SMALLINT": "int",
    "UBIGINT": "int",
    "DOUBLE": "float",
    "VARCHAR": "text",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "moment",
    "TIMESTAMP WITH TIME ZONE": "zoned",
    "INTERVAL": "span",
    "INTEGER[]": "list",
    "STRUCT(k INTEGER, g VARCHAR)": "struct",
}
LITERAL_TYPES = {
    "int": "INTEGER",
    "float": "DOUBLE",
    "decimal": "DECIMAL(9,2)",
    "text": "VARCHAR",
    "bool": "BOOLEAN",
    "date": "DATE",
    "moment": "TIMESTAMP",
    "zoned": "TIMESTAMPTZ",
    "span": "INTERVAL",
    "list": "INTEGER[]",
    "struct": "STRUCT(k INTEGER, g VARCHAR)",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation: its name, and what may be done with its values."""

    name: str
    kind: str


def kind_of(type_: str) -> str:
    """What may be done with values of a type; `other` if only passing them on."""
    if type_.startswith("DECIMAL"):
        return "decimal"
    return KINDS.get(type_, "other")


def quoted(name: str) -> str:
    """The name as an identifier; plain where it may be, as people write."""
    plain = name.isidentifier() and name.isascii() and name not in {"select", "order"}
    return name if plain else '"' + name.replace('"', '""') + '"'


def literal(rng: Random, type_: str, *, ambiguous: bool = False, nulls: float = 0.2) -> str:
    """A value of a type, often NULL."""
    if rng.random() < nulls:
        return f"NULL::{type_}"
    domain = DOMAINS[type_] + (AMBIGUOUS.get(type_, ()) if ambiguous else ())
    return f"{rng.choice(domain)}::{type_}"

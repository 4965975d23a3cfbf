"""Who is held out is decided by who a row is: the same everywhere, and without a pattern."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlview.definitions import HoldoutShare, Model, Name
from mlview.observation.identities import (
    BY_ROW_ID,
    BY_TEXT,
    ROW_ID,
    as_recorded,
    bucket,
    identity_of,
    numbers_of,
)
from mlview.records import Column

TABLE = Name("t")
COLUMNS = (Column("k", "INTEGER"), Column("y", "DOUBLE"))
JOIN = "SELECT k, y FROM t JOIN u USING (k)"


def model(**clauses):
    return Model(name=Name("m"), query=JOIN, target="y", method=None, **clauses)


def rule(**clauses):
    return identity_of(model(**clauses), [TABLE]).rule


def numbers(ids, identity=None):
    """The numbers that DuckDB gives to row ids."""
    definition = model()
    text = bucket(definition, identity or identity_of(definition, [TABLE]), COLUMNS)
    rows = duckdb.sql(f"SELECT ({text}) AS n FROM (SELECT unnest(?::BIGINT[]) AS {ROW_ID})",
                      params=[list(ids)])  # fmt: skip
    return np.array([n for (n,) in rows.fetchall()])


def lowbias32(number):
    """Wellons' mixer, in Python's whole numbers."""
    bits = 0xFFFFFFFF
    x = (number & bits) ^ ((((number >> 32) & bits) * 0x1E3779B9) & bits)
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & bits
    x = ((x ^ (x >> 15)) * 0x846CA68B) & bits
    return (x ^ (x >> 16)) / 2**32


def test_row_ids_are_mixed_as_documented_at_the_ends_of_their_range_too():
    ids = [0, 1, 2, 1000, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**53 + 7, 2**63 - 1, -1, -(2**63)]
    assert numbers(ids).tolist() == [lowbias32(n) for n in ids]
    assert numbers([None]).tolist() == [lowbias32(-1)]


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 2**33) | st.none()))
def test_row_ids_that_are_here_get_the_numbers_that_sql_gives_them(ids):
    found = numbers_of(pa.array(ids, pa.int64()))
    assert found.to_pylist() == [lowbias32(-1 if n is None else n) for n in ids]


def test_no_two_row_ids_of_a_table_share_a_number():
    found = numbers(range(200_000))
    assert len(set(found)) == 200_000
    assert found.min() >= 0.0
    assert found.max() < 1.0


@pytest.mark.parametrize("step", [1, 2, 7, 10, 128, 1000, 4096, 65536])
@pytest.mark.parametrize("start", [0, 10**6, 2**33])
def test_row_ids_in_any_step_fall_evenly_into_a_hundred_bins(start, step):
    found = numbers(range(start, start + 20_000 * step, step))
    counts = np.bincount((found * 100).astype(int), minlength=100)
    # Chi-squared with 99 degrees of freedom is between these in all but 1 of 10^6 samples.
    assert 44 < ((counts - 200) ** 2 / 200).sum() < 180


@pytest.mark.parametrize("lag", [1, 2, 3, 8, 64, 1000, 2048, 122_880])
def test_who_is_held_out_says_nothing_of_a_neighbour(lag):
    held = numbers(range(200_000)) < 0.2
    share = (held[lag:] & held[:-lag]).mean()
    assert share == pytest.approx(0.04, abs=5 * np.sqrt(0.04 * 0.96 / (len(held) - lag)))


def test_row_ids_are_mixed_and_all_else_is_hashed_as_text():
    assert rule() == BY_ROW_ID
    assert rule(key=("k",)) == BY_TEXT
    assert rule(holdout=HoldoutShare(0.2)) == BY_ROW_ID
    assert rule(holdout=HoldoutShare(0.2, by=("k",))) == BY_TEXT
    assert identity_of(model(), []).rule == BY_TEXT


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"holdout": {"by": "identity", "hash": BY_TEXT}}, BY_TEXT),
        ({"holdout": {"by": "identity", "hash": BY_ROW_ID}}, BY_ROW_ID),
        ({"holdout": {"by": "time", "column": "at"}}, BY_TEXT),
        ({}, BY_TEXT),
    ],
)
def test_a_version_keeps_the_rule_it_was_made_with(details, expected):
    identity = identity_of(model(), [TABLE])
    assert as_recorded(identity, SimpleNamespace(details=details)).rule == expected
    assert as_recorded(identity, None) is identity


def test_the_rule_before_hashes_row_ids_as_text():
    identity = as_recorded(identity_of(model(), [TABLE]), SimpleNamespace(details={}))
    expected = duckdb.sql("SELECT (md5_number_lower('2:17') >> 12)::DOUBLE / 4503599627370496.0")
    assert numbers([17], identity).tolist() == [expected.fetchone()[0]]

"""The queries of TPC-H and TPC-DS over data that changes: what was, and the delta, is what is."""

from __future__ import annotations

from random import Random

import pytest
from exact_deltas.known import (
    TPCDS,
    TPCH,
    law_in_lake,
    law_in_memory,
    with_ties_broken,
    without_limit,
)

# Of each kind of query some: CTEs used twice, windows over groups, ROLLUP, EXISTS, set operations,
# CASE over aggregates, outer joins, subqueries in the select list.
SOME = (1, 2, 5, 9, 10, 16, 22, 35, 38, 44, 47, 51, 64, 67, 70, 87, 97)
ALL_FULL = {6, 11, 14, 17, 19}  # sums over everything, or compared with one
SEED = 2


@pytest.fixture(scope="module")
def tpch(engine):
    law = law_in_lake(engine, TPCH, 0.003, Random(SEED))
    yield law
    assert law.left_over() == []
    law.close()


@pytest.fixture(scope="module")
def tpcds():
    law = law_in_memory(TPCDS, 0.01, Random(SEED))
    yield law
    assert law.left_over() == []
    law.close()


@pytest.mark.parametrize(("number", "query"), TPCH.queries().items())
def test_tpch_is_followed_without_all_rows_where_it_has_groups(tpch, number, query):
    verdict = tpch.check(without_limit(query))
    assert not verdict.skipped
    assert not verdict.wrong
    assert not verdict.full or number in ALL_FULL


@pytest.mark.parametrize("number", [2, 3, 10, 18, 21])
def test_tpch_with_its_limits_is_exact(tpch, number):
    query = TPCH.queries()[number]
    columns = len(tpch.new.execute(f"DESCRIBE {query}").fetchall())
    assert not tpch.check(with_ties_broken(query, columns)).wrong


@pytest.mark.parametrize("number", SOME)
def test_tpcds_is_exact(tpcds, number):
    verdict = tpcds.check(without_limit(TPCDS.queries()[number]))
    assert not verdict.skipped
    assert not verdict.wrong

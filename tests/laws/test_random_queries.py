"""Random queries over random tables that change at random: what was, and the delta, is what is."""

from __future__ import annotations

import pytest
from exact_deltas.hunt import Tally, try_seed

IN_MEMORY, IN_LAKE = range(13), range(100, 102)


def test_old_rows_and_delta_are_the_new_rows():
    """And most queries have rows that change, and most changes are found without all rows."""
    tally = Tally()
    broken = [str(one) for seed in IN_MEMORY for one in try_seed(None, seed, tally)]
    assert not "\n".join(broken)
    assert tally.queries >= 100
    assert tally.with_change >= tally.queries // 4
    assert tally.cheap_with_change >= tally.with_change // 2
    used = {"LINEAR", "TELESCOPED", "TOUCHED_KEYS", "ONE_GROUP", "WINDOW_MOVED"}
    assert used <= set(tally.strategies)


@pytest.mark.parametrize("seed", IN_LAKE)
def test_old_rows_and_delta_are_the_new_rows_of_a_lake(engine, seed):
    assert not "\n".join(map(str, try_seed(engine, seed, Tally(), queries=5)))

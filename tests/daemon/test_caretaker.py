"""Upkeep that cannot be carried out holds nothing up."""

from __future__ import annotations

import errno
import os

import pytest

from mlview.daemon.events import Finished, Tended, Troubled

SUMS = "SELECT g, sum(x) AS s FROM t GROUP BY g"


@pytest.fixture
def tending(db, monkeypatch):
    """Whoever tends finds the disk full, for the first two times."""
    carry_out, tried = db.services.tending.carry_out, []

    def full_at_first(step, now):
        tried.append(now)
        if len(tried) <= 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return carry_out(step, now)

    monkeypatch.setattr(db.services.tending, "carry_out", full_at_first)
    return tried


def test_upkeep_that_fails_is_told_and_tried_again_after_a_rest(db, keeper_with_upkeep, tending):
    db.sql(f"CREATE MATERIALIZED VIEW v TARGET_LAG '1 hour' AS {SUMS}")
    for k in range(3):
        db.sql("INSERT INTO t VALUES (?, 0, 7)", [100 + k])
        keeper_with_upkeep.hours(2)
    told = keeper_with_upkeep.told
    assert [event.error.errno for event in told(Troubled)] == [errno.ENOSPC] * 2
    assert (tending[1] - tending[0]).total_seconds() >= 60
    assert len(told(Tended)) == len(tending) - 2 >= 1
    assert len(told(Finished)) == 3

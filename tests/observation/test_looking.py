"""What a look remembers: answers, and no failures that pass."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlview.errors import (
    BindProblem,
    DiskFull,
    LakeProblem,
    LockTimeout,
    UnknownName,
    WriteConflict,
)
from mlview.observation.looking import Deltas, passes

KEY = (1, 1, "fingerprint")
MOVES = datetime(2013, 3, 10, 12, 30, tzinfo=UTC)


def test_when_a_window_moves_is_asked_once(db):
    known, asked = Deltas(db.services.home), []

    def found():
        asked.append(KEY)

    assert [known.window(KEY, found) for _ in range(2)] == [None, None]
    assert asked == [KEY], "None is an answer"


def test_when_a_window_moves_is_asked_again_after_a_failure(db):
    known = Deltas(db.services.home)

    def locked():
        raise WriteConflict("somebody else has the lake")

    with pytest.raises(WriteConflict):
        known.window(KEY, locked)
    assert known.window(KEY, lambda: MOVES) == MOVES
    assert known.window(KEY, locked) == MOVES


@pytest.mark.parametrize(
    "error",
    [
        DiskFull("x"),
        LockTimeout("x"),
        WriteConflict("x"),
        LakeProblem("x", code="INTERRUPTED"),
        LakeProblem("x", code="OUT_OF_MEMORY"),
    ],
    ids=lambda error: error.error_code,
)
def test_what_the_machine_is_busy_with_passes(error):
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        BindProblem("x"),
        UnknownName("x"),
        LakeProblem("x", code="NO_DELTA"),
        LakeProblem("x", code="NO_SNAPSHOT"),
        LakeProblem("Could not convert string 'one' to INT32"),
    ],
    ids=lambda error: error.error_code,
)
def test_what_a_query_and_its_rows_do_is_done_again_at_every_look(error):
    assert not passes(error)

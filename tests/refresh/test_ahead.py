"""Batches are read ahead: in order, not many, and what goes wrong is told where it is asked for."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from mlview.refresh.ahead import DEPTH, WAITING_BYTES, read_ahead


def batch(number, size=1):
    return np.full(size, number, np.uint8)


def counting(limit, fetched, size=1):
    for number in range(limit):
        fetched.append(number)
        yield batch(number, size)


def threads():
    return [t for t in threading.enumerate() if t.name == "mlview reads ahead"]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_all_batches_come_in_their_order(count):
    with read_ahead(counting(count, [])) as batches:
        assert [found[0] for found in batches] == list(range(count))
        assert next(batches, None) is None
    assert not threads()


def test_a_thread_of_its_own_fetches_them():
    with read_ahead(np.array([threading.get_ident()]) for _ in range(2)) as batches:
        assert threading.get_ident() not in {int(found[0]) for found in batches}


def test_no_more_wait_than_the_depth():
    fetched = []
    with read_ahead(counting(200, fetched)) as batches:
        for taken, _ in enumerate(batches, start=1):
            # Those taken, those that wait, and the one that waits for room.
            assert len(fetched) <= taken + DEPTH + 1


def test_of_large_batches_one_waits():
    fetched = []
    with read_ahead(counting(5, fetched, WAITING_BYTES // 2 + 1)) as batches:
        for taken, _ in enumerate(batches, start=1):
            assert len(fetched) <= taken + 2


def test_who_leaves_early_stops_the_fetching_and_owns_the_source_again():
    fetched = []
    source = counting(1000, fetched)
    with read_ahead(source) as batches:
        assert next(batches)[0] == 0
    assert not threads()
    known = len(fetched)
    assert known <= DEPTH + 2
    assert next(source)[0] == known


def test_an_error_of_the_source_is_raised_after_the_batches_before_it():
    def broken():
        yield batch(1)
        raise OSError("the disk is gone")

    with read_ahead(broken()) as batches:
        assert next(batches)[0] == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(batches)
        assert list(batches) == []


def test_an_error_of_who_reads_leaves_no_thread_behind():
    def failing():
        with read_ahead(counting(1000, [])) as batches:
            raise ZeroDivisionError(next(batches))

    with pytest.raises(ZeroDivisionError):
        failing()
    assert not threads()

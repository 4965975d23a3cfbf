"""Pairing rows that fit one another, each row once."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def paired(candidates: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Pairs in which each left side has all it takes, and no right side comes twice.

    By augmenting paths (Kuhn 1955). Where a left side cannot have all, the pairs are too few.

    Args:
        candidates: left side, a right side that fits it, and how many right sides the left takes.

    >>> sorted(paired([(1, 10, 1), (1, 11, 1), (2, 10, 1)]))
    [(1, 11), (2, 10)]
    """
    fits: dict[int, list[int]] = defaultdict(list)
    copies: dict[int, int] = {}
    for left, right, wanted in candidates:
        fits[left].append(right)
        copies[left] = wanted
    taken: dict[int, int] = {}
    units = (left for left, wanted in copies.items() for _ in range(wanted))
    for left in units:
        if not _gives_one_more(left, fits, taken):
            break
    return [(left, right) for right, left in taken.items()]


def _gives_one_more(start: int, fits: dict[int, list[int]], taken: dict[int, int]) -> bool:
    """Find one more right side for `start`; others move along a shortest path if need be."""
    reached_from: dict[int, int] = {}
    lost_by: dict[int, int] = {}
    waiting = [start]
    for left in waiting:
        for right in fits[left]:
            if right in reached_from:
                continue
            reached_from[right] = left
            if right not in taken:
                _move(right, start, reached_from, lost_by, taken)
                return True
            holder = taken[right]
            if holder != start and holder not in lost_by:
                lost_by[holder] = right
                waiting.append(holder)
    return False


def _move(
    free: int,
    start: int,
    reached_from: dict[int, int],
    lost_by: dict[int, int],
    taken: dict[int, int],
) -> None:
    """Along the path, each left side takes the right side it reached for the one it loses."""
    right = free
    while (left := reached_from[right]) != start:
        taken[right] = left
        right = lost_by[left]
    taken[right] = start

"""The last answers of something slow, for several threads."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

_V = TypeVar("_V")


class Remembered(Generic[_V]):
    """Answers by what was asked; the one not asked for longest goes first.

    >>> squares: Remembered[int] = Remembered(limit=1)
    >>> squares.put(3, 9)
    >>> squares.get(3), squares.get(4)
    (9, None)
    """

    def __init__(self, limit: int = 4096) -> None:
        self._answers: OrderedDict[Hashable, _V] = OrderedDict()
        self._limit = limit
        self._lock = Lock()

    def get(self, key: Hashable) -> _V | None:
        """The answer, or None if it is not known."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Hashable, answer: _V) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[key] = answer
            if len(self._answers) > self._limit:
                self._answers.popitem(last=False)

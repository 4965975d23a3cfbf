"""Reading ahead: the next batches are fetched while the last one is worked on."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from threading import Condition, Thread
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 4
"""Batches that may wait."""

WAITING_BYTES = 64 * 2**20
"""Bytes that may wait, beside one batch of any size."""


class Batch(Protocol):
    """Rows, and the memory they take."""

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""


B = TypeVar("B", bound=Batch)


@contextmanager
def read_ahead(batches: Iterator[B]) -> Iterator[Iterator[B]]:
    """The same batches in the same order, fetched by a thread of their own.

    What the source raises is raised where the batch was asked for. When the block is left, the
    thread ends with the batch that it is fetching, and the source is the caller's again.

    >>> import numpy as np
    >>> with read_ahead(iter([np.arange(2), np.arange(3)])) as fetched:
    ...     [len(batch) for batch in fetched]
    [2, 3]
    """
    ahead = _Ahead(batches)
    ahead.start()
    try:
        yield ahead
    finally:
        ahead.stop()


class _Ahead(Generic[B]):
    """The batches that wait, and whether more will come."""

    def __init__(self, batches: Iterator[B]) -> None:
        self._batches = batches
        self._waiting: deque[B] = deque()
        self._bytes = 0
        self._changed = Condition()
        self._wanted, self._ended = True, False
        self._problem: BaseException | None = None
        self._thread = Thread(target=self._fetch, name="mlview reads ahead", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._wanted = False
            self._changed.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[B]:
        return self

    def __next__(self) -> B:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if self._waiting:
                batch = self._waiting.popleft()
                self._bytes -= batch.nbytes
                self._changed.notify_all()
                return batch
            problem, self._problem = self._problem, None
        if problem is not None:
            raise problem
        raise StopIteration

    def _fetch(self) -> None:
        try:
            for batch in self._batches:
                if not self._put(batch):
                    break
        except BaseException as raised:  # noqa: BLE001 - raised where the batch was asked for
            self._problem = raised
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _put(self, batch: B) -> bool:
        """Let a batch wait once there is room; False if nobody wants it any more."""
        size = batch.nbytes
        with self._changed:
            self._changed.wait_for(lambda: not self._wanted or self._has_room(size))
            self._waiting.append(batch)
            self._bytes += size
            self._changed.notify_all()
            return self._wanted

    def _has_room(self, size: int) -> bool:
        waiting = len(self._waiting)
        return not waiting or (waiting < DEPTH and self._bytes + size <= WAITING_BYTES)

"""How many threads an estimator may use: a result must not depend on a busy machine."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from threadpoolctl import ThreadpoolController

SMALL = 500_000
"""Rows times columns up to which one thread is faster: OpenMP threads wait for each other at
every step, which costs more than the work, and very much more where the cores are shared."""


_BRING_THEIR_OWN = ("lightgbm", "xgboost")


def threads_for(rows: int, columns: int, *, alone: bool = False) -> AbstractContextManager[Any]:
    """One thread for small data, or where `alone` says that sums must not be split."""
    if not alone and rows * columns > SMALL:
        return nullcontext()
    loaded = tuple(package for package in _BRING_THEIR_OWN if package in sys.modules)
    limited: AbstractContextManager[Any] = _controller(loaded).limit(limits=1)
    return limited


def one_thread() -> AbstractContextManager[Any]:
    """One thread, whatever the size."""
    return threads_for(0, 0, alone=True)


@lru_cache(maxsize=4)
def _controller(loaded: tuple[str, ...]) -> ThreadpoolController:
    """The thread pools of this process, looked for anew when a package brought its own."""
    del loaded
    import sklearn.ensemble  # noqa: F401, PLC0415 - loads the pools that are to be limited

    return ThreadpoolController()

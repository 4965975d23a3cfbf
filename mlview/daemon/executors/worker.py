"""The life of a worker process: open the database, refresh, say how it went."""

from __future__ import annotations

import faulthandler
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mlview import learners
from mlview.clock import SystemClock
from mlview.daemon.executors.abandoning import abandon_on_sigterm
from mlview.daemon.executors.carrying import refreshing, told
from mlview.daemon.executors.causes import stopped
from mlview.daemon.executors.confining import confine
from mlview.daemon.executors.orders import Said
from mlview.session.services import Services
from mlview.storage.home import Home

if TYPE_CHECKING:
    from mlview.daemon.executors.orders import Order

_SOON_NEEDED = (
    "narwhals._pandas_like.dataframe",
    "narwhals._pandas_like.namespace",
    "pandas",
    "pyarrow.dataset",
    "skops.io",
    "sklearn.ensemble",
    "sklearn.linear_model",
)
"""What a refresh would import, some of it deep inside other libraries."""


def preload() -> None:
    """Import everything that most refreshes need, so that forked workers need not."""
    for module in _SOON_NEEDED:
        with suppress(ImportError):  # then a worker that needs it will say so
            import_module(module)
    for name in learners.__all__:
        getattr(learners, name)


def work_on(order: Order) -> Said:
    """Carry out an order in this process, which does nothing else before or after."""
    faulthandler.enable()
    abandon_on_sigterm()
    confine(order.limits)
    try:
        error = _refresh(order)
    except KeyboardInterrupt:
        return stopped(order.work)
    return Said() if error is None else Said(*error)


def _refresh(order: Order) -> tuple[str, str] | None:
    try:
        sys.path[:] = order.python_path
        for name, factory in order.methods.items():
            learners.register(name, factory)
        home = Home.open(Path(order.path), clock=SystemClock(), lock_timeout=order.lock_timeout)
    except Exception as error:  # noqa: BLE001 - it is told to the daemon
        return told(order.work, error)
    try:
        return refreshing(Services.of(home).refresher, order.work)
    finally:
        home.close()

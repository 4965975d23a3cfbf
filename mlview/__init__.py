"""A machine-learning model as a materialized view over its training data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.lazily import names_from
from mlview.version import __version__

if TYPE_CHECKING:
    from mlview.clock import ManualClock, SystemClock
    from mlview.daemon import Daemon
    from mlview.errors import MlviewError
    from mlview.learners import register
    from mlview.session import Cursor, Database, Expect, Require, Result, connect, restore

# Heavy packages load when a name is first used, so that importing mlview costs nothing.
_HOMES = {
    "connect": "mlview.session",
    "Cursor": "mlview.session",
    "Daemon": "mlview.daemon",
    "Database": "mlview.session",
    "Expect": "mlview.session",
    "MlviewError": "mlview.errors",
    "Require": "mlview.session",
    "Result": "mlview.session",
    "restore": "mlview.session",
    "register": "mlview.learners",
    "ManualClock": "mlview.clock",
    "SystemClock": "mlview.clock",
}

__all__ = [
    "Cursor",
    "Daemon",
    "Database",
    "Expect",
    "ManualClock",
    "MlviewError",
    "Require",
    "Result",
    "SystemClock",
    "__version__",
    "connect",
    "register",
    "restore",
]

__getattr__ = names_from(__name__, _HOMES)

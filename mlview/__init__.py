"""A machine-learning model as a materialized view over its training data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mlview.clock import ManualClock, SystemClock
    from mlview.learners import register
    from mlview.session import Cursor, Database, Expect, Require, Result, connect, restore

# Heavy packages load when a name is first used, so that importing mlview costs nothing.
_HOMES = {
    "connect": "mlview.session",
    "Cursor": "mlview.session",
    "Database": "mlview.session",
    "Expect": "mlview.session",
    "Require": "mlview.session",
    "Result": "mlview.session",
    "restore": "mlview.session",
    "register": "mlview.learners",
    "ManualClock": "mlview.clock",
    "SystemClock": "mlview.clock",
}

__all__ = [
    "Cursor",
    "Database",
    "Expect",
    "ManualClock",
    "Require",
    "Result",
    "SystemClock",
    "__version__",
    "connect",
    "register",
    "restore",
]


def __getattr__(name: str) -> Any:
    """Load what was asked for."""
    if name not in _HOMES:
        msg = f"module 'mlview' has no attribute '{name}'"
        raise AttributeError(msg)
    from importlib import import_module  # noqa: PLC0415 - only where it is needed

    return getattr(import_module(_HOMES[name]), name)

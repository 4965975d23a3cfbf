"""The Python door: connect, run statements, look at models."""

from mlview.session.connecting import connect, restore
from mlview.session.cursor import Cursor
from mlview.session.database import Database
from mlview.session.handles import MaterializedViewHandle, ModelHandle
from mlview.session.result import Result
from mlview.session.rules import Expect, Require

__all__ = [
    "Cursor",
    "Database",
    "Expect",
    "MaterializedViewHandle",
    "ModelHandle",
    "Require",
    "Result",
    "connect",
    "restore",
]

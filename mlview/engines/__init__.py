"""Where rows live: the lake, the store, their snapshots, and reading at one of them."""

from mlview.engines.channel import interrupt_all
from mlview.engines.connection import LakeConnection
from mlview.engines.ducklake import DuckLakeEngine
from mlview.engines.layout import Layout, create_directory, is_database
from mlview.engines.protocol import Engine
from mlview.engines.readers import SnapshotReader
from mlview.engines.results import QueryResult
from mlview.engines.settings import DEFINITION_SETTINGS
from mlview.engines.values import CommitSpan, Problem, StoredResult, UpkeepReport

__all__ = [
    "DEFINITION_SETTINGS",
    "CommitSpan",
    "DuckLakeEngine",
    "Engine",
    "LakeConnection",
    "Layout",
    "Problem",
    "QueryResult",
    "SnapshotReader",
    "StoredResult",
    "UpkeepReport",
    "create_directory",
    "interrupt_all",
    "is_database",
]

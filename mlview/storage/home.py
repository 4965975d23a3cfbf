"""Everything one database directory holds, opened together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.engines import DuckLakeEngine
from mlview.storage.artifacts import ArtifactStore
from mlview.storage.catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from mlview.clock import Clock
    from mlview.engines import Engine

CATALOG_FILE = "catalog.sqlite"
ARTIFACTS_FOLDER = "artifacts"


@dataclass(frozen=True)
class Home:
    """The lakes, the catalog and the artifacts of one directory, and the clock in force."""

    path: Path
    engine: Engine
    catalog: Catalog
    artifacts: ArtifactStore
    clock: Clock

    @classmethod
    def create(cls, path: Path, *, clock: Clock, lock_timeout: float = 60.0) -> Home:
        """Make a new database in a directory that does not exist or is empty."""
        engine = DuckLakeEngine.create(path, clock=clock, lock_timeout=lock_timeout)
        catalog = Catalog.create(path / CATALOG_FILE)
        return cls(path, engine, catalog, ArtifactStore(path / ARTIFACTS_FOLDER), clock)

    @classmethod
    def open(cls, path: Path, *, clock: Clock, lock_timeout: float = 60.0) -> Home:
        """Open an existing database.

        Raises:
            DatabaseDamaged: the directory is not a whole database.
        """
        engine = DuckLakeEngine(path, clock=clock, lock_timeout=lock_timeout)
        catalog = Catalog(path / CATALOG_FILE)
        return cls(path, engine, catalog, ArtifactStore(path / ARTIFACTS_FOLDER), clock)

    def close(self) -> None:
        """Let go of every file."""
        self.engine.close()
        self.catalog.close()

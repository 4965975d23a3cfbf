"""The catalog of one database: the door to everything the control plane keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from mlview.storage.checking import problems
from mlview.storage.copying import copy_to
from mlview.storage.database import BUSY_SECONDS
from mlview.storage.delivering import Delivering
from mlview.storage.executing import Executing
from mlview.storage.failing import Failing
from mlview.storage.heartbeats import Heartbeats
from mlview.storage.history import History
from mlview.storage.leases import Leases
from mlview.storage.lulls import Lulls
from mlview.storage.objects import Objects
from mlview.storage.opening import create_database, open_database
from mlview.storage.publishing import Publishing
from mlview.storage.rows import ObjectRow
from mlview.storage.tables import changes, meta
from mlview.storage.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Catalog", "ObjectRow"]

CATALOG_FILE = "catalog.sqlite"


class Catalog(
    Objects,
    Versions,
    Publishing,
    History,
    Executing,
    Failing,
    Delivering,
    Lulls,
    Leases,
    Heartbeats,
):
    """Objects, versions, live pointers, history, leases and daemons of one database.

    `path` is the SQLite file, or a directory with a `catalog.sqlite`. Each method is one
    transaction: a process that is killed leaves the state before it or after it. May be used
    from several threads and, each with its own `Catalog`, from several processes.

    Raises:
        DatabaseDamaged: there is no catalog at `path`, or a newer mlview wrote it.
        LockTimeout: from any method: another process kept the file locked too long.
        DiskFull, StorageProblem: from any method: the disk refused; nothing was changed.

    >>> from datetime import UTC, datetime
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from mlview.definitions import Kind, Name
    >>> now = datetime(2013, 1, 1, tzinfo=UTC)
    >>> with TemporaryDirectory() as folder, Catalog.create(Path(folder)) as catalog:
    ...     made = catalog.define(
    ...         Kind.MODEL, Name("late"), "CREATE MODEL late ...", "f1", owner=None, now=now
    ...     )
    ...     catalog.get(Name("LATE")).create_text
    'CREATE MODEL late ...'
    """

    def __init__(self, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(open_database(_file(path), busy_seconds=busy_seconds))

    @classmethod
    def create(cls, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Make the catalog if there is none yet, and open it."""
        create_database(_file(path), busy_seconds=busy_seconds).close()
        return cls(path, busy_seconds=busy_seconds)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._database.path

    def counter(self) -> int:
        """A number that grew whenever objects, versions or pointers changed: for caches."""
        with self._database.read() as connection:
            return int(connection.execute(select(changes.c.count)).scalar_one())

    def meta(self, key: str) -> str | None:
        """A text kept with the database, or None."""
        with self._database.read() as connection:
            query = select(meta.c.value).where(meta.c.key == key)
            return connection.execute(query).scalar_one_or_none()

    def metas(self, prefix: str) -> Mapping[str, str]:
        """The texts kept with the database whose keys begin so, by key."""
        query = select(meta.c.key, meta.c.value).where(
            meta.c.key.startswith(prefix, autoescape=True)
        )
        with self._database.read() as connection:
            return {row.key: row.value for row in connection.execute(query)}

    def set_meta(self, key: str, value: str) -> None:
        """Keep a text with the database."""
        row = insert(meta).values(key=key, value=value)
        with self._database.write() as connection:
            connection.execute(
                row.on_conflict_do_update(index_elements=["key"], set_={"value": value})
            )

    def backup(self, target: Path) -> None:
        """Copy one committed state to a new file while the catalog stays in use."""
        copy_to(self._database, target)

    def check(self) -> list[str]:
        """What is wrong with the catalog, a sentence each; an empty list if it is whole."""
        return problems(self._database)


def _file(path: Path) -> Path:
    return path / CATALOG_FILE if path.is_dir() else path

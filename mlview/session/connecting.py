"""Opening a database, new or old, and restoring one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlview.clock import SystemClock
from mlview.engines import is_database
from mlview.errors import UnknownName
from mlview.session.database import Database
from mlview.storage.home import Home
from mlview.upkeep.copying import restore as restore_copy

if TYPE_CHECKING:
    from mlview.clock import Clock


def connect(
    path: str | Path | None = None,
    *,
    create: bool = True,
    clock: Clock | None = None,
    lock_timeout: float = 60.0,
) -> Database:
    """Open a database, creating it if it is missing; without a path, a throwaway one.

    Args:
        path: the database's directory, by convention `name.mlv`.
        create: make a missing database; otherwise it is an error.
        clock: where the time comes from; the machine's own, if none is given.
        lock_timeout: seconds to wait for another writer.

    Raises:
        DatabaseDamaged: the directory is not a whole database.
        UnknownName: there is none, and `create` is False.
    """
    clock = clock or SystemClock()
    if path is None:
        directory = Path(tempfile.mkdtemp(prefix="mlview-"))
        home = Home.create(directory / "throwaway.mlv", clock=clock, lock_timeout=lock_timeout)
        return Database(home, throwaway=True)
    place = Path(path).expanduser()
    if is_database(place):
        # The process may change its working directory meanwhile.
        return Database(Home.open(place.absolute(), clock=clock, lock_timeout=lock_timeout))
    if not create and not place.exists():
        raise UnknownName(
            f"there is no database at {place}", name=str(place), hint=f"mlview init {place}"
        )
    return Database(Home.create(place.absolute(), clock=clock, lock_timeout=lock_timeout))


def restore(source: str | Path, target: str | Path) -> None:
    """Copy a backup to a new directory, ready to be opened."""
    restore_copy(Path(source).expanduser(), Path(target).expanduser())

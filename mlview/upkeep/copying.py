"""Backing up a live database, and bringing a backup back."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlview.engines import is_database
from mlview.errors import DatabaseDamaged, StorageProblem
from mlview.storage.artifacts import ArtifactStore
from mlview.storage.home import ARTIFACTS_FOLDER, CATALOG_FILE

if TYPE_CHECKING:
    from mlview.storage.home import Home


def backup(home: Home, target: Path) -> int:
    """Copy a live database to a new directory, which can be opened as it is; bytes copied.

    The catalog is copied first: everything it names was there before it named it.

    Raises:
        StorageProblem: the target holds something, or cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder) / CATALOG_FILE
        home.catalog.backup(catalog)
        home.engine.backup(target)
        try:
            artifacts = ArtifactStore(target / ARTIFACTS_FOLDER)
            for digest in sorted(home.catalog.artifact_digests()):
                if home.artifacts.exists(digest):
                    artifacts.put(*home.artifacts.get(digest))
            shutil.copy2(catalog, target / CATALOG_FILE)
        except OSError as error:
            raise StorageProblem(
                f"cannot write the backup to {target}: {error.strerror}",
                hint="free some space or choose another path, then run it again",
            ) from error
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def restore(source: Path, target: Path) -> int:
    """Copy a backup to a new directory; bytes copied.

    Raises:
        DatabaseDamaged: the source is no database.
        StorageProblem: the target exists already.
    """
    if not is_database(source):
        raise DatabaseDamaged(
            f"{source} is not a backup of a database", hint="give the directory that backup wrote"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise StorageProblem(
            f"{target} exists already", hint="restore to a new path, then move it into place"
        )
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise StorageProblem(
            f"cannot copy {source} to {target}: {error}", hint="check the space that is left"
        ) from error
    return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())

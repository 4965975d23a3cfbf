"""Where everything lives in the directory of a database."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlview.errors import DatabaseDamaged, StorageProblem

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a database directory."""

    root: Path

    @property
    def marker(self) -> Path:
        """Says that this is a database, in which format, and which one."""
        return self.root / "mlview.json"

    @property
    def spill(self) -> Path:
        """Where DuckDB puts what does not fit into memory."""
        return self.root / "spill"

    def catalog(self, lake: str) -> Path:
        """The SQLite catalog of `lake` or `store`."""
        return self.root / f"{lake}.sqlite"

    def data(self, lake: str) -> Path:
        """The Parquet files of `lake` or `store`."""
        return self.root / lake

    def lock(self, lake: str) -> Path:
        """The write lock of `lake` or `store`."""
        return self.root / ("write.lock" if lake == "lake" else "store.lock")


def create_directory(path: Path) -> None:
    """Make `path` the directory of a new, empty database.

    Raises:
        StorageProblem: if it holds anything already, or cannot be written.
    """
    layout = Layout(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise StorageProblem(
                f"expected a new or empty directory, found files in {path}",
                name=str(path),
                hint="choose another path, or open it if it is a database",
            )
        for lake in ("lake", "store"):
            layout.data(lake).mkdir()
        partial = layout.marker.with_suffix(".partial")
        partial.write_text(json.dumps({"format": FORMAT, "id": str(uuid.uuid4())}) + "\n")
        partial.replace(layout.marker)
    except OSError as error:
        raise StorageProblem(
            f"cannot create a database in {path}: {error.strerror}",
            name=str(path),
            hint="check that the directory exists and may be written",
        ) from error


def is_database(path: Path) -> bool:
    """Whether a directory says of itself that it is a database, whole or not."""
    return Layout(path).marker.exists()


def check_directory(path: Path) -> None:
    """Raise unless `path` is the whole directory of a database that may be written.

    Raises:
        DatabaseDamaged: it is not a database, has another format, or a part is missing.
        StorageProblem: it may not be written.
    """
    layout = Layout(path)
    _check_marker(layout)
    for lake in ("lake", "store"):
        for part in (layout.catalog(lake), layout.data(lake)):
            _check_part(path, part)


def _check_marker(layout: Layout) -> None:
    try:
        found = json.loads(layout.marker.read_text())["format"]
    except FileNotFoundError as error:
        raise DatabaseDamaged(
            f"expected an mlview database, found no {layout.marker.name} in {layout.root}",
            name=str(layout.root),
            hint="check the path, or create one: mlview init PATH",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatabaseDamaged(
            f"{layout.marker} cannot be read: {error}",
            name=str(layout.root),
            hint="restore it from a backup: mlview restore",
        ) from error
    if found != FORMAT:
        raise DatabaseDamaged(
            f"expected database format {FORMAT}, found {found}",
            name=str(layout.root),
            hint="open it with the version of mlview that made it",
        )


def _check_part(root: Path, part: Path) -> None:
    if not part.exists():
        raise DatabaseDamaged(
            f"{part.name} is missing from the database {root}",
            name=str(root),
            hint="restore it from a backup: mlview restore",
        )
    if not os.access(part, os.W_OK):
        raise StorageProblem(
            f"{part} may not be written",
            name=str(root),
            hint=f"give this user write permission: chmod -R u+w {root}",
        )

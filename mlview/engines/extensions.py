"""Finding DuckDB's own signed extensions in their wheels, so that nothing is downloaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from mlview.errors import StorageProblem

NEEDED = ("sqlite_scanner", "ducklake")

# DuckDB hashes a whole binary to check its signature, for 0.1 s: once in a process is enough.
_checked: set[tuple[Path, int, int, int]] = set()


def checked_before(version: str = duckdb.__version__) -> bool:
    """Whether DuckDB has checked the signatures of these very files in this process already.

    An instance may then be made with `allow_unsigned_extensions`, which `load_extensions` takes
    from it again: no running instance can be given it.
    """
    paths = [extension_path(name, version) for name in NEEDED]
    return all(path is not None and _identity(path) in _checked for path in paths)


def _identity(path: Path) -> tuple[Path, int, int, int]:
    found = path.stat()
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def extension_path(name: str, version: str) -> Path | None:
    """The extension's binary for this DuckDB version, if its wheel is installed."""
    spec = find_spec(f"duckdb_extension_{name}")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, "extensions", f"v{version}", f"{name}.duckdb_extension")
        if path.is_file():
            return path
    return None


def load_extensions(
    connection: duckdb.DuckDBPyConnection, version: str = duckdb.__version__
) -> None:
    """Load what a lake needs: from the wheels where they match, else from DuckDB's repository.

    Afterwards the instance loads nothing that is not signed.
    """
    for name in NEEDED:
        path = extension_path(name, version)
        try:
            if path is None:
                connection.install_extension(name)
            connection.load_extension(str(path or name))
            if path is not None:
                _checked.add(_identity(path))
        except duckdb.Error as error:
            wheel = f"duckdb-extension-{name.replace('_', '-')}"
            raise StorageProblem(
                f"DuckDB {version} cannot load its extension {name}",
                name=name,
                hint=f"install the matching wheel: pip install {wheel}=={version}",
            ) from error
    connection.execute("SET GLOBAL allow_unsigned_extensions = false")

"""Finding DuckDB's own signed extensions in their wheels, so that nothing is downloaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from mlview.errors import StorageProblem

NEEDED = ("sqlite_scanner", "ducklake")


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
    """Load what a lake needs: from the wheels where they match, else from DuckDB's repository."""
    for name in NEEDED:
        path = extension_path(name, version)
        try:
            if path is None:
                connection.install_extension(name)
            connection.load_extension(str(path or name))
        except duckdb.Error as error:
            wheel = f"duckdb-extension-{name.replace('_', '-')}"
            raise StorageProblem(
                f"DuckDB {version} cannot load its extension {name}",
                name=name,
                hint=f"install the matching wheel: pip install {wheel}=={version}",
            ) from error

"""Copying a live database, and checking that its files are what its catalogs say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from mlview.engines import catalog_file
from mlview.engines.layout import Layout
from mlview.engines.values import Problem
from mlview.errors import StorageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlview.engines.metadata import Metadata

_FILES = (
    "SELECT s.path AS sp, s.path_is_relative AS sr, t.path AS tp, t.path_is_relative AS tr, "
    "f.path AS fp, f.path_is_relative AS fr, f.file_size_bytes AS size FROM {files} f "
    "JOIN (SELECT table_id, schema_id, path, path_is_relative, max(begin_snapshot) "
    "FROM ducklake_table GROUP BY table_id) t ON t.table_id = f.table_id "
    "JOIN (SELECT schema_id, path, path_is_relative, max(begin_snapshot) "
    "FROM ducklake_schema GROUP BY schema_id) s ON s.schema_id = t.schema_id"
)


def copy_database(layout: Layout, target: Path) -> None:
    """Copy marker, catalogs and data files to a new directory; writers must be kept out.

    Catalogs are copied first: a data file is never changed once a catalog names it.
    """
    copy = Layout(target.absolute())
    if target.exists() and any(target.iterdir()):
        raise StorageProblem(
            f"expected a new or empty directory, found files in {target}",
            name=str(target),
            hint="choose another path for the backup",
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        for lake in ("lake", "store"):
            _run("copy", str(layout.catalog(lake)), str(copy.catalog(lake)))
        for lake in ("lake", "store"):
            shutil.copytree(layout.data(lake), copy.data(lake))
        # The marker comes last: a copy that was cut short is no database.
        shutil.copy2(layout.marker, copy.marker)
    except OSError as error:
        raise StorageProblem(
            f"cannot write the backup to {target}: {error.strerror or error}",
            name=str(target),
            hint="free some space or choose another path, then run it again",
        ) from error


def check_database(layout: Layout, metadata: Mapping[str, Metadata]) -> list[Problem]:
    """Everything that is wrong: damaged catalogs, data files that are missing or cut short."""
    problems: list[Problem] = []
    for lake, catalog in metadata.items():
        verdict = _run("check", str(layout.catalog(lake)))
        if verdict != "ok":
            problems.append(
                Problem(
                    str(layout.catalog(lake)),
                    f"the catalog is damaged: {verdict}",
                    "restore it from a backup: mlview restore",
                )
            )
            continue
        for table in ("ducklake_data_file", "ducklake_delete_file"):
            problems += _check_files(layout.data(lake), catalog, table)
    return problems


def _check_files(data: Path, catalog: Metadata, table: str) -> list[Problem]:
    hint = "restore it from a backup: mlview restore"
    problems = []
    for sp, sr, tp, tr, fp, fr, size in catalog.query(_FILES.format(files=table)):
        path = _resolved(_resolved(_resolved(data, sp, sr), tp, tr), fp, fr)
        if not path.exists():
            problems.append(Problem(str(path), "a data file is missing", hint))
        elif path.stat().st_size != int(size):
            found = path.stat().st_size
            problems.append(Problem(str(path), f"expected {size} bytes, found {found}", hint))
    return problems


def _resolved(base: Path, path: str, is_relative: str) -> Path:
    return base / path if is_relative == "1" else type(base)(path)


def _run(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own file, and paths as arguments
        [sys.executable, "-I", "-S", catalog_file.__file__, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        if arguments[0] == "check":
            return done.stderr
        raise StorageProblem(
            f"cannot {arguments[0]} the catalog {arguments[1]}: {done.stderr}",
            name=arguments[1],
            hint="check it: mlview doctor",
        )
    return done.stdout

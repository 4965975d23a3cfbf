"""Opening DuckDB with the lake, the store or the bare catalogs attached."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING

import duckdb

from mlview.definitions import literal
from mlview.engines.allotment import allotted
from mlview.engines.extensions import checked_before, load_extensions
from mlview.engines.translate import is_transient, translated

if TYPE_CHECKING:
    from pathlib import Path

    from mlview.engines.frozen import Frozen
    from mlview.engines.layout import Layout

BUSY_MILLISECONDS = 10_000
_ATTEMPTS = 40
_DISABLED = (
    # After a column's type changed, DuckLake fails on the filters that joins push into its scans.
    "join_filter_pushdown",
    # After files were rewritten, the bounds of a column are those of the newest state: groups of an
    # earlier one that lie outside of them come out as other values.
    "statistics_propagation",
)


def open_instance(layout: Layout) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with the extensions loaded, spilling into the database's directory."""
    spill = layout.spill / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    connection = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": "false",
            "temp_directory": str(spill),
            **({"allow_unsigned_extensions": "true"} if checked_before() else {}),
            **allotted().config(),
        },
    )
    load_extensions(connection)
    connection.execute(f"SET GLOBAL disabled_optimizers = '{','.join(_DISABLED)}'")
    return connection


def attach(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    lake: str,
    *,
    read_only: bool = False,
    snapshot_id: int | None = None,
    create: bool = False,
    inline: bool = True,
    frozen: Frozen | None = None,
) -> None:
    """Attach `lake` or `store` under its own name; where it was made does not matter.

    A `frozen` catalog is read instead of the live one.

    Without `inline` no rows are written into the catalog, only into files: DuckLake loses quotes in
    the text fields of a STRUCT there, and cannot read its dates and special floats back.
    """
    options = [
        f"DATA_PATH {literal(f'{layout.data(lake)}{os.sep}')}",
        "OVERRIDE_DATA_PATH true",
        f"CREATE_IF_NOT_EXISTS {str(create).lower()}",
        f"META_BUSY_TIMEOUT {BUSY_MILLISECONDS}",
        *(["READ_ONLY"] if read_only else ["META_JOURNAL_MODE 'WAL'"]),
        *([] if snapshot_id is None else [f"SNAPSHOT_VERSION {snapshot_id}"]),
        *([] if inline else ["DATA_INLINING_ROW_LIMIT 0"]),
    ]
    catalog = layout.catalog(lake) if frozen is None else frozen.path
    source = literal(f"ducklake:sqlite:{catalog}")
    _patiently(connection, f"ATTACH {source} AS {lake} ({', '.join(options)})")


def attach_catalog(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, read_only: bool = True
) -> None:
    """Attach the SQLite file of a lake itself, to read what DuckLake keeps there."""
    mode = ", READ_ONLY" if read_only else ""
    _patiently(connection, f"ATTACH {literal(str(path))} AS {name} (TYPE sqlite{mode})")


def _patiently(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Attaching meets the lock of whoever is just switching the catalog to WAL."""
    for attempt in range(_ATTEMPTS):
        try:
            connection.execute(sql)
        except duckdb.Error as error:
            if attempt + 1 == _ATTEMPTS or not is_transient(error):
                with translated():
                    raise
            time.sleep(0.05)
        else:
            return
